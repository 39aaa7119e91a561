// Real values as the model takes and returns them, in the user's units: inputs, targets and outputs.
// docs/arithmetic.md, section 3.
#include "../fqt.h"
#include "fqt_maps.h"

#define ZERO_EXPONENT (-150) // of zero: smaller than those of all numbers
#define SIGN (1u << 31)

// A float32 as mantissa * 2^exponent; subnormal numbers count as zero. False when not finite.
static bool take_apart(uint32_t float_bits, int32_t *mantissa, int32_t *exponent) {
    const int32_t biased = float_bits >> 23 & 0xFF;
    *exponent = biased - 150;
    *mantissa = biased == 0 ? 0 : (int32_t)((float_bits & 0x7FFFFF) | 0x800000);
    *mantissa = float_bits >> 31 ? -*mantissa : *mantissa;
    return biased != 0xFF;
}

// a * 2^exponent + the float32: *exponent becomes that of the sum, which is exact. Where the exponents differ by more
// than 31, the number with the smaller one is left out.
FQT_NOINLINE static int64_t sum_with(int32_t a, int32_t *exponent, uint32_t float_bits) {
    int32_t b, b_exponent;
    take_apart(float_bits, &b, &b_exponent);
    int32_t gap = *exponent - b_exponent;
    if (gap < 0) {
        const int32_t greater = b;
        b = a;
        a = greater;
        *exponent = b_exponent;
        gap = -gap;
    }
    if (gap > 31) {
        return a;
    }
    *exponent -= gap;
    return (int64_t)((uint64_t)(int64_t)a << gap) + b;
}

#define NOT_FINITE (INT32_MIN) // what in_units returns of a number that is not finite, and of no other

// (number - offset) * inverse, rounded to nearest, limited to +-limit.
FQT_NOINLINE static int32_t in_units(fqt_scale_t inverse, uint32_t float_bits, uint32_t offset_bits, int32_t limit) {
    int32_t number, exponent;
    if (!take_apart(float_bits, &number, &exponent)) {
        return NOT_FINITE;
    }
    int64_t difference = sum_with(number, &exponent, offset_bits ^ SIGN);
    while (difference != (int32_t)difference) {
        difference >>= 1;
        ++exponent;
    }
    return fqt_limited_multiply(fqt_scale_shifted(inverse, exponent), (int32_t)difference, limit);
}

// Where there is no map, numbers are the network's own.
static const fqt_map_row_t unmapped = {0, FQT_FLOAT_ONE};

FQT_NOINLINE static const fqt_map_row_t *output_row(const fqt_model_t *model, uint32_t output) {
    return model->maps & FQT_MAP_OUTPUT ? &fqt_map_rows(model, model->output_map)[output] : &unmapped;
}

static uint32_t number_at(const uint8_t *from, uint32_t i, fqt_number_t type) {
    if (type == FQT_FLOAT32) {
        return fqt_read_u32(from + 4 * i);
    }
    return fqt_float_of(type == FQT_INT16 ? (int16_t)(from[2 * i] | from[2 * i + 1] << 8) : from[i], 0);
}

bool fqt_quantize(
    const fqt_model_t *model, const uint8_t *from, fqt_number_t type, uint32_t count, int8_t *values, uint32_t *found) {
    const fqt_tensor_t *input = fqt_tensor(model, 0);
    uint32_t clipped = 0;
    for (uint32_t channel = 0; channel < input->channels; ++channel) {
        const fqt_map_row_t *row =
            model->maps & FQT_MAP_INPUT ? &fqt_map_rows(model, model->input_map)[channel] : &unmapped;
        const fqt_scale_t step = fqt_scale_multiply_stored(fqt_scale_unpack(input->scale), row->scale);
        const fqt_scale_t inverse = fqt_scale_inverse(step);
        for (uint32_t i = channel; i < count; i += input->channels) {
            // +-256 is beyond the range at any zero point.
            const int32_t units = in_units(inverse, number_at(from, i, type), row->offset, 256);
            if (units == NOT_FINITE) {
                *found = i;
                return false;
            }
            const int32_t value = units + input->zero_point;
            values[i] = (int8_t)fqt_clamp(value, INT8_MIN, INT8_MAX);
            clipped += values[i] != value;
        }
    }
    *found = clipped;
    return true;
}

bool fqt_target_float(const fqt_model_t *model, uint32_t output, uint32_t float_bits, int32_t *value) {
    const fqt_map_row_t *row = output_row(model, output);
    const fqt_scale_t inverse = fqt_scale_inverse(fqt_scale_unpack(row->scale));
    *value = in_units(fqt_scale_shifted(inverse, 16), float_bits, row->offset, INT32_MAX);
    return *value >= -(16383 << 16) && *value <= 16383 << 16; // not NOT_FINITE
}

void fqt_target_input(fqt_model_t *model) {
    const fqt_tensor_t *input = fqt_tensor(model, 0);
    const int8_t *x = fqt_input(model);
    int32_t *targets = fqt_targets(model);
    fqt_scale_t unit = fqt_scale_shifted(fqt_scale_unpack(input->scale), 16);
    for (uint32_t i = 0; i < input->elements; ++i) {
        targets[i] = fqt_limited_multiply(unit, x[i] - input->zero_point, 16383 << 16);
    }
}

uint32_t fqt_output_float(const fqt_model_t *model, uint32_t output, int32_t value) {
    const fqt_map_row_t *row = output_row(model, output);
    const fqt_scale_t magnitude = fqt_scale_from_int(value < 0 ? -(uint32_t)value : (uint32_t)value);
    const fqt_scale_t product = fqt_scale_multiply_stored(magnitude, row->scale);
    int32_t exponent = product != FQT_SCALE_ZERO ? fqt_scale_exponent(product) - 16 : ZERO_EXPONENT;
    const int32_t mantissa = (int32_t)fqt_scale_mantissa(product);
    const int64_t sum = sum_with(value < 0 ? -mantissa : mantissa, &exponent, row->offset);
    return fqt_float_of(sum, exponent);
}
