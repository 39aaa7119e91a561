// See fqt_column.h. A tap takes a load, a subtraction and a store; windows at the border are filled with zeros first.
#include "fqt_column.h"
#include "../../base/fqt_simd.h"

void fqt_columns_begin(fqt_columns_t *columns, const fqt_pass_t *pass) {
    const fqt_shape_t *shape = &pass->shape;
    const int32_t room_y = shape->in_height - shape->window.kernel_height;
    const int32_t room_x = shape->in_width - shape->window.kernel_width;
    columns->shape = shape;
    columns->x = pass->x;
    columns->zero_point = pass->input->zero_point;
    columns->row_bytes = shape->in_width * shape->in_channels;
    columns->run = shape->window.kernel_width * shape->in_channels;
    columns->elements = pass->layer->filter_elements;
    columns->inside_y = room_y < 0 ? 0 : (uint32_t)room_y + 1;
    columns->inside_x = room_x < 0 ? 0 : (uint32_t)room_x + 1;
    fqt_columns_seek(columns, 0);
}

void fqt_columns_seek(fqt_columns_t *columns, int32_t position) {
    const fqt_shape_t *shape = columns->shape;
    const int32_t oy = position / shape->out_width;
    columns->ox = position - oy * shape->out_width;
    columns->iy = oy * shape->window.stride_height - shape->window.pad_top;
    columns->ix = columns->ox * shape->window.stride_width - shape->window.pad_left;
}

// `count` neighbours, to every `step`-th element.
FQT_INLINE void put_run(int16_t *to, const int8_t *from, int32_t count, int32_t zx, int32_t step) {
#if FQT_HAS_DSP
    for (; count >= 4; count -= 4, from += 4, to += 4 * step) {
        const uint32_t zeros = fqt_lower_halves((uint32_t)zx, (uint32_t)zx);
        const uint32_t word = fqt_load4(from);
        const uint32_t even = fqt_subtract_pair(fqt_even_bytes(word), zeros);
        const uint32_t odd = fqt_subtract_pair(fqt_odd_bytes(word), zeros);
        to[0] = (int16_t)even;
        to[step] = (int16_t)odd;
        to[2 * step] = (int16_t)(even >> 16);
        to[3 * step] = (int16_t)(odd >> 16);
    }
    if (count & 2) {
        to[0] = (int16_t)(*from++ - zx);
        to[step] = (int16_t)(*from++ - zx);
        to += 2 * step;
        count -= 2;
    }
#endif
    for (; count > 0; --count, to += step) {
        *to = (int16_t)(*from++ - zx);
    }
}

#if FQT_HAS_DSP
// The same in the order of fqt_column, for fours, to every `step`-th pair: a load, two extractions, two subtractions,
// two stores.
FQT_INLINE void put_ordered_run(int16_t *to, const int8_t *from, int32_t count, int32_t zx, int32_t step) {
    const uint32_t zeros = fqt_lower_halves((uint32_t)zx, (uint32_t)zx);
    fqt_pair_t *pair = (fqt_pair_t *)(void *)to;
    for (const int8_t *end = from + count; from < end; from += 4, pair += 2 * step) {
        const uint32_t word = fqt_load4(from);
        pair[0] = fqt_subtract_pair(fqt_even_bytes(word), zeros);
        pair[step] = fqt_subtract_pair(fqt_odd_bytes(word), zeros);
    }
}

// Bring a column to that order.
static void order(int16_t *column, uint32_t elements) {
    fqt_pair_t *pair = (fqt_pair_t *)(void *)column;
    for (fqt_pair_t *end = pair + elements / 2; pair < end; pair += 2) {
        const uint32_t first = pair[0];
        const uint32_t second = pair[1];
        pair[0] = fqt_lower_halves(first, second);
        pair[1] = fqt_upper_halves(first, second);
    }
}
#endif

FQT_INLINE void slide(fqt_columns_t *columns) {
    const fqt_shape_t *shape = columns->shape;
    columns->ix += shape->window.stride_width;
    if (++columns->ox == shape->out_width) {
        columns->ox = 0;
        columns->ix = -shape->window.pad_left;
        columns->iy += shape->window.stride_height;
    }
}

// The part of the window that lies inside the input: rows of neighbours.
typedef struct {
    const int8_t *from;
    int32_t rows;
    int32_t run;
    int32_t skipped; // elements of the column before it
    bool is_whole;
} part_of_window_t;

FQT_INLINE part_of_window_t next_window(fqt_columns_t *columns) {
    const fqt_shape_t *shape = columns->shape;
    const int32_t channels = shape->in_channels;
    const int32_t iy = columns->iy;
    const int32_t ix = columns->ix;
    part_of_window_t part = {
        columns->x + iy * columns->row_bytes + ix * channels, shape->window.kernel_height, columns->run, 0, true};
    if ((uint32_t)iy >= columns->inside_y || (uint32_t)ix >= columns->inside_x) {
        const fqt_taps_t taps_y = fqt_taps(iy, shape->window.kernel_height, shape->in_height);
        const fqt_taps_t taps_x = fqt_taps(ix, shape->window.kernel_width, shape->in_width);
        part.skipped = taps_y.begin * columns->run + taps_x.begin * channels;
        part.from += taps_y.begin * columns->row_bytes + taps_x.begin * channels;
        part.rows = taps_y.end - taps_y.begin;
        part.run = (taps_x.end - taps_x.begin) * channels;
        part.is_whole = false;
    }
    slide(columns);
    return part;
}

