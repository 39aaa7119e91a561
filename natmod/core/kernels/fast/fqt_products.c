// See fqt_products.h. Four filters at a time meet one column, so that each of its elements is loaded once for four
// products. With DSP instructions (base/fqt_simd_loops_arm.h) four elements take two loads of the column, and for each
// filter a load, two extractions and two multiply-adds: 1.6 cycles a product on Cortex-M4, bound by the extraction of
// bytes. Two filters that meet two columns share the extraction too: 1.4 cycles. Cortex-M0+, with its sums in upper
// registers, takes 5.75 with one column, 5 with two; no compiler left to itself finds these loops. Others take two or
// four elements at a time, behind the last one of which the column is 0: with two columns 3.3 cycles a product on
// RISC-V, 3.9 on Xtensa.
#include "fqt_products.h"

#if FQT_HAS_DSP
// The last four elements may reach beyond the row, where the column is 0 (and readable bytes always follow the
// weights).
FQT_INLINE void multiply_filters_by_four(
    const int8_t *first, uint32_t row_bytes, uint32_t elements, const int16_t *column, int32_t sums[4]) {
    fqt_multiply_four_rows(first, row_bytes, elements, (const fqt_pair_t *)(const void *)column, sums);
}
#elif defined(__ARM_ARCH_6M__)
FQT_INLINE void multiply_filters_by_four(
    const int8_t *first, uint32_t row_bytes, uint32_t elements, const int16_t *column, int32_t sums[4]) {
    register int32_t sum_0 FQT_HIGH_REGISTER(8) = 0;
    register int32_t sum_1 FQT_HIGH_REGISTER(9) = 0;
    register int32_t sum_2 FQT_HIGH_REGISTER(10) = 0;
    register int32_t sum_3 FQT_HIGH_REGISTER(11) = 0;
    int32_t i = -(int32_t)elements;
    first += elements;
    const int8_t *second = first + row_bytes;
    const int8_t *third = second + row_bytes;
    const int8_t *fourth = third + row_bytes;
    int32_t value;
    int32_t product;
    __asm__(".syntax unified\n"
            "1:\n\t"
            "ldrh %[value], [%[column]]\n\t"
            "sxth %[value], %[value]\n\t"
            "adds %[column], #2\n\t"
            "ldrsb %[product], [%[first], %[i]]\n\t"
            "muls %[product], %[value]\n\t"
            "add %[sum_0], %[product]\n\t"
            "ldrsb %[product], [%[second], %[i]]\n\t"
            "muls %[product], %[value]\n\t"
            "add %[sum_1], %[product]\n\t"
            "ldrsb %[product], [%[third], %[i]]\n\t"
            "muls %[product], %[value]\n\t"
            "add %[sum_2], %[product]\n\t"
            "ldrsb %[product], [%[fourth], %[i]]\n\t"
            "muls %[product], %[value]\n\t"
            "add %[sum_3], %[product]\n\t"
            "adds %[i], #1\n\t"
            "bne 1b"
        : [column] "+l"(column), [i] "+l"(i), [value] "=&l"(value), [product] "=&l"(product), [sum_0] "+r"(sum_0),
        [sum_1] "+r"(sum_1), [sum_2] "+r"(sum_2), [sum_3] "+r"(sum_3)
        : [first] "l"(first), [second] "l"(second), [third] "l"(third), [fourth] "l"(fourth)
        : "cc", "memory");
    sums[0] = sum_0;
    sums[1] = sum_1;
    sums[2] = sum_2;
    sums[3] = sum_3;
}
#elif FQT_VECTORS
FQT_INLINE void multiply_filters_by_four(
    const int8_t *first, uint32_t row_bytes, uint32_t elements, const int16_t *column, int32_t sums[4]) {
    const int8_t *second = first + row_bytes;
    const int8_t *third = second + row_bytes;
    const int8_t *fourth = third + row_bytes;
    int32_t sum_0 = 0;
    int32_t sum_1 = 0;
    int32_t sum_2 = 0;
    int32_t sum_3 = 0;
    for (uint32_t i = 0; i < elements; ++i) {
        const int32_t value = column[i];
        sum_0 += first[i] * value;
        sum_1 += second[i] * value;
        sum_2 += third[i] * value;
        sum_3 += fourth[i] * value;
    }
    sums[0] = sum_0;
    sums[1] = sum_1;
    sums[2] = sum_2;
    sums[3] = sum_3;
}
#else
// Two elements of a filter.
FQT_INLINE int32_t multiply_two(const int8_t *row, int32_t value, int32_t next_value, int32_t sum) {
    int32_t weight = fqt_signed_byte(&row[0]);
    int32_t next_weight = fqt_signed_byte(&row[1]);
    FQT_TWO_TOGETHER(weight, next_weight);
    return sum + weight * value + next_weight * next_value;
}

