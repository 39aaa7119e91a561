// Scales: positive real numbers in integer arithmetic, and the one place where values are requantised.
// Definitions and formats: docs/arithmetic.md, section 1.
#ifndef FQT_SCALE_H
#define FQT_SCALE_H

#include <stdbool.h>
#include <stdint.h>

#include "fqt_simd.h"

// mantissa * 2^exponent, 2^30 <= mantissa < 2^31; zero is all zeros. One integer, the exponent in its upper word: that
// comes back from a function in two registers, a structure would come in memory.
typedef uint64_t fqt_scale_t;

#define FQT_SCALE_ZERO ((fqt_scale_t)0)

FQT_INLINE fqt_scale_t fqt_scale(uint32_t mantissa, int32_t exponent) {
    return (uint64_t)(uint32_t)exponent << 32 | mantissa;
}

FQT_INLINE uint32_t fqt_scale_mantissa(fqt_scale_t a) {
    return (uint32_t)a;
}

FQT_INLINE int32_t fqt_scale_exponent(fqt_scale_t a) {
    return (int32_t)(a >> 32);
}

// Bit patterns of float32: a scale as it is stored.
#define FQT_FLOAT_ONE (0x3F800000u)
#define FQT_FLOAT_INFINITY (255u << 23)
#define FQT_FLOAT_MIN (63u << 23) // 2^-64
#define FQT_FLOAT_MAX (191u << 23) // 2^64

static inline bool fqt_scale_is_valid(uint32_t bits) {
    return bits >= FQT_FLOAT_MIN && bits <= FQT_FLOAT_MAX;
}

// A stored scale; bits are not 0.
FQT_INLINE fqt_scale_t fqt_scale_of_bits(uint32_t bits) {
    return fqt_scale(((bits & 0x7FFFFF) | 0x800000) << 7, (int32_t)(bits >> 23 & 0xFF) - 157);
}

fqt_scale_t fqt_scale_unpack(uint32_t bits);
uint32_t fqt_scale_pack(fqt_scale_t a);
// value * 2^exponent as the nearest float32, which is no stored scale: of either sign, 0 below 2^-126, not limited.
uint32_t fqt_float_of(int64_t value, int32_t exponent);
fqt_scale_t fqt_scale_from_int(uint32_t n);
fqt_scale_t fqt_scale_from_long(uint64_t n);
fqt_scale_t fqt_scale_multiply(fqt_scale_t a, fqt_scale_t b);
// a / b. b is zero only where a buffer was written to under a model that uses it in place: no number is right then.
fqt_scale_t fqt_scale_divide(fqt_scale_t a, fqt_scale_t b);
fqt_scale_t fqt_scale_ratio(uint32_t a, uint32_t b);
// 1 / a; a is not zero.
fqt_scale_t fqt_scale_inverse(fqt_scale_t a);

// The same with a stored scale.
fqt_scale_t fqt_scale_multiply_stored(fqt_scale_t a, uint32_t bits);
fqt_scale_t fqt_scale_divide_stored(fqt_scale_t a, uint32_t bits);

fqt_scale_t fqt_scale_square_root(fqt_scale_t a);

// a * 2^k
static inline fqt_scale_t fqt_scale_shifted(fqt_scale_t a, int32_t k) {
    return a != FQT_SCALE_ZERO ? fqt_scale(fqt_scale_mantissa(a), fqt_scale_exponent(a) + k) : a;
}

