// See fqt_loss.h.
#include "fqt_loss.h"

#define LOG2_E_Q16 (94548)
#define LN_2_Q16 (45426)
#define ONE_Q30 (1 << 30)
#define NEGLIGIBLE (20 << 16) // e^-20 is 2 in Q30

// 2^-f for f in [0, 1) in Q16; the result in Q30, off by less than 1e-7.
static int32_t power_of_two(int32_t f) {
    static const int32_t coefficients[] = {9922860, -59408637, 257903302, -744258750, ONE_Q30};
    int32_t result = -1029756;
    for (int i = 0; i < 5; ++i) {
        result = coefficients[i] + (int32_t)(((int64_t)result * f) >> 16);
    }
    return result;
}

// e^-distance: distance in Q16, the result in Q30.
static int32_t exponential(uint32_t distance) {
    if (distance >= NEGLIGIBLE) {
        return 0;
    }
    uint32_t power = (uint32_t)(((uint64_t)distance * LOG2_E_Q16) >> 16);
    return power_of_two(power & 0xFFFF) >> (power >> 16);
}

// ln(sum / 2^30) in Q16, for sum >= 2^30.
static int32_t logarithm(uint64_t sum) {
    fqt_scale_t value = fqt_scale_from_int(sum);
    uint32_t x = value.mantissa; // in [1, 2), Q30
    uint32_t log2 = (uint32_t)value.exponent;
    for (int bit = 0; bit < 16; ++bit) {
        x = (uint32_t)(((uint64_t)x * x) >> 30);
        log2 = log2 << 1 | x >> 31;
        x >>= x >> 31;
    }
    return (int32_t)(((uint64_t)log2 * LN_2_Q16) >> 16);
}

int32_t fqt_softmax_cross_entropy(
    int32_t *logits, uint32_t count, uint32_t label, int8_t *error, uint32_t *error_scale) {
    int32_t greatest = logits[0];
    for (uint32_t o = 1; o < count; ++o) {
        greatest = logits[o] > greatest ? logits[o] : greatest;
    }
    uint32_t label_distance = (uint32_t)greatest - (uint32_t)logits[label];
    uint64_t sum = 0;
    for (uint32_t o = 0; o < count; ++o) {
        logits[o] = exponential((uint32_t)greatest - (uint32_t)logits[o]);
        sum += (uint32_t)logits[o];
    }

    // softmax - target, Q30
    fqt_scale_t inverse_sum = fqt_scale_divide(fqt_scale_from_int(ONE_Q30), fqt_scale_from_int(sum));
    int32_t peak = 1;
    for (uint32_t o = 0; o < count; ++o) {
        logits[o] = fqt_fixed_multiply(logits[o], inverse_sum) - (o == label ? ONE_Q30 : 0);
        int32_t magnitude = logits[o] < 0 ? -logits[o] : logits[o];
        peak = magnitude > peak ? magnitude : peak;
    }

    fqt_scale_t scale = fqt_scale_divide(fqt_scale_from_int((uint32_t)peak), fqt_scale_from_int(INT8_MAX));
    *error_scale = fqt_scale_pack(fqt_scale_shifted(scale, -30));
    fqt_scale_t one_q30 = fqt_scale_shifted(fqt_scale_from_int(1), -30);
    fqt_scale_t multiplier = fqt_scale_divide(one_q30, fqt_scale_unpack(*error_scale));
    for (uint32_t o = 0; o < count; ++o) {
        error[o] = (int8_t)fqt_clamp(fqt_fixed_multiply(logits[o], multiplier), -INT8_MAX, INT8_MAX);
    }

    int64_t loss = (int64_t)logarithm(sum) + label_distance;
    return loss > INT32_MAX ? INT32_MAX : (int32_t)loss;
}
