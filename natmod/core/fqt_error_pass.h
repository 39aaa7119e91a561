// From accumulators to the int8 error of a layer's input, at a scale chosen in hindsight.
// docs/arithmetic.md, section 6. Shared by every layer kind that passes errors on.
#ifndef FQT_ERROR_PASS_H
#define FQT_ERROR_PASS_H

#include "fqt_model.h"
#include "fqt_output.h"

typedef struct {
    fqt_tensor_t *tensor;
    const int8_t *activation; // the tensor's values
    int8_t *error;
    fqt_multiplier_t multiplier; // accumulator -> units of the error's scale
    fqt_limits_t unclipped; // errors pass where the activation lies strictly between
    bool adds; // a later layer that reads the tensor too has stored its error before
    bool keeps_scale; // the scale follows from the output's: nothing is chosen
    int32_t peak; // greatest |error| before the clamp
} fqt_error_pass_t;

// Errors of tensor `tensor`, from layer `index`, which reads it. `accumulator_scale`: what one unit of the accumulators
// means.
void fqt_error_pass_begin(
    fqt_error_pass_t *pass, const fqt_model_t *model, uint32_t index, uint32_t tensor, fqt_scale_t accumulator_scale);

// Turn to accumulators of another scale.
static inline void fqt_error_pass_scale(fqt_error_pass_t *pass, fqt_scale_t accumulator_scale) {
    pass->multiplier = fqt_multiplier(fqt_scale_divide(accumulator_scale, fqt_scale_unpack(pass->tensor->error_scale)));
}

// Store the error of element `i`: 0 where the activation that made the element had clipped it.
static inline void fqt_error_pass_put(fqt_error_pass_t *pass, uint32_t i, int32_t accumulator) {
    int32_t value = 0;
    int32_t x = pass->activation[i];
    if (accumulator != 0 && x > pass->unclipped.low && x < pass->unclipped.high) {
        value = fqt_requantise(accumulator, &pass->multiplier, pass->adds ? 1 << 30 : INT32_MAX);
    }
    if (pass->adds) {
        value += pass->error[i];
    }
    int32_t magnitude = value < 0 ? -value : value;
    if (magnitude > pass->peak) {
        pass->peak = magnitude;
    }
    pass->error[i] = (int8_t)fqt_clamp(value, -INT8_MAX, INT8_MAX);
}

// Store the errors of elements i to i + count - 1.
void fqt_error_pass_put_all(fqt_error_pass_t *pass, uint32_t i, const int32_t *accumulators, int32_t count);

// Choose the scale for the next step: fast attack, slow decay.
void fqt_error_pass_end(const fqt_error_pass_t *pass);

#endif
