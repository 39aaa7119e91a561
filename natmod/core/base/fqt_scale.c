// Arithmetic of scales; see fqt_scale.h.
#include "fqt_scale.h"

#define MANTISSA_BITS (31)

fqt_scale_t fqt_scale_unpack(uint32_t bits) {
    if (bits == 0) {
        return FQT_SCALE_ZERO;
    }
    return fqt_scale_of_bits(bits);
}

static int32_t biased_exponent(fqt_scale_t a) {
    return fqt_scale_exponent(a) + 157;
}

// The bits of a in the range of float32. What rounding carries goes to the exponent.
static uint32_t rounded(fqt_scale_t a) {
    return ((uint32_t)biased_exponent(a) << 23) + ((fqt_scale_mantissa(a) + 64) >> 7) - (1u << 23);
}

uint32_t fqt_scale_pack(fqt_scale_t a) {
    if (a == FQT_SCALE_ZERO) {
        return 0;
    }
    if (biased_exponent(a) < (int32_t)(FQT_FLOAT_MIN >> 23)) {
        return FQT_FLOAT_MIN;
    }
    if (biased_exponent(a) >= (int32_t)(FQT_FLOAT_MAX >> 23)) {
        return FQT_FLOAT_MAX;
    }
    return rounded(a);
}

uint32_t fqt_float_of(int64_t value, int32_t exponent) {
    const uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
    const fqt_scale_t a = fqt_scale_shifted(fqt_scale_from_long(magnitude), exponent);
    return biased_exponent(a) <= 0 || a == FQT_SCALE_ZERO ? 0 : rounded(a) | (value < 0 ? 1u << 31 : 0);
}

fqt_scale_t fqt_scale_from_int(uint32_t n) {
    return fqt_scale_from_long(n);
}

fqt_scale_t fqt_scale_from_long(uint64_t n) {
    int32_t exponent = 0;
    if (n == 0) {
        return FQT_SCALE_ZERO;
    }
    while (n >> MANTISSA_BITS) {
        n >>= 1;
        ++exponent;
    }
    uint32_t mantissa = (uint32_t)n;
    while (!(mantissa >> (MANTISSA_BITS - 1))) {
        mantissa <<= 1;
        --exponent;
    }
    return fqt_scale(mantissa, exponent);
}

fqt_scale_t fqt_scale_multiply(fqt_scale_t a, fqt_scale_t b) {
    if (a == FQT_SCALE_ZERO || b == FQT_SCALE_ZERO) {
        return FQT_SCALE_ZERO;
    }
    return fqt_scale_product(a, b);
}

// a * 2^31 / b, truncated; a and b have 31 bits.
#if FQT_HAS_DIVIDE
FQT_INLINE uint32_t divide(uint32_t a, uint32_t b) {
#ifdef __XTENSA_WINDOWED_ABI__ // whose compilers may call a function instead
    uint32_t quotient;
    __asm__("quou %0, %1, %2" : "=r"(quotient) : "r"(a), "r"(b));
    return quotient;
#else
    return a / b;
#endif
}

// Two digits of 15 bits, each estimated by the upper half of b (Knuth, The Art of Computer Programming, 4.3.1,
// algorithm D): one too small at most, so that what is left fits 32 bits. Then one of a bit.
static uint32_t quotient_of(uint32_t a, uint32_t b) {
    const uint32_t upper = (b >> 15) + 1;
    uint32_t quotient = a >= b;
    uint32_t rest = a - (quotient != 0 ? b : 0);
    for (int digits = 2; digits > 0; --digits) {
        uint32_t digit = divide(rest, upper);
        rest = (rest << 15) - digit * b;
        if (rest >= b) {
            rest -= b;
            ++digit;
        }
        quotient = (quotient << 15) + digit;
    }
    return 2 * quotient + (2 * rest >= b);
}
#else
// Long division, bit by bit: no library call on cores without a divider.
FQT_HOT static uint32_t quotient_of(uint32_t a, uint32_t b) {
    uint32_t quotient = 0;
    for (int bit = 0; bit <= MANTISSA_BITS; ++bit) {
        quotient <<= 1;
        if (a >= b) {
            a -= b;
            quotient |= 1;
        }
        a <<= 1;
    }
    return quotient;
}
#endif

