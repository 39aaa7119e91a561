// See fqt_terms.h. Eight sums at a time stay in registers (on Cortex-M0+ four) and take one term after another: a load,
// a multiplication and an addition for each. On the desk, two terms meet all sums, as many of them at once as a vector
// has room for.
#include "fqt_terms.h"

#if !FQT_VECTORS
FQT_INLINE void add_two(int32_t error, const int8_t *bytes, int32_t sums[2]) {
    int32_t byte_0 = fqt_signed_byte(&bytes[0]);
    int32_t byte_1 = fqt_signed_byte(&bytes[1]);
    FQT_TWO_TOGETHER(byte_0, byte_1);
    sums[0] += error * byte_0;
    sums[1] += error * byte_1;
}
#endif

FQT_KERNEL void fqt_add_terms(const fqt_term_t *terms, const int8_t *bytes, int32_t count, int32_t *sum) {
#ifdef __ARM_ARCH_6M__
    uint32_t saved[4];
    FQT_SAVE_HIGH_REGISTERS(saved);
    for (; count >= 4; count -= 4, bytes += 4, sum += 4) {
        register int32_t sum_0 FQT_HIGH_REGISTER(8) = sum[0];
        register int32_t sum_1 FQT_HIGH_REGISTER(9) = sum[1];
        register int32_t sum_2 FQT_HIGH_REGISTER(10) = sum[2];
        register int32_t sum_3 FQT_HIGH_REGISTER(11) = sum[3];
        // Four places in the bytes from their start: 5.5 cycles a product. The list ends with what is added besides.
        const fqt_term_t *term = terms;
        const int8_t *byte_1 = bytes + 1;
        const int8_t *byte_2 = bytes + 2;
        const int8_t *byte_3 = bytes + 3;
        int32_t product;
        __asm__(".syntax unified\n\t"
                "b 2f\n"
                "1:\n\t"
                "ldrsb %[product], [%[byte_0], r1]\n\t"
                "muls %[product], r0\n\t"
                "add %[sum_0], %[product]\n\t"
                "ldrsb %[product], [%[byte_1], r1]\n\t"
                "muls %[product], r0\n\t"
                "add %[sum_1], %[product]\n\t"
                "ldrsb %[product], [%[byte_2], r1]\n\t"
                "muls %[product], r0\n\t"
                "add %[sum_2], %[product]\n\t"
                "ldrsb %[product], [%[byte_3], r1]\n\t"
                "muls %[product], r0\n\t"
                "add %[sum_3], %[product]\n"
                "2:\n\t"
                "ldmia %[term]!, {r0, r1}\n\t"
                "cmp r0, #0\n\t"
                "bne 1b\n\t"
                "add %[sum_0], r1\n\t"
                "add %[sum_1], r1\n\t"
                "add %[sum_2], r1\n\t"
                "add %[sum_3], r1"
            : [term] "+l"(term), [product] "=&l"(product), [sum_0] "+r"(sum_0), [sum_1] "+r"(sum_1),
            [sum_2] "+r"(sum_2), [sum_3] "+r"(sum_3)
            : [byte_0] "l"(bytes), [byte_1] "l"(byte_1), [byte_2] "l"(byte_2), [byte_3] "l"(byte_3)
            : "r0", "r1", "cc", "memory");
        sum[0] = sum_0;
        sum[1] = sum_1;
        sum[2] = sum_2;
        sum[3] = sum_3;
    }
    FQT_RESTORE_HIGH_REGISTERS(saved);
#elif FQT_VECTORS
    for (const fqt_term_t *term = terms; term->error != 0; term += 2) {
        const int8_t *first = bytes + term[0].place;
        const int8_t *second = bytes + term[1].place;
        const int32_t error = term[0].error;
        const int32_t other_error = term[1].error;
        for (int32_t i = 0; i < count; ++i) {
            sum[i] += error * first[i] + other_error * second[i];
        }
    }
    count = 0;
#else
    for (; count >= 8; count -= 8, bytes += 8, sum += 8) {
        int32_t sums[8] = {sum[0], sum[1], sum[2], sum[3], sum[4], sum[5], sum[6], sum[7]};
        const fqt_term_t *term = terms;
        FQT_IN_MEMORY(sum);
        for (; term->error != 0; ++term) {
            const int32_t error = term->error;
            const int8_t *at = bytes + term->place;
            add_two(error, &at[0], &sums[0]);
            add_two(error, &at[2], &sums[2]);
            add_two(error, &at[4], &sums[4]);
            add_two(error, &at[6], &sums[6]);
        }
        const int32_t more = term->place;
        sum[0] = sums[0] + more;
        sum[1] = sums[1] + more;
        sum[2] = sums[2] + more;
        sum[3] = sums[3] + more;
        sum[4] = sums[4] + more;
        sum[5] = sums[5] + more;
        sum[6] = sums[6] + more;
        sum[7] = sums[7] + more;
    }
#endif
    for (; count > 0; --count, ++bytes, ++sum) {
        int32_t one = *sum;
        const fqt_term_t *term = terms;
        for (; term->error != 0; ++term) {
            one += term->error * bytes[term->place];
        }
        *sum = one + term->place;
    }
}
