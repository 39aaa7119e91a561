// Arithmetic of scales; see fqt_scale.h.
#include "fqt_scale.h"

#define MANTISSA_BITS (31)

fqt_scale_t fqt_scale_unpack(uint32_t bits) {
    if (bits == 0) {
        return (fqt_scale_t) {0, 0};
    }
    return (fqt_scale_t) {((bits & 0x7FFFFF) | 0x800000) << 7, (int32_t)(bits >> 23 & 0xFF) - 157};
}

uint32_t fqt_scale_pack(fqt_scale_t a) {
    if (a.mantissa == 0) {
        return 0;
    }
    uint32_t mantissa = (a.mantissa + 64) >> 7;
    int32_t biased_exponent = a.exponent + 157;
    if (mantissa == 1u << 24) {
        mantissa >>= 1;
        ++biased_exponent;
    }
    if (biased_exponent < (int32_t)(FQT_FLOAT_MIN >> 23)) {
        return FQT_FLOAT_MIN;
    }
    if (biased_exponent >= (int32_t)(FQT_FLOAT_MAX >> 23)) {
        return FQT_FLOAT_MAX;
    }
    return (uint32_t)biased_exponent << 23 | (mantissa & 0x7FFFFF);
}

fqt_scale_t fqt_scale_from_int(uint64_t n) {
    fqt_scale_t result = {0, 0};
    if (n == 0) {
        return result;
    }
    while (n >> MANTISSA_BITS) {
        n >>= 1;
        ++result.exponent;
    }
    result.mantissa = (uint32_t)n;
    while (!(result.mantissa >> (MANTISSA_BITS - 1))) {
        result.mantissa <<= 1;
        --result.exponent;
    }
    return result;
}

fqt_scale_t fqt_scale_multiply(fqt_scale_t a, fqt_scale_t b) {
    if (a.mantissa == 0 || b.mantissa == 0) {
        return (fqt_scale_t) {0, 0};
    }
    uint64_t product = (uint64_t)a.mantissa * b.mantissa;
    int32_t exponent = a.exponent + b.exponent;
    if (product >> 61) {
        return (fqt_scale_t) {(uint32_t)(product >> 31), exponent + 31};
    }
    return (fqt_scale_t) {(uint32_t)(product >> 30), exponent + 30};
}

fqt_scale_t fqt_scale_divide(fqt_scale_t a, fqt_scale_t b) {
    if (a.mantissa == 0) {
        return a;
    }
    // Long division of the mantissas: 32 quotient bits, no library call on cores without a divider.
    uint32_t rest = a.mantissa;
    uint32_t quotient = 0;
    for (int bit = 0; bit <= MANTISSA_BITS; ++bit) {
        quotient <<= 1;
        if (rest >= b.mantissa) {
            rest -= b.mantissa;
            quotient |= 1;
        }
        rest <<= 1;
    }
    int32_t exponent = a.exponent - b.exponent;
    if (quotient >> 31) {
        return (fqt_scale_t) {quotient >> 1, exponent - 30};
    }
    return (fqt_scale_t) {quotient, exponent - 31};
}

fqt_scale_t fqt_scale_square_root(fqt_scale_t a) {
    if (a.mantissa == 0) {
        return a;
    }
    // The exponent must be even: the mantissa takes the odd factor of 2. Then bit by bit, from above.
    uint64_t square = (uint64_t)a.mantissa << (a.exponent & 1 ? 31 : 30);
    int32_t exponent = a.exponent - (a.exponent & 1);
    uint32_t root = 0;
    for (uint32_t bit = 1u << (MANTISSA_BITS - 1); bit; bit >>= 1) {
        uint32_t larger = root | bit;
        if ((uint64_t)larger * larger <= square) {
            root = larger;
        }
    }
    return (fqt_scale_t) {root, (exponent - 30) / 2};
}
