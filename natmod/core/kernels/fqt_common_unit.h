// The weight scales of a layer's channels brought to one unit, so that errors of different channels can be summed.
// docs/arithmetic.md, section 6.
#ifndef FQT_COMMON_UNIT_H
#define FQT_COMMON_UNIT_H

#include "../engine/fqt_pass.h"

// The greatest scale of a layer's channels, as float32 bits.
uint32_t fqt_greatest_weight_scale(const fqt_pass_t *pass);

// m[n], of the n-th selected channel o: weight scales relative to the greatest, in units that keep every product e * m
// in 16 bits. Returns what one unit of e * m * w means.
fqt_scale_t fqt_common_unit(const fqt_pass_t *pass, int16_t *m);

#endif
