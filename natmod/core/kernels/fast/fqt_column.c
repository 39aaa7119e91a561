// See fqt_column.h.
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

FQT_INLINE void slide(fqt_columns_t *columns) {
    const fqt_shape_t *shape = columns->shape;
    columns->ix += shape->window.stride_width;
    if (++columns->ox == shape->out_width) {
        columns->ox = 0;
        columns->ix = -shape->window.pad_left;
        columns->iy += shape->window.stride_height;
    }
}

FQT_INLINE bool is_inside(const fqt_columns_t *columns) {
    return (uint32_t)columns->iy < columns->inside_y && (uint32_t)columns->ix < columns->inside_x;
}

FQT_INLINE const int8_t *window_start(const fqt_columns_t *columns) {
    return columns->x + columns->iy * columns->row_bytes + columns->ix * columns->shape->in_channels;
}

// The part of a window that lies inside the input: rows of neighbours.
typedef struct {
    const int8_t *from;
    int32_t rows;
    int32_t run;
    int32_t skipped; // elements of the column before it
} part_of_window_t;

FQT_INLINE part_of_window_t part_inside(const fqt_columns_t *columns, const int8_t *from) {
    const fqt_shape_t *shape = columns->shape;
    const int32_t channels = shape->in_channels;
    const fqt_taps_t taps_y = fqt_taps(columns->iy, shape->window.kernel_height, shape->in_height);
    const fqt_taps_t taps_x = fqt_taps(columns->ix, shape->window.kernel_width, shape->in_width);
    return (part_of_window_t) {from + taps_y.begin * columns->row_bytes + taps_x.begin * channels,
        taps_y.end - taps_y.begin, (taps_x.end - taps_x.begin) * channels,
        taps_y.begin * columns->run + taps_x.begin * channels};
}

#if FQT_HAS_DSP
// Rows that are read four bytes at a time.
typedef struct {
    const int8_t *from;
    int32_t row_bytes; // from one to the next
} window_t;

// A window that touches the border, or whose rows do not come in fours, is gathered first, as bytes, with the zero
// point outside and behind it: then all columns are made of words. What is read behind the input (up to three bytes)
// and written behind a row is overwritten.
FQT_LOOP void gather(const fqt_columns_t *columns, const int8_t *start, int8_t *to) {
    part_of_window_t part = part_inside(columns, start);
    const uint32_t zeros = fqt_four_bytes(columns->zero_point);
    for (int8_t *end = to + columns->elements, *at = to; at < end; at += 4) {
        fqt_store4(at, zeros);
    }
    to += part.skipped;
    for (; part.rows > 0; --part.rows, part.from += columns->row_bytes, to += columns->run) {
        const int8_t *from = part.from;
        int8_t *at = to;
        for (const int8_t *end = from + part.run; from < end; from += 4, at += 4) {
            fqt_store4(at, fqt_load4(from));
        }
        fqt_store4(to + part.run, zeros);
    }
}

// One window, centred.
static FQT_NOINLINE void put_window(
    const window_t *window, uint32_t centre, int32_t rows, int32_t run, fqt_pair_t *to) {
    const int8_t *from = window->from;
    for (; rows > 0; --rows, from += window->row_bytes - run) {
        for (const int8_t *end = from + run; from < end; from += 4, to += 2) {
            const uint32_t word = fqt_load4(from);
            to[0] = fqt_add_even_bytes(centre, word);
            to[1] = fqt_add_odd_bytes(centre, word);
        }
    }
}

// Two windows, interleaved: for eight elements two loads, four extractions with a sum, four stores.
static FQT_NOINLINE void put_two_windows(
    const window_t windows[2], uint32_t centre, int32_t rows, int32_t run, fqt_pair_t *to) {
    const int8_t *first = windows[0].from;
    const int8_t *second = windows[1].from;
    for (; rows > 0; --rows, first += windows[0].row_bytes - run, second += windows[1].row_bytes - run) {
        for (const int8_t *end = first + run; first < end; first += 4, second += 4, to += 4) {
            const uint32_t word = fqt_load4(first);
            const uint32_t next_word = fqt_load4(second);
            to[0] = fqt_add_even_bytes(centre, word);
            to[1] = fqt_add_even_bytes(centre, next_word);
            to[2] = fqt_add_odd_bytes(centre, word);
            to[3] = fqt_add_odd_bytes(centre, next_word);
        }
    }
}

// Four elements of two windows of four, centred, each element's two as a pair.
FQT_INLINE void put_four_pairs(uint32_t word, uint32_t next_word, uint32_t centre, fqt_pair_t *to) {
    uint32_t a = fqt_add_even_bytes(centre, word);
    uint32_t b = fqt_add_even_bytes(centre, next_word);
    to[0] = fqt_lower_halves(a, b);
    to[4] = fqt_upper_halves(a, b);
    a = fqt_add_odd_bytes(centre, word);
    b = fqt_add_odd_bytes(centre, next_word);
    to[2] = fqt_lower_halves(a, b);
    to[6] = fqt_upper_halves(a, b);
}

