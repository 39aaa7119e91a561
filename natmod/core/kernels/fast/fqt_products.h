// Products of filters with columns: the inner loops of convolution and dense layers in the forward pass.
#ifndef FQT_PRODUCTS_H
#define FQT_PRODUCTS_H

#include "fqt_column.h"

// sums[o] = sum over i of filters[o][i] * column[i], for `count` filters of `elements`. column: from fqt_column. The
// last sums may be followed by up to three that mean nothing.
void fqt_multiply_filters(
    const int8_t *filters, uint32_t elements, const int16_t *column, int32_t count, int32_t *sums);

#if FQT_HAS_COLUMNS_OF_TWO
// The same with two columns at once, from fqt_column_of_two. elements: a multiple of four, with DSP instructions.
void fqt_multiply_filters_by_two(const int8_t *filters, uint32_t elements, const int16_t *columns, int32_t count,
    int32_t *sums, int32_t *other_sums);
#endif

#endif