static inline int32_t fqt_clamp(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

// a * value, rounded to nearest (halves up), limited to +-(2^31 - 1), or to +-limit. The scale comes first: it is where
// another function left it.
int32_t fqt_fixed_multiply(fqt_scale_t a, int32_t value);
int32_t fqt_limited_multiply(fqt_scale_t a, int32_t value, int32_t limit);

// (a * b) >> 32
FQT_INLINE int32_t fqt_multiply_high(int32_t a, int32_t b) {
#if !FQT_HAS_LONG_MULTIPLY
    // The core multiplies 32 bits to 32: four products of halves (Warren, Hacker's Delight, section 8-2).
    const uint32_t a_low = (uint32_t)a & 0xFFFF;
    const uint32_t b_low = (uint32_t)b & 0xFFFF;
    const int32_t a_high = a >> 16;
    const int32_t b_high = b >> 16;
    const int32_t middle = a_high * (int32_t)b_low + (int32_t)(a_low * b_low >> 16);
    const int32_t other = (int32_t)a_low * b_high + (middle & 0xFFFF);
    return a_high * b_high + (middle >> 16) + (other >> 16);
#elif FQT_HAS_DSP
    return fqt_multiply_upper(a, b);
#elif defined(__XTENSA_WINDOWED_ABI__)
    int32_t upper;
    __asm__("mulsh %0, %1, %2" : "=r"(upper) : "r"(a), "r"(b));
    return upper;
#else
    return (int32_t)((int64_t)a * b >> 32);
#endif
}

// The same as a call, where it is long and not in the innermost loops.
#if !FQT_HAS_LONG_MULTIPLY
int32_t fqt_multiply_high_called(int32_t a, int32_t b);
#else
#define fqt_multiply_high_called fqt_multiply_high
#endif

// a * b; neither is zero. Of twice the mantissas the upper word of the product is enough.
FQT_INLINE fqt_scale_t fqt_scale_product(fqt_scale_t a, fqt_scale_t b) {
    const uint32_t twice_a = fqt_scale_mantissa(a) << 1;
    const uint32_t twice_b = fqt_scale_mantissa(b) << 1;
#if FQT_HAS_LONG_MULTIPLY
    const uint32_t upper = (uint32_t)((uint64_t)twice_a * twice_b >> 32);
#else // both are negative as signed numbers, that is, too small by 2^32
    const uint32_t upper = (uint32_t)fqt_multiply_high_called((int32_t)twice_a, (int32_t)twice_b) + twice_a + twice_b;
#endif
    const uint32_t carry = upper >> 31;
    return fqt_scale(upper >> carry, fqt_scale_exponent(a) + fqt_scale_exponent(b) + 30 + (int32_t)carry);
}

// A scale as inner loops multiply with it: exponent = -33 - shift.
typedef struct {
    int32_t mantissa;
    uint32_t shift;
} fqt_multiplier_t;

static inline fqt_multiplier_t fqt_multiplier(fqt_scale_t a) {
    return (fqt_multiplier_t) {(int32_t)fqt_scale_mantissa(a), (uint32_t)(-33 - fqt_scale_exponent(a))};
}

// Whether the scale shifts by 33 to 62 bits, as those of activations and errors nearly always do: the upper word of the
// product is enough then, and nothing needs a limit.
static inline bool fqt_multiplier_is_short(const fqt_multiplier_t *a) {
    return a->shift <= 29;
}

// How the short way ends, from the upper word of value * mantissa: rounded to nearest, halves up. rounding: 1, and
// twice what shall be added (a zero point).
FQT_INLINE int32_t fqt_round_upper(int32_t upper, uint32_t shift, int32_t rounding) {
    return ((upper >> shift) + rounding) >> 1;
}

// fqt_fixed_multiply with such a multiplier.
FQT_INLINE int32_t fqt_requantise_short(int32_t value, const fqt_multiplier_t *a) {
    return fqt_round_upper(fqt_multiply_high_called(value, a->mantissa), a->shift, 1);
}

// fqt_fixed_multiply, limited to +-limit (at least 2^30).
FQT_INLINE int32_t fqt_requantise(int32_t value, const fqt_multiplier_t *a, int32_t limit) {
    if (!fqt_multiplier_is_short(a)) {
        const fqt_scale_t scale = fqt_scale((uint32_t)a->mantissa, -33 - (int32_t)a->shift);
        return fqt_limited_multiply(scale, value, limit);
    }
    return fqt_requantise_short(value, a);
}

#endif
