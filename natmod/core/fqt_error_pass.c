// The error scales in hindsight; see fqt_error_pass.h.
#include "fqt_error_pass.h"

#define DECAY (128) // a peak of 0 lowers the scale by 1 / DECAY

void fqt_error_pass_begin(
    fqt_error_pass_t *pass, const fqt_model_t *model, uint32_t index, uint32_t tensor, fqt_scale_t accumulator_scale) {
    pass->tensor = fqt_tensor(model, tensor);
    pass->activation = fqt_activation(model, tensor);
    pass->error = fqt_error_of(model, tensor);
    pass->unclipped = fqt_unclipped(pass->tensor);
    pass->adds = pass->tensor->last_reader != index;
    pass->keeps_scale = pass->tensor->readers == 1 && fqt_layer(model, index)->passes_error_scale;
    pass->peak = 0;
    if (pass->keeps_scale || pass->tensor->error_scale == 0) {
        pass->tensor->error_scale = fqt_scale_pack(accumulator_scale);
    }
    fqt_error_pass_scale(pass, accumulator_scale);
}

// Errors of a tensor's only reader by the short way: about 20 cycles on Cortex-M4. A new peak and errors beyond the range are
// rare, and found by one comparison.
FQT_LOOP void put_errors(
    fqt_error_pass_t *pass, const int8_t *x, int8_t *to, const int32_t *accumulator, int32_t count) {
    const int32_t first = pass->unclipped.low + 1;
    const uint32_t span = (uint32_t)(pass->unclipped.high - first);
    const fqt_multiplier_t multiplier = pass->multiplier;
    int32_t rare = pass->peak < INT8_MAX ? pass->peak : INT8_MAX;
    for (const int32_t *end = accumulator + count; accumulator < end; ++to) {
        const uint32_t place = (uint32_t)(*x++ - first);
        int32_t value = *accumulator++;
        if (place >= span || value == 0) {
            *to = 0;
            continue;
        }
        value = fqt_requantise_short(value, &multiplier);
        const int32_t magnitude = value < 0 ? -value : value;
        if (FQT_UNLIKELY(magnitude > rare)) {
            pass->peak = magnitude > pass->peak ? magnitude : pass->peak;
            rare = pass->peak < INT8_MAX ? pass->peak : INT8_MAX;
            value = fqt_clamp(value, -INT8_MAX, INT8_MAX);
        }
        *to = (int8_t)value;
    }
}

void fqt_error_pass_put_all(fqt_error_pass_t *pass, uint32_t i, const int32_t *accumulators, int32_t count) {
    if (!pass->adds && fqt_multiplier_is_short(&pass->multiplier)) {
        put_errors(pass, pass->activation + i, pass->error + i, accumulators, count);
        return;
    }
    for (; count > 0; --count, ++accumulators, ++i) {
        fqt_error_pass_put(pass, i, *accumulators);
    }
}

void fqt_error_pass_end(const fqt_error_pass_t *pass) {
    fqt_tensor_t *tensor = pass->tensor;
    if (pass->keeps_scale) {
        return;
    }
    uint32_t numerator = (uint32_t)pass->peak;
    uint32_t denominator = INT8_MAX;
    if (pass->peak <= INT8_MAX) {
        numerator += INT8_MAX * (DECAY - 1);
        denominator *= DECAY;
    }
    fqt_scale_t factor = fqt_scale_divide(fqt_scale_from_int(numerator), fqt_scale_from_int(denominator));
    uint32_t scale = fqt_scale_pack(fqt_scale_multiply(fqt_scale_unpack(tensor->error_scale), factor));
    if (!pass->adds || scale > tensor->next_error_scale) { // of all readers, the greatest peak
        tensor->next_error_scale = scale;
    }
}
