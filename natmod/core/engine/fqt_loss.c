// See fqt_loss.h.
#include "fqt_loss.h"
#include "../base/fqt_bytes.h"
#include "../base/fqt_exponential.h"
#include "../model/fqt_file.h"

// The mean of `count` losses with this sum. unit_exponent: a derivative means 2^unit_exponent, before it is divided by
// count.
static fqt_loss_t mean_loss(uint64_t sum, uint32_t count, int32_t unit_exponent) {
    const fqt_scale_t inverse_count = fqt_scale_ratio(1, count);
    const fqt_scale_t loss = fqt_scale_multiply(fqt_scale_from_long(sum), inverse_count);
    return (fqt_loss_t) {fqt_fixed_multiply(loss, 1), fqt_scale_shifted(inverse_count, unit_exponent)};
}

// softmax - target; gives the loss.
static FQT_NOINLINE uint64_t softmax(int32_t *outputs, uint32_t count, uint32_t label) {
    int32_t greatest = outputs[0];
    for (uint32_t o = 1; o < count; ++o) {
        greatest = outputs[o] > greatest ? outputs[o] : greatest;
    }
    uint32_t label_distance = (uint32_t)greatest - (uint32_t)outputs[label];
    uint64_t sum = 0;
    for (uint32_t o = 0; o < count; ++o) {
        outputs[o] = fqt_exponential((uint32_t)greatest - (uint32_t)outputs[o]);
        sum += (uint32_t)outputs[o];
    }
    fqt_scale_t inverse_sum = fqt_scale_divide(fqt_scale_from_int(FQT_ONE_Q30), fqt_scale_from_long(sum));
    for (uint32_t o = 0; o < count; ++o) {
        outputs[o] = fqt_fixed_multiply(inverse_sum, outputs[o]) - (o == label ? FQT_ONE_Q30 : 0);
    }
    return (uint64_t)fqt_logarithm(sum) + label_distance;
}

fqt_loss_t fqt_softmax_cross_entropy(int32_t *outputs, uint32_t count, uint32_t label) {
    return mean_loss(softmax(outputs, count, label), 1, -30);
}

fqt_loss_t fqt_pixelwise_cross_entropy(int32_t *outputs, uint32_t pixels, uint32_t classes, const uint8_t *labels) {
    uint64_t sum = 0;
    uint32_t counted = 0;
    for (uint32_t p = 0; p < pixels; ++p) {
        if (labels[p] == FQT_IGNORED) {
            fqt_fill_zero(outputs, 4 * classes);
        } else {
            sum += softmax(outputs, classes, labels[p]);
            ++counted;
        }
        outputs += classes;
    }
    return mean_loss(sum, counted != 0 ? counted : 1, -30);
}

// 2 / count * (output - target)
fqt_loss_t fqt_mean_squared_error(int32_t *outputs, uint32_t count, const int32_t *targets) {
    uint64_t sum = 0;
    for (uint32_t o = 0; o < count; ++o) {
        outputs[o] -= targets[o];
        sum += (uint64_t)((int64_t)outputs[o] * outputs[o]) >> 16;
    }
    return mean_loss(sum, count, 1 - 16);
}

// (sigmoid(output) - target) / count; the loss of one output is ln(1 + e^-|z|) + max(z, 0) - z * target.
fqt_loss_t fqt_binary_cross_entropy(int32_t *outputs, uint32_t count, const int32_t *targets) {
    uint64_t sum = 0;
    for (uint32_t o = 0; o < count; ++o) {
        int32_t z = outputs[o];
        int32_t power = fqt_exponential((uint32_t)(z < 0 ? -z : z)); // e^-|z|
        uint32_t one_and_power = (uint32_t)FQT_ONE_Q30 + (uint32_t)power;
        fqt_scale_t inverse = fqt_scale_ratio(FQT_ONE_Q30, one_and_power);
        int32_t sigmoid = fqt_fixed_multiply(inverse, z < 0 ? power : FQT_ONE_Q30);
        outputs[o] = sigmoid - (targets[o] << 14);
        sum += (uint64_t)((int64_t)fqt_logarithm(one_and_power) + (z > 0 ? z : 0) - (((int64_t)z * targets[o]) >> 16));
    }
    return mean_loss(sum, count, -30);
}

uint32_t fqt_loss_error(const int32_t *derivatives, uint32_t count, fqt_scale_t derivative_unit, int8_t *error) {
    int32_t peak = 1;
    for (uint32_t o = 0; o < count; ++o) {
        int32_t magnitude = derivatives[o] < 0 ? -derivatives[o] : derivatives[o];
        peak = magnitude > peak ? magnitude : peak;
    }
    fqt_scale_t scale = fqt_scale_ratio((uint32_t)peak, INT8_MAX);
    const uint32_t error_scale = fqt_scale_pack(fqt_scale_multiply(scale, derivative_unit));
    fqt_scale_t multiplier = fqt_scale_divide_stored(derivative_unit, error_scale);
    for (uint32_t o = 0; o < count; ++o) {
        error[o] = (int8_t)fqt_limited_multiply(multiplier, derivatives[o], INT8_MAX);
    }
    return error_scale;
}
