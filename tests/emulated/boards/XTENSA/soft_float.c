// Arithmetic of float32, which the compiler calls where there is no floating-point unit, and conversions, from and to
// float64 too: IEEE 754, rounded to nearest, with subnormal numbers. Floats are their bits here, so that the desk can
// run this too (test_soft_float.py).
#include <stdint.h>

#define SIGN (0x80000000u)
#define INFINITE (0x7F800000u)
#define NOT_A_NUMBER (0x7FC00000u)

uint32_t __negsf2(uint32_t a);
uint32_t __addsf3(uint32_t a, uint32_t b);
uint32_t __subsf3(uint32_t a, uint32_t b);
uint32_t __mulsf3(uint32_t a, uint32_t b);
uint32_t __divsf3(uint32_t a, uint32_t b);
int32_t __unordsf2(uint32_t a, uint32_t b);
int32_t __ltsf2(uint32_t a, uint32_t b);
int32_t __gtsf2(uint32_t a, uint32_t b);
int32_t __fixsfsi(uint32_t a);
uint32_t __fixunssfsi(uint32_t a);
uint32_t __floatunsisf(uint32_t a);
uint32_t __floatsisf(int32_t a);
uint64_t __extendsfdf2(uint32_t a);
uint32_t __truncdfsf2(uint64_t a);
uint64_t __floatsidf(int32_t a);

static int is_nan(uint32_t a) {
    return (a & ~SIGN) > INFINITE;
}

static int is_infinite(uint32_t a) {
    return (a & ~SIGN) == INFINITE;
}

static int is_zero(uint32_t a) {
    return (a & ~SIGN) == 0;
}

static int leading_zeros(uint64_t a) {
    const uint32_t upper = (uint32_t)(a >> 32);
    return upper ? __builtin_clz(upper) : 32 + __builtin_clz((uint32_t)a);
}

// A finite number other than 0 is mantissa * 2^exponent; the mantissa has 24 bits.
static uint32_t mantissa_of(uint32_t a, int *exponent) {
    const int field = a >> 23 & 0xFF;
    uint32_t mantissa = a & 0x7FFFFF;
    if (field > 0) {
        *exponent = field - 150;
        return mantissa | 0x800000;
    }
    const int shift = __builtin_clz(mantissa) - 8;
    *exponent = -149 - shift;
    return mantissa << shift;
}

// Of what is shifted out, the lowest bit tells whether there was anything.
static uint64_t shifted_right(uint64_t a, int shift) {
    return shift < 64 ? a >> shift | ((a & ((1ull << shift) - 1)) != 0) : a != 0;
}

// The float nearest to mantissa * 2^exponent. What is no multiple of the mantissa's unit has its lowest bit set.
static uint32_t rounded(uint32_t sign, uint64_t mantissa, int exponent) {
    if (mantissa == 0) {
        return sign;
    }
    // 24 bits and 39 below them, with room for a carry.
    const int shift = leading_zeros(mantissa) - 1;
    mantissa = shift < 0 ? shifted_right(mantissa, 1) : mantissa << shift;
    int field = exponent - shift + 39 + 150;
    if (field < 1) {
        mantissa = shifted_right(mantissa, 1 - field);
        field = 1;
    }
    uint32_t kept = (uint32_t)(mantissa >> 39);
    const uint64_t rest = mantissa & ((1ull << 39) - 1);
    kept += rest > 1ull << 38 || (rest == 1ull << 38 && (kept & 1));
    // The bit above the 23 that are stored adds 1 to the exponent's field.
    return sign | (field > 254 ? INFINITE : ((uint32_t)(field - 1) << 23) + kept);
}

uint32_t __negsf2(uint32_t a) {
    return a ^ SIGN;
}

uint32_t __addsf3(uint32_t a, uint32_t b) {
    if (is_nan(a) || is_nan(b) || (is_infinite(a) && b == (a ^ SIGN))) {
        return NOT_A_NUMBER;
    }
    if (is_infinite(a) || is_infinite(b)) {
        return is_infinite(a) ? a : b;
    }
    if (is_zero(a) || is_zero(b)) {
        return is_zero(b) ? (is_zero(a) ? a & b : a) : b;
    }
    if ((a & ~SIGN) < (b & ~SIGN)) {
        const uint32_t larger = b;
        b = a;
        a = larger;
    }
    int exponent, exponent_b;
    const uint64_t larger = (uint64_t)mantissa_of(a, &exponent) << 38;
    uint64_t smaller = (uint64_t)mantissa_of(b, &exponent_b) << 38;
    smaller = shifted_right(smaller, exponent - exponent_b);
    if (larger == smaller && (a ^ b) == SIGN) {
        return 0;
    }
    return rounded(a & SIGN, (a ^ b) & SIGN ? larger - smaller : larger + smaller, exponent - 38);
}

uint32_t __subsf3(uint32_t a, uint32_t b) {
    return __addsf3(a, b ^ SIGN);
}

