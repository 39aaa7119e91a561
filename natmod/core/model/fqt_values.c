// Real values as the model takes them: inputs and targets. docs/arithmetic.md, section 3.
#include "../fqt.h"
#include "fqt_model.h"

// A float32 as mantissa * 2^(exponent - 150); the exponent is 0 for zero and subnormal numbers. False when not finite.
static bool take_apart(uint32_t float_bits, int32_t *mantissa, int32_t *exponent) {
    *exponent = float_bits >> 23 & 0xFF;
    *mantissa = *exponent == 0 ? 0 : (int32_t)((float_bits & 0x7FFFFF) | 0x800000);
    *mantissa = float_bits >> 31 ? -*mantissa : *mantissa;
    return *exponent != 0xFF;
}

fqt_quantized_t fqt_quantize_float(const fqt_model_t *model, uint32_t float_bits, int8_t *value) {
    const fqt_tensor_t *input = fqt_tensor(model, 0);
    int32_t mantissa, exponent;
    if (!take_apart(float_bits, &mantissa, &exponent)) {
        return FQT_NOT_FINITE;
    }
    fqt_scale_t inverse = fqt_scale_inverse(fqt_scale_unpack(input->scale));
    int32_t units = fqt_fixed_multiply(mantissa, fqt_scale_shifted(inverse, exponent - 150));
    units = fqt_clamp(units, -256, 256) + input->zero_point; // +-256 is beyond the range at any zero point
    *value = (int8_t)fqt_clamp(units, INT8_MIN, INT8_MAX);
    return *value == units ? FQT_IN_RANGE : FQT_CLIPPED;
}

bool fqt_target_float(uint32_t float_bits, int32_t *value) {
    const int32_t limit = 16383 << 16;
    int32_t mantissa, exponent;
    if (!take_apart(float_bits, &mantissa, &exponent)) {
        return false;
    }
    *value = fqt_fixed_multiply(mantissa, fqt_scale_shifted(fqt_scale_from_int(1), exponent - 150 + 16));
    return *value >= -limit && *value <= limit;
}

void fqt_target_input(fqt_model_t *model) {
    const fqt_tensor_t *input = fqt_tensor(model, 0);
    const int8_t *x = fqt_input(model);
    int32_t *targets = fqt_targets(model);
    fqt_scale_t unit = fqt_scale_shifted(fqt_scale_unpack(input->scale), 16);
    for (uint32_t i = 0; i < input->elements; ++i) {
        targets[i] = fqt_clamp(fqt_fixed_multiply(x[i] - input->zero_point, unit), -(16383 << 16), 16383 << 16);
    }
}
