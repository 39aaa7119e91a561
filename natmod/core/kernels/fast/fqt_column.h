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

// column[i], i = (ky * kernel_width + kx) * in_channels + c, at the window's place; then it slides on. With DSP
// instructions each four elements lie in the order in which bytes are extracted: 0, 2, 1, 3.
void fqt_column(fqt_columns_t *columns, int16_t *column);

#define FQT_HAS_COLUMNS_OF_TWO (FQT_HAS_DSP || FQT_SPARES_TEXT)
#if FQT_HAS_COLUMNS_OF_TWO
// The same where in_channels is a multiple of four, to every second pair of `column`: two columns lie interleaved. (On
// Cortex-M0+ where in_channels is any number, to every second element.)
void fqt_column_of_two(fqt_columns_t *columns, int16_t *column);
#endif

// The next `count` of them, at most four, in plain order, interleaved: column[4 * i] is the first one's element i. For
// vectors one behind the other: column[elements + i] is the second one's.
void fqt_columns_of_four(fqt_columns_t *columns, int32_t count, int16_t *column);

#endif