// Four windows, interleaved in plain order: for 16 elements four loads, eight extractions, packings and stores.
FQT_LOOP void put_four_windows(window_t windows[4], uint32_t centre, int32_t rows, int32_t run, fqt_pair_t *to) {
    for (; rows > 0; --rows) {
        const int8_t *const first = windows[0].from;
        const int8_t *const second = windows[1].from;
        const int8_t *const third = windows[2].from;
        const int8_t *const fourth = windows[3].from;
        for (int32_t i = 0; i < run; i += 4, to += 8) {
            put_four_pairs(fqt_load4(first + i), fqt_load4(second + i), centre, to);
            put_four_pairs(fqt_load4(third + i), fqt_load4(fourth + i), centre, to + 1);
        }
        for (window_t *window = windows; window < windows + 4; ++window) {
            window->from += window->row_bytes;
        }
    }
}

// Windows that are gathered lie so far behind the start of the columns that these reach a byte after it was read.
FQT_NOINLINE void fqt_columns_put(fqt_columns_t *columns, int32_t count, int32_t together, int16_t *column) {
    const int32_t filled = (int32_t)fqt_column_elements(columns->elements);
    const bool has_rows = columns->run % 4 == 0;
    const int32_t rows = has_rows ? columns->shape->window.kernel_height : 1;
    const int32_t run = has_rows ? columns->run : filled;
    const uint32_t centre = fqt_lower_halves((uint32_t)-columns->zero_point, (uint32_t)-columns->zero_point);
    fqt_pair_t *to = (fqt_pair_t *)(void *)column;
    int8_t *gathered = (int8_t *)column + (2 * together - 1) * filled + 4;
    window_t windows[4];
    window_t window = {0};
    int32_t p = 0;
    do {
        if (p < count) { // else the last one again
            window = (window_t) {window_start(columns), columns->row_bytes};
            if (!has_rows || !is_inside(columns)) {
                gather(columns, window.from, gathered);
                window = (window_t) {gathered, run};
                gathered += filled;
            }
            slide(columns);
        }
        windows[p] = window;
    } while (++p < together);
    if (together == 4) {
        put_four_windows(windows, centre, rows, run, to);
    } else if (together == 2) {
        put_two_windows(windows, centre, rows, run, to);
    } else {
        put_window(windows, centre, rows, run, to);
    }
}
#else
// Elements that loops take at a time (fqt_products.c).
#if FQT_VECTORS || defined(__ARM_ARCH_6M__)
#define ELEMENTS_TOGETHER (1)
#else
#define ELEMENTS_TOGETHER (4)
#endif

// A column to every `step`-th element: a tap takes a load, a subtraction and a store. A window has a tap inside.
FQT_LOOP void put_column(fqt_columns_t *columns, int16_t *column, int32_t step) {
    part_of_window_t part = {window_start(columns), columns->shape->window.kernel_height, columns->run, 0};
    int32_t elements = (int32_t)columns->elements; // that are not cleared
    int32_t cleared = -elements & (ELEMENTS_TOGETHER - 1);
    if (!is_inside(columns)) {
        part = part_inside(columns, part.from);
        cleared += elements;
        elements = 0;
    }
    for (int16_t *to = column + step * elements; cleared > 0; --cleared, to += step) {
        *to = 0;
    }
    slide(columns);
    column += step * part.skipped;
    do {
        const int8_t *x = part.from;
        const int32_t zx = columns->zero_point;
        int16_t *to = column;
        int32_t left = part.run;
#if ELEMENTS_TOGETHER > 1
        for (; left >= 4; left -= 4, x += 4, to += step) {
            int32_t value_0 = fqt_signed_byte(&x[0]);
            int32_t value_1 = fqt_signed_byte(&x[1]);
            int32_t value_2 = fqt_signed_byte(&x[2]);
            int32_t value_3 = fqt_signed_byte(&x[3]);
            FQT_TOGETHER(value_0, value_1, value_2, value_3);
            *to = (int16_t)(value_0 - zx);
            to += step;
            *to = (int16_t)(value_1 - zx);
            to += step;
            *to = (int16_t)(value_2 - zx);
            to += step;
            *to = (int16_t)(value_3 - zx);
        }
#endif
        for (; left > 0; --left, to += step) {
            *to = (int16_t)(*x++ - zx);
        }
        part.from += columns->row_bytes;
        column += step * columns->run;
    } while (--part.rows > 0);
}

void fqt_columns_put(fqt_columns_t *columns, int32_t count, int32_t together, int16_t *column) {
#if FQT_VECTORS
    (void)together;
    for (; count > 0; --count, column += columns->elements) {
        put_column(columns, column, 1);
    }
#else
    for (; count > 0; --count) {
        put_column(columns, column++, together);
    }
#endif
}
#endif