uint32_t __mulsf3(uint32_t a, uint32_t b) {
    const uint32_t sign = (a ^ b) & SIGN;
    if (is_nan(a) || is_nan(b) || (is_infinite(a) && is_zero(b)) || (is_zero(a) && is_infinite(b))) {
        return NOT_A_NUMBER;
    }
    if (is_infinite(a) || is_infinite(b) || is_zero(a) || is_zero(b)) {
        return sign | (is_zero(a) || is_zero(b) ? 0 : INFINITE);
    }
    int exponent_a, exponent_b;
    const uint64_t mantissa = (uint64_t)mantissa_of(a, &exponent_a) * mantissa_of(b, &exponent_b);
    return rounded(sign, mantissa, exponent_a + exponent_b);
}

uint32_t __divsf3(uint32_t a, uint32_t b) {
    const uint32_t sign = (a ^ b) & SIGN;
    if (is_nan(a) || is_nan(b) || (is_infinite(a) && is_infinite(b)) || (is_zero(a) && is_zero(b))) {
        return NOT_A_NUMBER;
    }
    if (is_infinite(a) || is_infinite(b) || is_zero(a) || is_zero(b)) {
        return sign | (is_zero(a) || is_infinite(b) ? 0 : INFINITE);
    }
    int exponent_a, exponent_b;
    const uint64_t dividend = (uint64_t)mantissa_of(a, &exponent_a) << 32;
    const uint32_t divisor = mantissa_of(b, &exponent_b);
    return rounded(sign, dividend / divisor << 1 | (dividend % divisor != 0), exponent_a - exponent_b - 33);
}

int32_t __unordsf2(uint32_t a, uint32_t b) {
    return is_nan(a) || is_nan(b);
}

// In the order of the numbers.
static int32_t order(uint32_t a) {
    return a & SIGN ? -(int32_t)(a & ~SIGN) : (int32_t)a;
}

// -1, 0, 1 as a is below, at, above b; the other side of what is asked for where one is not a number.
int32_t __ltsf2(uint32_t a, uint32_t b) {
    return __unordsf2(a, b) ? 1 : (order(a) > order(b)) - (order(a) < order(b));
}

int32_t __gtsf2(uint32_t a, uint32_t b) {
    return __unordsf2(a, b) ? -1 : __ltsf2(a, b);
}

int32_t __lesf2(uint32_t a, uint32_t b) __attribute__((alias("__ltsf2")));
int32_t __eqsf2(uint32_t a, uint32_t b) __attribute__((alias("__ltsf2")));
int32_t __nesf2(uint32_t a, uint32_t b) __attribute__((alias("__ltsf2")));
int32_t __gesf2(uint32_t a, uint32_t b) __attribute__((alias("__gtsf2")));

// Toward 0; what 32 bits do not hold, the compiler leaves undefined.
uint32_t __fixunssfsi(uint32_t a) {
    if (is_zero(a)) {
        return 0;
    }
    int exponent;
    const uint32_t mantissa = mantissa_of(a, &exponent);
    return exponent > 8 || exponent < -23 ? 0 : exponent < 0 ? mantissa >> -exponent : mantissa << exponent;
}

int32_t __fixsfsi(uint32_t a) {
    const uint32_t magnitude = __fixunssfsi(a);
    return (int32_t)(a & SIGN ? -magnitude : magnitude);
}

uint32_t __floatunsisf(uint32_t a) {
    return rounded(0, a, 0);
}

uint32_t __floatsisf(int32_t a) {
    return a < 0 ? rounded(SIGN, -(uint32_t)a, 0) : rounded(0, (uint32_t)a, 0);
}

// The float64 mantissa * 2^exponent. mantissa: up to 32 bits, not 0.
static uint64_t double_of(uint32_t sign, uint32_t mantissa, int exponent) {
    const int shift = __builtin_clz(mantissa) + 21; // to 53 bits
    const uint64_t field = (uint64_t)(exponent - shift + 52 + 1023);
    return (uint64_t)sign << 32 | (((field - 1) << 52) + ((uint64_t)mantissa << shift));
}

uint64_t __extendsfdf2(uint32_t a) {
    if (is_zero(a)) {
        return (uint64_t)a << 32;
    }
    if (is_nan(a) || is_infinite(a)) {
        return (uint64_t)(a & SIGN) << 32 | 0x7FFull << 52 | (uint64_t)(a & 0x7FFFFF) << 29;
    }
    int exponent;
    const uint32_t mantissa = mantissa_of(a, &exponent);
    return double_of(a & SIGN, mantissa, exponent);
}

uint32_t __truncdfsf2(uint64_t a) {
    const uint32_t sign = (uint32_t)(a >> 32) & SIGN;
    const int field = (int)(a >> 52) & 0x7FF;
    const uint64_t mantissa = a & ((1ull << 52) - 1);
    if (field == 0x7FF) {
        return mantissa ? NOT_A_NUMBER : sign | INFINITE;
    }
    return rounded(sign, field > 0 ? mantissa | 1ull << 52 : mantissa, (field > 0 ? field : 1) - 1075);
}

uint64_t __floatsidf(int32_t a) {
    return a == 0 ? 0 : a < 0 ? double_of(SIGN, -(uint32_t)a, 0) : double_of(0, (uint32_t)a, 0);
}
