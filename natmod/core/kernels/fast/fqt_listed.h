// Products with the inputs of a dense layer that are not 0 alone, where cores multiply one by one and text is not
// scarce: behind ReLU about half of them are.
#ifndef FQT_LISTED_H
#define FQT_LISTED_H

#include "../fqt_kernels.h"
#include "../../base/fqt_simd.h"

#define FQT_HAS_LISTED_INPUTS (!FQT_HAS_DSP && !FQT_VECTORS && !FQT_SPARES_TEXT)

#if FQT_HAS_LISTED_INPUTS
// List the inputs that differ from the zero point. Gives the list's end; NULL where they are so many that products with
// all take less time. list: memory for `count` numbers.
const int16_t *fqt_list_inputs(const int8_t *x, int32_t zero_point, uint32_t count, int16_t *list);

// sums[o] = sum over i of filters[o][i] * (x[i] - zero_point), for `count` filters of `elements`. The last sums may be
// followed by up to three that mean nothing.
void fqt_multiply_listed(
    const int8_t *filters, uint32_t elements, const int16_t *list, const int16_t *end, int32_t count, int32_t *sums);
#endif

#endif