FQT_INLINE void multiply_filters_by_four(
    const int8_t *first, uint32_t row_bytes, uint32_t elements, const int16_t *column, int32_t sums[4]) {
    const int8_t *second = first + row_bytes;
    const int8_t *third = second + row_bytes;
    const int8_t *fourth = third + row_bytes;
    int32_t sum_0 = 0;
    int32_t sum_1 = 0;
    int32_t sum_2 = 0;
    int32_t sum_3 = 0;
    const int16_t *end = column + elements;
    do {
        int32_t value = column[0];
        int32_t next_value = column[1];
        column += 2;
        FQT_TWO_TOGETHER(value, next_value);
        sum_0 = multiply_two(first, value, next_value, sum_0);
        first += 2;
        sum_1 = multiply_two(second, value, next_value, sum_1);
        second += 2;
        sum_2 = multiply_two(third, value, next_value, sum_2);
        third += 2;
        sum_3 = multiply_two(fourth, value, next_value, sum_3);
        fourth += 2;
    } while (column < end);
    sums[0] = sum_0;
    sums[1] = sum_1;
    sums[2] = sum_2;
    sums[3] = sum_3;
}
#endif

// Four filters at a time, the last few one by one as four that are the same.
FQT_KERNEL void fqt_multiply_filters(
    const int8_t *filters, uint32_t elements, const int16_t *column, int32_t count, int32_t *sums) {
    uint32_t saved[4];
    FQT_SAVE_HIGH_REGISTERS(saved);
    while (count > 0) {
        const uint32_t row_bytes = count >= 4 ? elements : 0;
        multiply_filters_by_four(filters, row_bytes, elements, column, sums);
        const int32_t rows = row_bytes != 0 ? 4 : 1;
        filters += (uint32_t)rows * elements;
        sums += rows;
        count -= rows;
    }
    FQT_RESTORE_HIGH_REGISTERS(saved);
}

