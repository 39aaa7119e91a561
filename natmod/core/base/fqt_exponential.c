// Exponential and logarithm; see fqt_exponential.h.
#include "fqt_exponential.h"
#include "fqt_scale.h"

#define LOG2_E_Q16 (94548)
#define LN_2_Q16 (45426)
#define NEGLIGIBLE (20 << 16) // e^-20 is 2 in Q30

// 2^-f for f in [0, 1) in Q16; the result in Q30, off by less than 1e-7.
static int32_t power_of_two(int32_t f) {
    static const int32_t coefficients[] = {9922860, -59408637, 257903302, -744258750, FQT_ONE_Q30};
    int32_t result = -1029756;
    for (int i = 0; i < 5; ++i) {
        // cppcheck-suppress shiftNegativeLHS; compilers for all cores shift arithmetically
        result = coefficients[i] + (int32_t)(((int64_t)result * f) >> 16);
    }
    return result;
}

// e^-distance: distance in Q16, the result in Q30.
int32_t fqt_exponential(uint32_t distance) {
    if (distance >= NEGLIGIBLE) {
        return 0;
    }
    uint32_t power = (uint32_t)(((uint64_t)distance * LOG2_E_Q16) >> 16);
    return power_of_two(power & 0xFFFF) >> (power >> 16);
}

// ln(sum / 2^30) in Q16, for sum >= 2^30.
int32_t fqt_logarithm(uint64_t sum) {
    fqt_scale_t value = fqt_scale_from_long(sum);
    uint32_t x = fqt_scale_mantissa(value); // in [1, 2), Q30
    uint32_t log2 = (uint32_t)fqt_scale_exponent(value);
    for (int bit = 0; bit < 16; ++bit) {
        x = (uint32_t)(((uint64_t)x * x) >> 30);
        log2 = log2 << 1 | x >> 31;
        x >>= x >> 31;
    }
    return (int32_t)(((uint64_t)log2 * LN_2_Q16) >> 16);
}
