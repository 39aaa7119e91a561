// Softmax cross-entropy in integers: docs/arithmetic.md, section 5.
#ifndef FQT_LOSS_H
#define FQT_LOSS_H

#include "fqt_scale.h"

// logits [count], Q16, |logit| <= 2^30 -> error [count] with *error_scale (float32 bits). Overwrites the logits.
// Gives the loss in Q16.
int32_t fqt_softmax_cross_entropy(
    int32_t *logits, uint32_t count, uint32_t label, int8_t *error, uint32_t *error_scale);

#endif