#if FQT_HAS_DSP
FQT_KERNEL void fqt_multiply_filters_by_two(const int8_t *filters, uint32_t elements, const int16_t *columns,
    int32_t count, int32_t *sums, int32_t *other_sums) {
    for (; count > 0; count -= 2, sums += 2, other_sums += 2) {
        const uint32_t row_bytes = count >= 2 ? elements : 0;
        fqt_multiply_two_rows(
            filters, row_bytes, elements, (const fqt_pair_t *)(const void *)columns, sums, other_sums);
        filters += elements + row_bytes;
    }
}
#elif defined(__ARM_ARCH_6M__)
FQT_KERNEL void fqt_multiply_filters_by_two(
    const int8_t *filters, uint32_t elements, const int16_t *columns, int32_t count, int32_t *to, int32_t *other_to) {
    uint32_t saved[4];
    FQT_SAVE_HIGH_REGISTERS(saved);
    for (; count > 0; count -= 2, to += 2, other_to += 2) {
        const int8_t *first = filters + elements;
        const int8_t *second = count >= 2 ? first + elements : first;
        const fqt_pair_t *pair = (const fqt_pair_t *)(const void *)columns;
        register int32_t sum_0 FQT_HIGH_REGISTER(8) = 0;
        register int32_t sum_1 FQT_HIGH_REGISTER(9) = 0;
        register int32_t other_sum_0 FQT_HIGH_REGISTER(10) = 0;
        register int32_t other_sum_1 FQT_HIGH_REGISTER(11) = 0;
        int32_t i = -(int32_t)elements;
        // What moves on with its load, and flags of the sum that counts.
        int32_t value;
        int32_t other_value;
        int32_t weight;
        int32_t product;
        __asm__(".syntax unified\n\t"
                "1:\n\t"
                "ldmia %[pair]!, {%[other_value]}\n\t"
                "sxth %[value], %[other_value]\n\t"
                "asrs %[other_value], %[other_value], #16\n\t"
                "ldrsb %[weight], [%[first], %[i]]\n\t"
                "mov %[product], %[weight]\n\t"
                "muls %[product], %[value]\n\t"
                "add %[sum_0], %[product]\n\t"
                "muls %[weight], %[other_value]\n\t"
                "add %[other_sum_0], %[weight]\n\t"
                "ldrsb %[weight], [%[second], %[i]]\n\t"
                "muls %[value], %[weight]\n\t"
                "add %[sum_1], %[value]\n\t"
                "muls %[weight], %[other_value]\n\t"
                "add %[other_sum_1], %[weight]\n\t"
                "adds %[i], #1\n\t"
                "bne 1b"
            : [pair] "+l"(pair), [i] "+l"(i), [value] "=&l"(value), [other_value] "=&l"(other_value),
            [weight] "=&l"(weight), [product] "=&l"(product), [sum_0] "+r"(sum_0), [sum_1] "+r"(sum_1),
            [other_sum_0] "+r"(other_sum_0), [other_sum_1] "+r"(other_sum_1)
            : [first] "l"(first), [second] "l"(second)
            : "cc", "memory");
        to[0] = sum_0;
        to[1] = sum_1;
        other_to[0] = other_sum_0;
        other_to[1] = other_sum_1;
        filters = second;
    }
    FQT_RESTORE_HIGH_REGISTERS(saved);
}
#elif FQT_HAS_COLUMNS_OF_TWO
// An element of two filters and two columns: sums of the filters with the first, then with the second.
FQT_INLINE void multiply_two_by_two(
    const int8_t *first, const int8_t *second, const int16_t *columns, int32_t sums[4]) {
    int32_t value = columns[0];
    int32_t other_value = columns[1];
    int32_t weight = fqt_signed_byte(first);
    int32_t next_weight = fqt_signed_byte(second);
    FQT_TOGETHER(value, other_value, weight, next_weight);
    sums[0] += weight * value;
    sums[1] += next_weight * value;
    sums[2] += weight * other_value;
    sums[3] += next_weight * other_value;
}

FQT_KERNEL void fqt_multiply_filters_by_two(
    const int8_t *filters, uint32_t elements, const int16_t *columns, int32_t count, int32_t *to, int32_t *other_to) {
    for (; count > 0; count -= 2, to += 2, other_to += 2) {
        const uint32_t row_bytes = count >= 2 ? elements : 0;
        const int8_t *first = filters;
        const int8_t *second = filters + row_bytes;
        int32_t sums[4] = {0};
        const int16_t *column = columns;
        const int8_t *end = first + elements;
        do {
            multiply_two_by_two(&first[0], &second[0], &column[0], sums);
            multiply_two_by_two(&first[1], &second[1], &column[2], sums);
            multiply_two_by_two(&first[2], &second[2], &column[4], sums);
            multiply_two_by_two(&first[3], &second[3], &column[6], sums);
            first += 4;
            second += 4;
            column += 8;
        } while (first < end);
        to[0] = sums[0];
        to[1] = sums[1];
        other_to[0] = sums[2];
        other_to[1] = sums[3];
        filters += 2 * row_bytes;
    }
}
#endif
