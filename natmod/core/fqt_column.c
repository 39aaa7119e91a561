// See fqt_column.h. A tap takes a load, a subtraction and a store; windows at the border are filled with zeros first.
#include "fqt_column.h"
#include "fqt_simd.h"

void fqt_columns_begin(fqt_columns_t *columns, const fqt_shape_t *shape, const int8_t *x, int32_t zero_point) {
    const int32_t room_y = shape->in_height - shape->window.kernel_height;
    const int32_t room_x = shape->in_width - shape->window.kernel_width;
    columns->shape = shape;
    columns->x = x;
    columns->zero_point = zero_point;
    columns->row_bytes = shape->in_width * shape->in_channels;
    columns->run = shape->window.kernel_width * shape->in_channels;
    columns->elements = (uint32_t)(columns->run * shape->window.kernel_height);
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

FQT_INLINE void slide(fqt_columns_t *columns) {
    const fqt_shape_t *shape = columns->shape;
    columns->ix += shape->window.stride_width;
    if (++columns->ox == shape->out_width) {
        columns->ox = 0;
        columns->ix = -shape->window.pad_left;
        columns->iy += shape->window.stride_height;
    }
}

FQT_INLINE void put_zeros(int16_t *to, int32_t count, int32_t step) {
    for (; count > 0; --count, to += step) {
        *to = 0;
    }
}

// Pairs, every `step`-th.
FQT_INLINE void put_zero_pairs(int16_t *to, uint32_t count, int32_t step) {
    int32_t *pair = (int32_t *)(void *)to;
    for (; count > 0; count -= 2, pair += step) {
        *pair = 0;
    }
}

// `count` neighbours; step is a constant where this is inlined.
FQT_INLINE void put_run(int16_t *to, const int8_t *from, int32_t count, int32_t zx, int32_t step) {
    for (; count >= 4; count -= 4, from += 4, to += 4 * step) {
#if FQT_HAS_DSP
        const uint32_t zeros = fqt_lower_halves((uint32_t)zx, (uint32_t)zx);
        const uint32_t word = fqt_load4(from);
        const uint32_t even = fqt_subtract_pair(fqt_even_bytes(word), zeros);
        const uint32_t odd = fqt_subtract_pair(fqt_odd_bytes(word), zeros);
        to[0] = (int16_t)even;
        to[step] = (int16_t)odd;
        to[2 * step] = (int16_t)(even >> 16);
        to[3 * step] = (int16_t)(odd >> 16);
#else
        to[0] = (int16_t)(from[0] - zx);
        to[step] = (int16_t)(from[1] - zx);
        to[2 * step] = (int16_t)(from[2] - zx);
        to[3 * step] = (int16_t)(from[3] - zx);
#endif
    }
    if (count & 2) {
        to[0] = (int16_t)(from[0] - zx);
        to[step] = (int16_t)(from[1] - zx);
        from += 2;
        to += 2 * step;
    }
    if (count & 1) {
        to[0] = (int16_t)(from[0] - zx);
    }
}

#if FQT_HAS_DSP
// The same in the order of fqt_column, for fours: a load, two extractions, two subtractions, two stores. step: of pairs.
FQT_INLINE void put_ordered_run(int16_t *to, const int8_t *from, int32_t count, int32_t zx, int32_t step) {
    const uint32_t zeros = fqt_lower_halves((uint32_t)zx, (uint32_t)zx);
    uint32_t *pair = (uint32_t *)(void *)to;
    for (const int8_t *end = from + count; from < end; from += 4, pair += 2 * step) {
        const uint32_t word = fqt_load4(from);
        pair[0] = fqt_subtract_pair(fqt_even_bytes(word), zeros);
        pair[step] = fqt_subtract_pair(fqt_odd_bytes(word), zeros);
    }
}

// Bring a column to that order.
FQT_INLINE void order(int16_t *column, uint32_t elements) {
    uint32_t *pair = (uint32_t *)(void *)column;
    for (uint32_t *end = pair + elements / 2; pair < end; pair += 2) {
        const uint32_t first = pair[0];
        const uint32_t second = pair[1];
        pair[0] = fqt_lower_halves(first, second);
        pair[1] = fqt_upper_halves(first, second);
    }
}
#endif

// The window's rows, each a run of the input.
FQT_INLINE void put_runs(fqt_columns_t *columns, int16_t *column, int32_t step, bool is_ordered) {
    const fqt_shape_t *shape = columns->shape;
    int32_t iy = columns->iy;
    int32_t ix = columns->ix;
    const int32_t channels = shape->in_channels;
    int32_t run = columns->run;
    int32_t rows = shape->window.kernel_height;
    if ((uint32_t)iy >= columns->inside_y || (uint32_t)ix >= columns->inside_x) {
        if (is_ordered) {
            put_zero_pairs(column, columns->elements, step);
        } else {
            put_zeros(column, (int32_t)columns->elements, step);
        }
        const fqt_taps_t taps_y = fqt_taps(iy, rows, shape->in_height);
        const fqt_taps_t taps_x = fqt_taps(ix, shape->window.kernel_width, shape->in_width);
        column += step * (taps_y.begin * run + taps_x.begin * channels);
        iy += taps_y.begin;
        ix += taps_x.begin;
        rows = taps_y.end - taps_y.begin;
        run = (taps_x.end - taps_x.begin) * channels;
    }
    const int8_t *from = columns->x + iy * columns->row_bytes + ix * channels;
    for (; rows > 0; --rows, from += columns->row_bytes, column += step * columns->run) {
#if FQT_HAS_DSP
        if (is_ordered) {
            put_ordered_run(column, from, run, columns->zero_point, step);
            continue;
        }
#endif
        put_run(column, from, run, columns->zero_point, step);
    }
    slide(columns);
}

FQT_HOT void fqt_column(fqt_columns_t *columns, int16_t *column) {
#if FQT_HAS_DSP
    if (columns->shape->in_channels % 4 == 0) {
        put_runs(columns, column, 1, true);
        return;
    }
    const uint32_t elements = fqt_column_elements(columns->elements);
    put_zeros(column + columns->elements, (int32_t)(elements - columns->elements), 1);
    put_runs(columns, column, 1, false);
    order(column, elements);
#else
    put_runs(columns, column, 1, false);
#endif
}

#if FQT_HAS_DSP
FQT_HOT void fqt_column_of_two(fqt_columns_t *columns, int16_t *column) {
    put_runs(columns, column, 2, true);
}
#endif

FQT_HOT void fqt_column_of_four(fqt_columns_t *columns, int16_t *column) {
    put_runs(columns, column, 4, false);
}
