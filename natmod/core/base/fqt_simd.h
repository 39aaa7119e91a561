// Two multiply-adds an instruction where the core has them (Armv7E-M: Cortex-M4, M7, M33 with DSP): fqt_simd_arm.h. The
// same functions in C, for tests and sanitizers on the desk: fqt_simd_emulated.h. Kernels have plain C beside them for
// other cores, with the same results.
#ifndef FQT_SIMD_H
#define FQT_SIMD_H

#include <stdbool.h>
#include <stdint.h>

#include "fqt_target.h"

#if defined(FQT_EMULATE_DSP) || (defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP)
#define FQT_HAS_DSP (1)
#else
#define FQT_HAS_DSP (0)
#endif

// A byte with its sign: Xtensa loads bytes without, and its compilers take two shifts to extend them.
FQT_INLINE int32_t fqt_signed_byte(const int8_t *byte) {
#ifdef __XTENSA_WINDOWED_ABI__
    const uint32_t value = *(const uint8_t *)byte;
    int32_t extended;
    __asm__("sext %0, %1, 7" : "=r"(extended) : "r"(value));
    return extended;
#else
    return *byte;
#endif
}

// Two neighbours of an array of 16-bit numbers, as a word; the compiler knows that it is their memory.
typedef uint32_t __attribute__((may_alias)) fqt_pair_t;

#if FQT_HAS_DSP
// Four bytes, at any address.
FQT_INLINE uint32_t fqt_load4(const void *bytes) {
    uint32_t word;
    __builtin_memcpy(&word, bytes, 4);
    return word;
}

FQT_INLINE void fqt_store4(void *bytes, uint32_t word) {
    __builtin_memcpy(bytes, &word, 4);
}

// Two bytes, at any address.
FQT_INLINE uint32_t fqt_load2(const void *bytes) {
    uint16_t half;
    __builtin_memcpy(&half, bytes, 2);
    return half;
}

FQT_INLINE void fqt_store2(void *bytes, uint32_t half) {
    const uint16_t stored = (uint16_t)half;
    __builtin_memcpy(bytes, &stored, 2);
}

#ifdef FQT_EMULATE_DSP
#include "fqt_simd_emulated.h"
#else
#include "fqt_simd_arm.h"
#endif

// One byte four times.
FQT_INLINE uint32_t fqt_four_bytes(int32_t byte) {
    return 0x01010101u * (uint8_t)byte;
}
#else
// The nearest int8.
FQT_INLINE int32_t fqt_saturated(int32_t value) {
    return value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value;
}
#endif

#endif