FQT_INLINE void clear_column(int16_t *column, int32_t count, int32_t step, bool is_ordered) {
#if FQT_HAS_DSP
    if (is_ordered) {
        fqt_pair_t *pair = (fqt_pair_t *)(void *)column;
        for (; count > 0; count -= 4, pair += 2 * step) {
            pair[0] = 0;
            pair[step] = 0;
        }
        return;
    }
#endif
    (void)is_ordered;
    for (; count > 0; --count, column += step) {
        *column = 0;
    }
}

// A column to every `step`-th element, or ordered to every `step`-th pair.
FQT_LOOP_FORWARD void put_column(fqt_columns_t *columns, int16_t *column, int32_t step, bool is_ordered) {
    part_of_window_t part = next_window(columns);
    if (!part.is_whole) {
        clear_column(column, (int32_t)columns->elements, step, is_ordered);
    }
    column += step * part.skipped;
    for (; part.rows > 0; --part.rows, part.from += columns->row_bytes, column += step * columns->run) {
#if FQT_HAS_DSP
        if (is_ordered) {
            put_ordered_run(column, part.from, part.run, columns->zero_point, step);
            continue;
        }
#endif
        put_run(column, part.from, part.run, columns->zero_point, step);
    }
}

void fqt_column(fqt_columns_t *columns, int16_t *column) {
#if FQT_HAS_DSP
    if (columns->shape->in_channels % 4 == 0) {
        put_column(columns, column, 1, true);
        return;
    }
    for (uint32_t i = columns->elements; i % 4 != 0; ++i) {
        column[i] = 0;
    }
    put_column(columns, column, 1, false);
    order(column, columns->elements);
#else
    put_column(columns, column, 1, false);
#endif
}

#if FQT_HAS_COLUMNS_OF_TWO
void fqt_column_of_two(fqt_columns_t *columns, int16_t *column) {
    put_column(columns, column, 2, FQT_HAS_DSP);
}
#endif

#if FQT_HAS_DSP
// Four elements at two of four positions, centred, each element's two as a pair.
FQT_INLINE void put_four_pairs(uint32_t word, uint32_t next_word, uint32_t zeros, fqt_pair_t *to) {
    uint32_t a = fqt_subtract_pair(fqt_even_bytes(word), zeros);
    uint32_t b = fqt_subtract_pair(fqt_even_bytes(next_word), zeros);
    to[0] = fqt_lower_halves(a, b);
    to[4] = fqt_upper_halves(a, b);
    a = fqt_subtract_pair(fqt_odd_bytes(word), zeros);
    b = fqt_subtract_pair(fqt_odd_bytes(next_word), zeros);
    to[2] = fqt_lower_halves(a, b);
    to[6] = fqt_upper_halves(a, b);
}

// A run of fours at four positions, centred and interleaved: for 16 elements four loads, eight extractions,
// subtractions, packings and stores.
FQT_LOOP void put_four_runs(const int8_t *const from[4], int32_t zx, int32_t count, int16_t *column) {
    const uint32_t zeros = fqt_lower_halves((uint32_t)zx, (uint32_t)zx);
    const int8_t *const first = from[0];
    const int8_t *const second = from[1];
    const int8_t *const third = from[2];
    const int8_t *const fourth = from[3];
    fqt_pair_t *to = (fqt_pair_t *)(void *)column;
    for (int32_t i = 0; i < count; i += 4, to += 8) {
        put_four_pairs(fqt_load4(first + i), fqt_load4(second + i), zeros, to);
        put_four_pairs(fqt_load4(third + i), fqt_load4(fourth + i), zeros, to + 1);
    }
}

// The next four columns, where runs come in fours and the four windows lie inside the input; else nothing.
static bool put_whole_columns(fqt_columns_t *columns, int16_t *column) {
    fqt_columns_t at = *columns;
    const int8_t *from[4];
    for (int32_t p = 0; p < 4; ++p) {
        if ((uint32_t)at.iy >= at.inside_y || (uint32_t)at.ix >= at.inside_x) {
            return false;
        }
        from[p] = at.x + at.iy * at.row_bytes + at.ix * at.shape->in_channels;
        slide(&at);
    }
    columns->iy = at.iy;
    columns->ix = at.ix;
    columns->ox = at.ox;
    for (int32_t rows = columns->shape->window.kernel_height; rows > 0; --rows, column += 4 * columns->run) {
        put_four_runs(from, columns->zero_point, columns->run, column);
        for (int32_t p = 0; p < 4; ++p) {
            from[p] += columns->row_bytes;
        }
    }
    return true;
}
#endif

FQT_NOINLINE void fqt_columns_of_four(fqt_columns_t *columns, int32_t count, int16_t *column) {
#if FQT_HAS_DSP
    if (count == 4 && columns->run % 4 == 0 && put_whole_columns(columns, column)) {
        return;
    }
#endif
    for (int32_t p = 0; p < count; ++p) {
#if FQT_VECTORS
        put_column(columns, column + (uint32_t)p * columns->elements, 1, false);
#else
        put_column(columns, column + p, 4, false);
#endif
    }
}
