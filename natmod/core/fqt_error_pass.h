// From accumulators to the int8 error of a layer's input, at a scale chosen in hindsight.
// docs/arithmetic.md, section 6. Shared by every layer kind that passes errors on.
#ifndef FQT_ERROR_PASS_H
#define FQT_ERROR_PASS_H

#include "fqt_model.h"

typedef struct {
    fqt_tensor_t *tensor;
    const int8_t *activation; // the tensor's values
    int8_t *error;
    fqt_scale_t multiplier; // accumulator -> units of the error's scale
    int32_t peak; // greatest |error| before the clamp
} fqt_error_pass_t;

// `accumulator_scale`: what one unit of the accumulators means.
void fqt_error_pass_begin(
    fqt_error_pass_t *pass, const fqt_model_t *model, uint32_t tensor, fqt_scale_t accumulator_scale);

// Store the error of element `i`: 0 where the ReLU that made the element had clipped it.
static inline void fqt_error_pass_put(fqt_error_pass_t *pass, uint32_t i, int32_t accumulator) {
    int32_t value = 0;
    if (!pass->tensor->has_relu || pass->activation[i] != pass->tensor->zero_point) {
        value = fqt_fixed_multiply(accumulator, pass->multiplier);
    }
    int32_t magnitude = value < 0 ? -value : value;
    if (magnitude > pass->peak) {
        pass->peak = magnitude;
    }
    pass->error[i] = (int8_t)fqt_clamp(value, -INT8_MAX, INT8_MAX);
}

// Choose the scale for the next step: fast attack, slow decay.
void fqt_error_pass_end(const fqt_error_pass_t *pass);

#endif
