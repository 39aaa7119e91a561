// What a convolution's window reads at one output position, as a column of 16-bit numbers: x - zero_point for taps inside
// the input, 0 for those outside. Forward and update then are products with a contiguous column, whatever the window.
#ifndef FQT_COLUMN_H
#define FQT_COLUMN_H

#include "fqt_convolution.h"
#include "fqt_simd.h"

// Elements of a column: those of a filter, and zeros up to a multiple of four.
static inline uint32_t fqt_column_elements(uint32_t filter_elements) {
    return (filter_elements + 3) & ~3u;
}

// x [in_height][in_width][in_channels] -> column[i], i = (ky * kernel_width + kx) * in_channels + c.
void fqt_column(const fqt_shape_t *shape, const int8_t *x, int32_t zx, int32_t oy, int32_t ox, int16_t *column);

#if FQT_HAS_DSP
// Whether fqt_column leaves each four elements in the order in which bytes are extracted, 0, 2, 1, 3: where every run is whole
// fours.
static inline bool fqt_column_is_ordered(const fqt_shape_t *shape) {
    return shape->in_channels % 4 == 0;
}
#endif

// The same to column[2 * i]: two columns lie interleaved.
void fqt_column_of_pair(const fqt_shape_t *shape, const int8_t *x, int32_t zx, int32_t oy, int32_t ox, int16_t *column);

#endif
