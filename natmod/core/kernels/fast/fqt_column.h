// What a convolution's window reads at one output position, as a column of 16-bit numbers: x - zero_point for taps
// inside the input, 0 for those outside. Forward and update then are products with a contiguous column, whatever the
// window.
#ifndef FQT_COLUMN_H
#define FQT_COLUMN_H

#include "../fqt_kernels.h"
#include "../../base/fqt_simd.h"

// Where the window is, and what the columns of a layer share.
typedef struct {
    const fqt_shape_t *shape;
    const int8_t *x; // [in_height][in_width][in_channels]
    int32_t zero_point;
    int32_t row_bytes; // of the input
    int32_t run; // elements of the column that lie side by side in the input
    uint32_t elements; // of a column, without the zeros that fill four
    uint32_t inside_y; // windows that start at iy < inside_y and ix < inside_x lie inside the input
    uint32_t inside_x;
    int32_t iy; // where the window starts
    int32_t ix;
    int32_t ox;
} fqt_columns_t;

void fqt_columns_begin(fqt_columns_t *columns, const fqt_pass_t *pass);

// Move the window to an output position, in the order in which outputs lie.
void fqt_columns_seek(fqt_columns_t *columns, int32_t position);

// Whether the window, at the last output position, is the input, as that of a dense layer is.
static inline bool fqt_columns_are_the_input(const fqt_columns_t *columns) {
    return columns->inside_y * columns->inside_x == 1 && (columns->iy | columns->ix) == 0;
}

#define FQT_HAS_COLUMNS_OF_TWO (!FQT_VECTORS)

// The column at the window's place, which then slides on, and those of the next `count` - 1 places. `together`, 1, 2 or
// (with DSP instructions) 4, lie interleaved: column[together * i] is the first one's element i, i = (ky * kernel_width
// + kx) * in_channels + c; what those hold that are not made is not said. For vectors one lies behind the other. Where
// loops take elements by fours, zeros fill the last of these.
//
// With DSP instructions one column or two have pairs in the order in which bytes are extracted: elements 0 and 2 of
// four, then 1 and 3; of two columns, both first pairs in front of both second ones.
void fqt_columns_put(fqt_columns_t *columns, int32_t count, int32_t together, int16_t *column);

#endif
