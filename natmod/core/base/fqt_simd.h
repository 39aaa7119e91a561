// Two multiply-adds an instruction where the core has them (Armv7E-M: Cortex-M4, M7, M33 with DSP), plain C elsewhere with
// the same results; and how fast code is marked in a module that is otherwise compiled for size.
#ifndef FQT_SIMD_H
#define FQT_SIMD_H

#include <stdbool.h>
#include <stdint.h>

// Where text is scarcer than cycles: boards with this core have less of both, and its kernels gain less.
#ifdef __ARM_ARCH_6M__
#define FQT_SPARES_TEXT (1)
#else
#define FQT_SPARES_TEXT (0)
#endif

#if defined(__OPTIMIZE_SIZE__) && !defined(__clang__)
#define FQT_HOT_FORWARD __attribute__((optimize("O2", "no-schedule-insns"))) // loads moved ahead cost registers
#else
#define FQT_HOT_FORWARD
#endif
// What only training runs is small code where text is spared.
#if FQT_SPARES_TEXT || !defined(__OPTIMIZE_SIZE__) || defined(__clang__)
#define FQT_HOT
#define FQT_WITH_LOOP_OPTIMIZER
#else
#define FQT_HOT FQT_HOT_FORWARD
#define FQT_WITH_LOOP_OPTIMIZER __attribute__((optimize("O2", "no-schedule-insns", "tree-loop-optimize")))
#endif
#define FQT_NOINLINE __attribute__((noinline))
// An inner loop that needs all registers for itself.
#define FQT_KERNEL FQT_HOT FQT_NOINLINE
#define FQT_LOOP static FQT_KERNEL
#define FQT_KERNEL_FORWARD FQT_HOT_FORWARD FQT_NOINLINE
#define FQT_LOOP_FORWARD static FQT_KERNEL_FORWARD
// The same for one whose registers do not suffice without the loop optimizer, which elsewhere makes loops longer and slower
// (natmod/Makefile leaves it out).
#define FQT_OPTIMIZED_LOOP static FQT_WITH_LOOP_OPTIMIZER FQT_NOINLINE
#define FQT_INLINE static inline __attribute__((always_inline))

// A condition whose code shall not stand in the way of the usual case.
#ifdef __GNUC__
#define FQT_UNLIKELY(condition) __builtin_expect(condition, 0)
#else
#define FQT_UNLIKELY(condition) (condition)
#endif

// A value that shall be in a register: a constant that is not built anew for each use, a value that is not extended before
// its lower byte is stored.
FQT_INLINE uint32_t fqt_in_register(uint32_t value) {
#ifdef __arm__
    __asm__("" : "+r"(value));
#endif
    return value;
}

// Four values that are all in registers here: the loads before then follow each other, and overlap in the pipeline of
// Cortex-M3 and later.
#if defined(__arm__) && !defined(__ARM_ARCH_6M__)
#define FQT_TOGETHER(a, b, c, d) __asm__("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d))
#else
#define FQT_TOGETHER(a, b, c, d)
#endif

// Cortex-M0+ reaches its upper registers by copies alone, and a compiler left to itself takes the slower stack. Four
// variables of FQT_HIGH_REGISTER(8) to (11) are there where a loop names them so. GCC that compiles for size does not save
// these registers: a function that uses them does.
#ifdef __ARM_ARCH_6M__
#define FQT_HIGH_REGISTER(number) __asm__("r" #number)
#define FQT_IN_HIGH_REGISTERS(a, b, c, d) __asm__("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d))
#define FQT_SAVE_HIGH_REGISTERS(to)                                                                                    \
    __asm__ volatile("mov %0, r8\n\tmov %1, r9\n\tmov %2, r10\n\tmov %3, r11"                                          \
        : "=l"((to)[0]), "=l"((to)[1]), "=l"((to)[2]), "=l"((to)[3]))
#define FQT_RESTORE_HIGH_REGISTERS(from)                                                                               \
    __asm__ volatile("mov r8, %0\n\tmov r9, %1\n\tmov r10, %2\n\tmov r11, %3"                                          \
        :                                                                                                              \
        : "l"((from)[0]), "l"((from)[1]), "l"((from)[2]), "l"((from)[3]))
#else
#define FQT_HIGH_REGISTER(number)
#define FQT_IN_HIGH_REGISTERS(a, b, c, d)
#define FQT_SAVE_HIGH_REGISTERS(to) (void)(to)
#define FQT_RESTORE_HIGH_REGISTERS(from) (void)(from)
#endif

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
#define FQT_HAS_DSP (1)
#include <arm_acle.h>

// Four bytes, at any address.
FQT_INLINE uint32_t fqt_load4(const void *bytes) {
    uint32_t word;
    __builtin_memcpy(&word, bytes, 4);
    return word;
}

FQT_INLINE void fqt_store4(void *bytes, uint32_t word) {
    __builtin_memcpy(bytes, &word, 4);
}

// Four bytes of a row and of the one `row_bytes` on; gives where the next four are. Loads that follow each other overlap in
// the pipeline, and a compiler sets them apart.
FQT_INLINE const int8_t *fqt_load_two_rows(
    const int8_t *row, uint32_t row_bytes, uint32_t *restrict word, uint32_t *restrict next_word) {
    __asm__ volatile("ldr %1, [%2, %3]\n\tldr %0, [%2], #4"
        : "=&r"(*word), "=&r"(*next_word), "+r"(row)
        : "r"(row_bytes)
        : "memory");
    return row;
}

