// Two multiply-adds an instruction where the core has them (Armv7E-M: Cortex-M4, M7, M33 with DSP), plain C elsewhere with
// the same results; and how fast code is marked in a module that is otherwise compiled for size.
#ifndef FQT_SIMD_H
#define FQT_SIMD_H

#include <stdint.h>

#if defined(__OPTIMIZE_SIZE__) && !defined(__clang__)
#define FQT_HOT __attribute__((optimize("O2", "no-schedule-insns"))) // loads moved ahead cost registers
#else
#define FQT_HOT
#endif
// An inner loop that needs all registers for itself.
#define FQT_LOOP FQT_HOT static __attribute__((noinline))
#define FQT_INLINE static inline __attribute__((always_inline))

// A constant that shall stay in a register, not be built anew for each use.
FQT_INLINE uint32_t fqt_in_register(uint32_t constant) {
#ifdef __arm__
    __asm__("" : "+r"(constant));
#endif
    return constant;
}

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
#define FQT_HAS_DSP (1)
#include <arm_acle.h>

// Four bytes, at any address.
FQT_INLINE uint32_t fqt_load4(const void *bytes) {
    uint32_t word;
    __builtin_memcpy(&word, bytes, 4);
    return word;
}

// Bytes 0 and 2 as two 16-bit numbers; bytes 1 and 3.
FQT_INLINE uint32_t fqt_even_bytes(uint32_t word) {
    uint32_t pair;
    __asm__("sxtb16 %0, %1" : "=r"(pair) : "r"(word));
    return pair;
}

FQT_INLINE uint32_t fqt_odd_bytes(uint32_t word) {
    uint32_t pair;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(word));
    return pair;
}

// The lower halves of both; the upper halves.
FQT_INLINE uint32_t fqt_lower_halves(uint32_t a, uint32_t b) {
    uint32_t pair;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(a), "r"(b));
    return pair;
}

FQT_INLINE uint32_t fqt_upper_halves(uint32_t a, uint32_t b) {
    uint32_t pair;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(b), "r"(a));
    return pair;
}

// sum + the products of the lower and the upper halves.
FQT_INLINE int32_t fqt_multiply_add_pair(uint32_t a, uint32_t b, int32_t sum) {
    return __smlad((int16x2_t)a, (int16x2_t)b, sum);
}

// sum + a * the lower, or the upper, half of b. a: 16 bits.
FQT_INLINE int32_t fqt_multiply_add_low(int32_t a, uint32_t b, int32_t sum) {
    return __smlabb(a, (int32_t)b, sum);
}

FQT_INLINE int32_t fqt_multiply_add_high(int32_t a, uint32_t b, int32_t sum) {
    return __smlabt(a, (int32_t)b, sum);
}
// sum + the product of the upper halves.
FQT_INLINE int32_t fqt_multiply_add_upper(uint32_t a, uint32_t b, int32_t sum) {
    return __smlatt((int32_t)a, (int32_t)b, sum);
}

// a - b, halves apart.
FQT_INLINE uint32_t fqt_subtract_pair(uint32_t a, uint32_t b) {
    return (uint32_t)__ssub16((int16x2_t)a, (int16x2_t)b);
}
#else
#define FQT_HAS_DSP (0)
#endif

#endif
