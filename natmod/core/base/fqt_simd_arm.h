// The functions of fqt_simd.h as instructions of Armv7E-M; each names its own. What they compute is written in C in
// fqt_simd_emulated.h.
#ifndef FQT_SIMD_ARM_H
#define FQT_SIMD_ARM_H

#include <arm_acle.h>

// LDR, LDR: two words that follow each other.
FQT_INLINE void fqt_load_two(const fqt_pair_t *pair, uint32_t *restrict first, uint32_t *restrict second) {
    __asm__ volatile("ldr %0, %2\n\tldr %1, %3" : "=&r"(*first), "=r"(*second) : "m"(pair[0]), "m"(pair[1]) : "memory");
}

// LDR, five times: two neighbours at any address, four words that follow each other.
FQT_INLINE void fqt_load_pair_and_four(const int16_t *pair, const fqt_pair_t *words, uint32_t to[5]) {
    __asm__ volatile("ldr %0, %5\n\tldr %1, %6\n\tldr %2, %7\n\tldr %3, %8\n\tldr %4, %9"
        : "=&r"(to[0]), "=&r"(to[1]), "=&r"(to[2]), "=&r"(to[3]), "=r"(to[4])
        : "m"(pair[0]), "m"(words[0]), "m"(words[1]), "m"(words[2]), "m"(words[3])
        : "memory");
}

// SXTAB16: pair + bytes 0 and 2, halves apart.
FQT_INLINE uint32_t fqt_add_even_bytes(uint32_t pair, uint32_t word) {
    uint32_t sum;
    __asm__("sxtab16 %0, %1, %2" : "=r"(sum) : "r"(pair), "r"(word));
    return sum;
}

// SXTAB16 with ROR: pair + bytes 1 and 3, halves apart.
FQT_INLINE uint32_t fqt_add_odd_bytes(uint32_t pair, uint32_t word) {
    uint32_t sum;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(sum) : "r"(pair), "r"(word));
    return sum;
}

// PKHBT with LSL: the lower halves of both.
FQT_INLINE uint32_t fqt_lower_halves(uint32_t a, uint32_t b) {
    uint32_t pair;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(a), "r"(b));
    return pair;
}

// PKHTB with ASR: the upper halves of both.
FQT_INLINE uint32_t fqt_upper_halves(uint32_t a, uint32_t b) {
    uint32_t pair;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(b), "r"(a));
    return pair;
}

// PKHBT: the lower half of a, the upper half of b.
FQT_INLINE uint32_t fqt_lower_and_upper(uint32_t a, uint32_t b) {
    uint32_t pair;
    __asm__("pkhbt %0, %1, %2" : "=r"(pair) : "r"(a), "r"(b));
    return pair;
}

// SMLAD: sum + the products of the lower and the upper halves.
FQT_INLINE int32_t fqt_multiply_add_pair(uint32_t a, uint32_t b, int32_t sum) {
    return __smlad((int16x2_t)a, (int16x2_t)b, sum);
}

// SMLADX: sum + the lower half of a * the upper half of b + the upper half of a * the lower half of b.
FQT_INLINE int32_t fqt_multiply_add_crossed(uint32_t a, uint32_t b, int32_t sum) {
    return __smladx((int16x2_t)a, (int16x2_t)b, sum);
}

// SMLABB: sum + a * the lower half of b. a: 16 bits.
FQT_INLINE int32_t fqt_multiply_add_low(int32_t a, uint32_t b, int32_t sum) {
    return __smlabb(a, (int32_t)b, sum);
}

// SMMUL: the upper word of a product, without a register for the lower one.
FQT_INLINE int32_t fqt_multiply_upper(int32_t a, int32_t b) {
    int32_t product;
    __asm__("smmul %0, %1, %2" : "=r"(product) : "r"(a), "r"(b));
    return product;
}

// BFI: byte 0 of b becomes byte 1 of a.
FQT_INLINE int32_t fqt_pack_two(int32_t a, int32_t b) {
    __asm__("bfi %0, %1, #8, #8" : "+r"(a) : "r"(b));
    return a;
}

// SSUB8, SSUB8, SEL: the magnitudes of four bytes; that of -128 is 128.
FQT_INLINE uint32_t fqt_magnitudes(uint32_t bytes) {
    uint32_t magnitudes;
    uint32_t negated;
    const uint32_t zero = 0;
    __asm__("ssub8 %1, %3, %2\n\tssub8 %0, %2, %3\n\tsel %0, %2, %1" // the second tells which are 0 or more
        : "=&r"(magnitudes), "=&r"(negated)
        : "r"(bytes), "r"(zero));
    return magnitudes;
}

// QADD8: a + b, bytes apart, each limited to its range.
FQT_INLINE uint32_t fqt_add_bytes(uint32_t a, uint32_t b) {
    return (uint32_t)__qadd8((int8x4_t)a, (int8x4_t)b);
}

// QSUB8: a - b, bytes apart, each limited to its range.
FQT_INLINE uint32_t fqt_subtract_bytes(uint32_t a, uint32_t b) {
    return (uint32_t)__qsub8((int8x4_t)a, (int8x4_t)b);
}

// SSUB8, SEL, twice: the bytes of `bytes` where least <= x <= greatest, 0 elsewhere.
FQT_INLINE uint32_t fqt_where_between(uint32_t bytes, uint32_t x, uint32_t least, uint32_t greatest) {
    uint32_t difference;
    const uint32_t zero = 0;
    __asm__("ssub8 %1, %2, %3\n\tsel %0, %0, %5\n\tssub8 %1, %4, %2\n\tsel %0, %0, %5"
        : "+r"(bytes), "=&r"(difference)
        : "r"(x), "r"(least), "r"(greatest), "r"(zero));
    return bytes;
}

// SSUB8, SEL: the greater of each two of four bytes.
FQT_INLINE uint32_t fqt_greater_bytes(uint32_t a, uint32_t b) {
    uint32_t difference;
    uint32_t greater;
    __asm__("ssub8 %1, %2, %3\n\tsel %0, %2, %3" : "=r"(greater), "=&r"(difference) : "r"(a), "r"(b));
    return greater;
}

// SSUB8, SEL, twice: whether one of four bytes is below that of `least` or above that of `greatest`.
FQT_INLINE bool fqt_any_outside(uint32_t bytes, uint32_t least, uint32_t greatest) {
    uint32_t greater;
    uint32_t lesser;
    __asm__("ssub8 %0, %2, %3\n\tsel %0, %2, %3\n\tssub8 %1, %4, %2\n\tsel %1, %2, %4"
        : "=&r"(greater), "=&r"(lesser)
        : "r"(bytes), "r"(least), "r"(greatest));
    return ((greater ^ bytes) | (lesser ^ bytes)) != 0;
}

// UQSUB8: whether one of four unsigned bytes is above that of `limits`.
FQT_INLINE bool fqt_any_above(uint32_t bytes, uint32_t limits) {
    return __uqsub8(bytes, limits) != 0;
}

// SSAT: the nearest int8.
FQT_INLINE int32_t fqt_saturated(int32_t value) {
    return __ssat(value, 8);
}

#include "fqt_simd_loops_arm.h"

#endif