// Eight bytes at any address, as two words, without a register for the address.
FQT_INLINE void fqt_load8(const void *bytes, uint32_t *restrict word, uint32_t *restrict next_word) {
    uint32_t address = (uint32_t)bytes;
    __asm__ volatile("ldr %0, [%1]\n\tldr %1, [%1, #4]" : "=&r"(*word), "+r"(address) : : "memory");
    *next_word = address;
}

// Two words that follow each other; gives where the next ones are.
FQT_INLINE const uint32_t *fqt_load_two(const uint32_t *pair, uint32_t *restrict first, uint32_t *restrict second) {
    __asm__ volatile("ldr %1, [%2, #4]\n\tldr %0, [%2], #8" : "=&r"(*first), "=&r"(*second), "+r"(pair) : : "memory");
    return pair;
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

// The magnitudes of four bytes; that of -128 is 128.
FQT_INLINE uint32_t fqt_magnitudes(uint32_t bytes) {
    uint32_t magnitudes;
    uint32_t negated;
    const uint32_t zero = 0;
    __asm__("ssub8 %1, %3, %2\n\tssub8 %0, %2, %3\n\tsel %0, %2, %1" // the second tells which are 0 or more
        : "=&r"(magnitudes), "=&r"(negated)
        : "r"(bytes), "r"(zero));
    return magnitudes;
}

// a - b, halves apart.
FQT_INLINE uint32_t fqt_subtract_pair(uint32_t a, uint32_t b) {
    return (uint32_t)__ssub16((int16x2_t)a, (int16x2_t)b);
}

// pair + bytes 0 and 2, halves apart; + bytes 1 and 3.
FQT_INLINE uint32_t fqt_add_even_bytes(uint32_t pair, uint32_t word) {
    uint32_t sum;
    __asm__("sxtab16 %0, %1, %2" : "=r"(sum) : "r"(pair), "r"(word));
    return sum;
}

FQT_INLINE uint32_t fqt_add_odd_bytes(uint32_t pair, uint32_t word) {
    uint32_t sum;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(sum) : "r"(pair), "r"(word));
    return sum;
}

// The lower half of a, the upper half of b.
FQT_INLINE uint32_t fqt_lower_and_upper(uint32_t a, uint32_t b) {
    uint32_t pair;
    __asm__("pkhbt %0, %1, %2" : "=r"(pair) : "r"(a), "r"(b));
    return pair;
}

// sum + the lower half of a * the upper half of b + the upper half of a * the lower half of b.
FQT_INLINE int32_t fqt_multiply_add_crossed(uint32_t a, uint32_t b, int32_t sum) {
    return __smladx((int16x2_t)a, (int16x2_t)b, sum);
}

// The upper word of a product, without a register for the lower one.
FQT_INLINE int32_t fqt_multiply_upper(int32_t a, int32_t b) {
    int32_t product;
    __asm__("smmul %0, %1, %2" : "=r"(product) : "r"(a), "r"(b));
    return product;
}

// One byte four times.
FQT_INLINE uint32_t fqt_four_bytes(int32_t byte) {
    return 0x01010101u * (uint8_t)byte;
}

// The lower bytes of two numbers, in bytes 0 and 1.
FQT_INLINE int32_t fqt_pack_two(int32_t a, int32_t b) {
    __asm__("bfi %0, %1, #8, #8" : "+r"(a) : "r"(b));
    return a;
}

// The lower bytes of four numbers.
FQT_INLINE uint32_t fqt_pack_bytes(int32_t a, int32_t b, int32_t c, int32_t d) {
    return fqt_lower_halves((uint32_t)fqt_pack_two(a, b), (uint32_t)fqt_pack_two(c, d));
}

// The bytes of `bytes` where least <= x <= greatest, 0 elsewhere.
FQT_INLINE uint32_t fqt_where_between(uint32_t bytes, uint32_t x, uint32_t least, uint32_t greatest) {
    uint32_t difference;
    const uint32_t zero = 0;
    __asm__("ssub8 %1, %2, %3\n\tsel %0, %0, %5\n\tssub8 %1, %4, %2\n\tsel %0, %0, %5"
        : "+r"(bytes), "=&r"(difference)
        : "r"(x), "r"(least), "r"(greatest), "r"(zero));
    return bytes;
}

// The greater of each two of four bytes.
FQT_INLINE uint32_t fqt_greater_bytes(uint32_t a, uint32_t b) {
    uint32_t difference;
    uint32_t greater;
    __asm__("ssub8 %1, %2, %3\n\tsel %0, %2, %3" : "=r"(greater), "=&r"(difference) : "r"(a), "r"(b));
    return greater;
}

// Whether one of four bytes is below that of `least` or above that of `greatest`.
FQT_INLINE bool fqt_any_outside(uint32_t bytes, uint32_t least, uint32_t greatest) {
    uint32_t outside;
    const uint32_t zero = 0;
    __asm__("ssub8 %0, %3, %1\n\tsel %0, %4, %5\n\tssub8 %2, %1, %2\n\tsel %0, %0, %5"
        : "=&r"(outside), "+r"(bytes), "+r"(least)
        : "r"(greatest), "r"(zero), "r"(~zero));
    return outside != 0;
}

// Whether one of four bytes is above that of `limits`.
FQT_INLINE bool fqt_any_above(uint32_t bytes, uint32_t limits) {
    return __uqsub8(bytes, limits) != 0;
}

FQT_INLINE int32_t fqt_saturated(int32_t value) {
    return __ssat(value, 8);
}
#else
#define FQT_HAS_DSP (0)

// The nearest int8.
FQT_INLINE int32_t fqt_saturated(int32_t value) {
    return value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value;
}
#endif

#endif
