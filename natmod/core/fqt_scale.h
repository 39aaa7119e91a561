// Scales: positive real numbers in integer arithmetic, and the one place where values are requantised.
// Definitions and formats: docs/arithmetic.md, section 1.
#ifndef FQT_SCALE_H
#define FQT_SCALE_H

#include <stdbool.h>
#include <stdint.h>

// mantissa * 2^exponent, 2^30 <= mantissa < 2^31; zero is {0, 0}.
typedef struct {
    uint32_t mantissa;
    int32_t exponent;
} fqt_scale_t;

// Bit patterns of float32: a scale as it is stored.
#define FQT_FLOAT_ONE (0x3F800000u)
#define FQT_FLOAT_MIN (63u << 23) // 2^-64
#define FQT_FLOAT_MAX (191u << 23) // 2^64

static inline bool fqt_scale_is_valid(uint32_t bits) {
    return bits >= FQT_FLOAT_MIN && bits <= FQT_FLOAT_MAX;
}

fqt_scale_t fqt_scale_unpack(uint32_t bits);
uint32_t fqt_scale_pack(fqt_scale_t a);
fqt_scale_t fqt_scale_from_int(uint64_t n);
fqt_scale_t fqt_scale_multiply(fqt_scale_t a, fqt_scale_t b);
// a / b; b is not zero.
fqt_scale_t fqt_scale_divide(fqt_scale_t a, fqt_scale_t b);

fqt_scale_t fqt_scale_square_root(fqt_scale_t a);

// a * 2^k
static inline fqt_scale_t fqt_scale_shifted(fqt_scale_t a, int32_t k) {
    if (a.mantissa != 0) {
        a.exponent += k;
    }
    return a;
}

static inline int32_t fqt_clamp(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

// value * a, rounded to nearest (halves up), limited to +-(2^31 - 1).
static inline int32_t fqt_fixed_multiply(int32_t value, fqt_scale_t a) {
    int64_t product = (int64_t)value * (int32_t)a.mantissa;
    int32_t shift = -a.exponent;
    if (shift > 62) {
        return 0;
    }
    if (shift > 0) {
        product = (product + ((int64_t)1 << (shift - 1))) >> shift;
    } else if (shift < 0 && product != 0) {
        // |product| >= 2^30: doubled once, it has left the range.
        return product > 0 ? INT32_MAX : -INT32_MAX;
    }
    if (product > INT32_MAX) {
        return INT32_MAX;
    }
    return product < -INT32_MAX ? -INT32_MAX : (int32_t)product;
}

#endif
