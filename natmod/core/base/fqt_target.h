// What the compiler is told about functions and values: which code shall be fast in a module that is otherwise compiled
// for size, which values shall lie in registers. And which core it is compiled for, or emulates on the desk, where
// tests and sanitizers meet the code of all cores:
//
//   FQT_EMULATE_DSP       Armv7E-M with DSP instructions (Cortex-M4, M7, M33)
//   FQT_EMULATE_ARMV6M    Armv6-M (Cortex-M0+)
//   FQT_VECTORS=0         the rest: Cortex-M3, RISC-V, Xtensa
#ifndef FQT_TARGET_H
#define FQT_TARGET_H

#include <stdint.h>

// Where text is scarcer than cycles: boards with this core have less of both, and its kernels gain less. It multiplies
// 32 bits to 32.
#if defined(__ARM_ARCH_6M__) || defined(FQT_EMULATE_ARMV6M)
#define FQT_SPARES_TEXT (1)
#define FQT_HAS_LONG_MULTIPLY (0)
#else
#define FQT_SPARES_TEXT (0)
#define FQT_HAS_LONG_MULTIPLY (1)
#endif

// Whether the core divides 32 bits by 32.
#if (defined(__ARM_FEATURE_IDIV) && __ARM_FEATURE_IDIV) || defined(__riscv_div) || defined(__XTENSA_WINDOWED_ABI__)    \
    || defined(FQT_EMULATE_DSP)
#define FQT_HAS_DIVIDE (1)
#else
#define FQT_HAS_DIVIDE (0)
#endif

// Whether loops over neighbours become vectors: in the core's library for the desk (SSE2, AVX2, NEON). These loops are
// plain C, in the shape that compilers recognise.
#ifndef FQT_VECTORS
#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(__OPTIMIZE_SIZE__) && !defined(FQT_EMULATE_DSP)
#define FQT_VECTORS (!FQT_SPARES_TEXT)
#else
#define FQT_VECTORS (0)
#endif
#endif

// Loads moved ahead of their use cost registers, of which RISC-V has enough; Xtensa's compiler moves what it can once
// it has chosen them. Where cores multiply no pairs, kernels have the order in which values shall be used, and the
// compiler keeps it (no-tree-ter). Cortex-M3 and later take a cycle more to an instruction of 32 bits that is not
// aligned.
#if defined(__riscv)
#define FQT_SPEED "O2", "schedule-insns", "schedule-insns2"
#elif defined(__XTENSA__)
#define FQT_SPEED "O2", "no-schedule-insns", "no-tree-ter", "schedule-insns2"
#elif defined(__ARM_FEATURE_DSP)
#define FQT_SPEED "O2", "no-schedule-insns", "align-loops=4"
#elif defined(__thumb2__)
#define FQT_SPEED "O2", "no-schedule-insns", "no-tree-ter", "align-loops=4"
#else
#define FQT_SPEED "O2", "no-schedule-insns"
#endif
#if defined(__OPTIMIZE_SIZE__) && !defined(__clang__)
#define FQT_HOT __attribute__((optimize(FQT_SPEED)))
#else
#define FQT_HOT
#endif
#define FQT_NOINLINE __attribute__((noinline))
// An inner loop that needs all registers for itself.
#define FQT_KERNEL FQT_HOT FQT_NOINLINE
#define FQT_LOOP static FQT_KERNEL
// The same where text is not scarcer than cycles.
#if FQT_SPARES_TEXT
#define FQT_LOOP_WITH_ROOM static FQT_NOINLINE
#else
#define FQT_LOOP_WITH_ROOM FQT_LOOP
#endif
#define FQT_INLINE static inline __attribute__((always_inline))

// A condition whose code shall not stand in the way of the usual case.
#ifdef __GNUC__
#define FQT_UNLIKELY(condition) __builtin_expect(condition, 0)
#else
#define FQT_UNLIKELY(condition) (condition)
#endif

// A value that shall be in a register: a constant that is not built anew for each use, a value that is not extended
// before its lower byte is stored.
FQT_INLINE uint32_t fqt_in_register(uint32_t value) {
#if defined(__arm__) || defined(__riscv) || defined(__XTENSA__)
    __asm__("" : "+r"(value));
#endif
    return value;
}

// Four values, or two, that are all in registers here: the loads before then follow each other, overlap in the pipeline
// of Cortex-M3 and later, and are done before their use on Xtensa.
#if (defined(__arm__) && !defined(__ARM_ARCH_6M__)) || defined(__XTENSA__)
#define FQT_TOGETHER(a, b, c, d) __asm__("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d))
#define FQT_TWO_TOGETHER(a, b) __asm__("" : "+r"(a), "+r"(b))
#else
#define FQT_TOGETHER(a, b, c, d)
#define FQT_TWO_TOGETHER(a, b)
#endif

// A variable that shall lie in memory, so that others have its register.
#if defined(__arm__) || defined(__XTENSA__)
#define FQT_IN_MEMORY(variable) __asm__("" : "+m"(variable))
#else
#define FQT_IN_MEMORY(variable)
#endif

// Cortex-M0+ reaches its upper registers by copies alone, and a compiler left to itself takes the slower stack. Four
// variables of FQT_HIGH_REGISTER(8) to (11) are there where a loop names them so. GCC that compiles for size does not
// save these registers: a function that uses them does.
#ifdef __ARM_ARCH_6M__
#define FQT_HIGH_REGISTER(number) __asm__("r" #number)
#define FQT_SAVE_HIGH_REGISTERS(to)                                                                                    \
    __asm__ volatile("mov %0, r8\n\tmov %1, r9\n\tmov %2, r10\n\tmov %3, r11"                                          \
        : "=l"((to)[0]), "=l"((to)[1]), "=l"((to)[2]), "=l"((to)[3]))
#define FQT_RESTORE_HIGH_REGISTERS(from)                                                                               \
    __asm__ volatile("mov r8, %0\n\tmov r9, %1\n\tmov r10, %2\n\tmov r11, %3"                                          \
        :                                                                                                              \
        : "l"((from)[0]), "l"((from)[1]), "l"((from)[2]), "l"((from)[3]))
#else
#define FQT_SAVE_HIGH_REGISTERS(to) (void)(to)
#define FQT_RESTORE_HIGH_REGISTERS(from) (void)(from)
#endif

#endif
