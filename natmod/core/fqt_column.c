// See fqt_column.h. A tap takes a load, a subtraction and a store; windows at the border also fill with zeros.
#include "fqt_column.h"
#include "fqt_simd.h"

FQT_INLINE int16_t *put_zeros(int16_t *to, int32_t count, int32_t step) {
    for (; count > 0; --count, to += step) {
        *to = 0;
    }
    return to;
}

// `count` neighbours; step is a constant where this is inlined.
FQT_INLINE int16_t *put_run(int16_t *to, const int8_t *from, int32_t count, int32_t zx, int32_t step) {
    const int8_t *end = from + count;
    for (; from + 3 < end; from += 4, to += 4 * step) {
        to[0] = (int16_t)(from[0] - zx);
        to[step] = (int16_t)(from[1] - zx);
        to[2 * step] = (int16_t)(from[2] - zx);
        to[3 * step] = (int16_t)(from[3] - zx);
    }
    for (; from < end; ++from, to += step) {
        *to = (int16_t)(*from - zx);
    }
    return to;
}

#if FQT_HAS_DSP
// The same in the order of fqt_column_is_ordered, for fours: a load, two extractions, two subtractions, two stores.
FQT_INLINE int16_t *put_ordered_run(int16_t *to, const int8_t *from, int32_t count, int32_t zx) {
    const uint32_t zeros = fqt_lower_halves((uint32_t)zx, (uint32_t)zx);
    uint32_t *pair = (uint32_t *)(void *)to;
    for (const int8_t *end = from + count; from < end; from += 4, pair += 2) {
        const uint32_t word = fqt_load4(from);
        pair[0] = fqt_subtract_pair(fqt_even_bytes(word), zeros);
        pair[1] = fqt_subtract_pair(fqt_odd_bytes(word), zeros);
    }
    return (int16_t *)(void *)pair;
}
#endif

FQT_INLINE int16_t *put_neighbours(
    int16_t *to, const int8_t *from, int32_t count, int32_t zx, int32_t step, bool is_ordered) {
#if FQT_HAS_DSP
    if (is_ordered) {
        return put_ordered_run(to, from, count, zx);
    }
#endif
    (void)is_ordered;
    return put_run(to, from, count, zx, step);
}

FQT_INLINE void make_column(const fqt_shape_t *shape, const int8_t *x, int32_t zx, int32_t oy, int32_t ox, int32_t step,
    int16_t *column, bool is_ordered) {
    const int32_t channels = shape->in_channels;
    const int32_t row = shape->window.kernel_width * channels;
    const int32_t height = shape->window.kernel_height;
    const int32_t iy = oy * shape->window.stride_height - shape->window.pad_top;
    const int32_t ix = ox * shape->window.stride_width - shape->window.pad_left;
    const int8_t *from = x + (iy * shape->in_width + ix) * channels;
    int16_t *to = column;
    if (iy >= 0 && ix >= 0 && iy + height <= shape->in_height && ix + shape->window.kernel_width <= shape->in_width) {
        for (int32_t ky = 0; ky < height; ++ky, from += shape->in_width * channels) {
            to = put_neighbours(to, from, row, zx, step, is_ordered);
        }
    } else {
        const fqt_taps_t taps = fqt_taps(ix, shape->window.kernel_width, shape->in_width);
        const int32_t before = taps.begin * channels;
        const int32_t run = (taps.end - taps.begin) * channels;
        for (int32_t ky = 0; ky < height; ++ky, from += shape->in_width * channels) {
            if (iy + ky < 0 || iy + ky >= shape->in_height) {
                to = put_zeros(to, row, step);
                continue;
            }
            to = put_zeros(to, before, step);
            to = put_neighbours(to, from + before, run, zx, step, is_ordered);
            to = put_zeros(to, row - before - run, step);
        }
    }
    put_zeros(to, -(row * height) & 3, step);
}

FQT_HOT void fqt_column(
    const fqt_shape_t *shape, const int8_t *x, int32_t zx, int32_t oy, int32_t ox, int16_t *column) {
#if FQT_HAS_DSP
    if (fqt_column_is_ordered(shape)) {
        make_column(shape, x, zx, oy, ox, 1, column, true);
        return;
    }
#endif
    make_column(shape, x, zx, oy, ox, 1, column, false);
}

FQT_HOT void fqt_column_of_pair(
    const fqt_shape_t *shape, const int8_t *x, int32_t zx, int32_t oy, int32_t ox, int16_t *column) {
    make_column(shape, x, zx, oy, ox, 2, column, false);
}
