// The losses, in integers: docs/arithmetic.md, section 5. Each turns the outputs (int32 [count], Q16, |output| <= 2^30)
// into the derivative of the loss by them (in their place, in units of the returned derivative_unit) and gives the
// loss.
#ifndef FQT_LOSS_H
#define FQT_LOSS_H

#include "../base/fqt_scale.h"

typedef struct {
    int32_t loss; // Q16, at most 2^31 - 1
    fqt_scale_t derivative_unit;
} fqt_loss_t;

// label < count
fqt_loss_t fqt_softmax_cross_entropy(int32_t *outputs, uint32_t count, uint32_t label);

// Mean over the pixels of the softmax cross-entropy of each; outputs [pixels][classes], labels [pixels], those that are
// FQT_IGNORED do not count.
fqt_loss_t fqt_pixelwise_cross_entropy(int32_t *outputs, uint32_t pixels, uint32_t classes, const uint8_t *labels);

// Mean over the outputs of (output - target)^2; targets [count], Q16, |target| < 2^30.
fqt_loss_t fqt_mean_squared_error(int32_t *outputs, uint32_t count, const int32_t *targets);

// Mean over the outputs of the cross-entropy of sigmoid(output); targets [count], Q16, 0 to 65536.
fqt_loss_t fqt_binary_cross_entropy(int32_t *outputs, uint32_t count, const int32_t *targets);

// derivatives [count] -> error [count]: the greatest becomes 127. Gives the error's scale (float32 bits).
uint32_t fqt_loss_error(const int32_t *derivatives, uint32_t count, fqt_scale_t derivative_unit, int8_t *error);

#endif