fqt_scale_t fqt_scale_divide(fqt_scale_t a, fqt_scale_t b) {
    if (a == FQT_SCALE_ZERO || b == FQT_SCALE_ZERO) {
        return FQT_SCALE_ZERO;
    }
    const uint32_t quotient = quotient_of(fqt_scale_mantissa(a), fqt_scale_mantissa(b));
    int32_t exponent = fqt_scale_exponent(a) - fqt_scale_exponent(b);
    if (quotient >> 31) {
        return fqt_scale(quotient >> 1, exponent - 30);
    }
    return fqt_scale(quotient, exponent - 31);
}

fqt_scale_t fqt_scale_ratio(uint32_t a, uint32_t b) {
    return fqt_scale_divide(fqt_scale_from_int(a), fqt_scale_from_int(b));
}

fqt_scale_t fqt_scale_inverse(fqt_scale_t a) {
    return fqt_scale_divide(fqt_scale_from_int(1), a);
}

fqt_scale_t fqt_scale_multiply_stored(fqt_scale_t a, uint32_t bits) {
    return fqt_scale_multiply(a, fqt_scale_unpack(bits));
}

fqt_scale_t fqt_scale_divide_stored(fqt_scale_t a, uint32_t bits) {
    return fqt_scale_divide(a, fqt_scale_unpack(bits));
}

fqt_scale_t fqt_scale_square_root(fqt_scale_t a) {
    if (a == FQT_SCALE_ZERO) {
        return a;
    }
    // The exponent must be even: the mantissa takes the odd factor of 2. Then bit by bit, from above.
    uint64_t square = (uint64_t)fqt_scale_mantissa(a) << (fqt_scale_exponent(a) & 1 ? 31 : 30);
    int32_t exponent = fqt_scale_exponent(a) - (fqt_scale_exponent(a) & 1);
    uint32_t root = 0;
    for (uint32_t bit = 1u << (MANTISSA_BITS - 1); bit; bit >>= 1) {
        uint32_t larger = root | bit;
        if ((uint64_t)larger * larger <= square) {
            root = larger;
        }
    }
    return fqt_scale(root, (exponent - 30) / 2);
}

#if !FQT_HAS_LONG_MULTIPLY
FQT_KERNEL int32_t fqt_multiply_high_called(int32_t a, int32_t b) {
    return fqt_multiply_high(a, b);
}
#endif

// From the two words of the product: no core shifts 64 bits at once. `half`: the bits down to the half of a unit.
int32_t fqt_limited_multiply(fqt_scale_t a, int32_t value, int32_t limit) {
    const uint32_t mantissa = fqt_scale_mantissa(a);
    const int32_t upper = fqt_multiply_high_called(value, (int32_t)mantissa);
    const uint32_t lower = (uint32_t)value * mantissa;
    const int32_t left = fqt_scale_exponent(a) + 32; // from the upper word to the result
    int32_t result = (int32_t)lower;
    uint32_t half = 0;
    if (left < -30 || value == 0) {
        return 0;
    }
    if (left < 0) {
        half = (uint32_t)(upper >> ~left);
        result = (int32_t)half >> 1;
    } else if (left < 32 && (int32_t)((uint32_t)upper << left) >> left == upper) {
        half = lower >> (31 - left);
        result = (int32_t)(((uint32_t)upper << left) + (half >> 1));
    } else if (left != 32 || result >> 31 != upper) {
        result = value > 0 ? INT32_MAX : INT32_MIN;
    }
    if (result >= limit) {
        return limit;
    }
    result += (int32_t)(half & 1);
    return result < -limit ? -limit : result;
}

FQT_NOINLINE int32_t fqt_fixed_multiply(fqt_scale_t a, int32_t value) {
    return fqt_limited_multiply(a, value, INT32_MAX);
}
