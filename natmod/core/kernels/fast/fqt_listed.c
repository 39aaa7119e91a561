// See fqt_listed.h. Four filters at a time take an input: for each a load, a multiplication, an addition, and one of
// its address. That is 5.3 cycles a product on RISC-V, where products with all inputs take 4 (fqt_products.c).
#include "fqt_listed.h"

// An input is its value, 9 bits with the sign, above the elements from the one before to it; longer ways have steps
// with value 0.
#define STEP_BITS (7)
#define STEP_MOST ((1 << STEP_BITS) - 1)

FQT_KERNEL const int16_t *fqt_list_inputs(const int8_t *x, int32_t zero_point, uint32_t count, int16_t *list) {
    const int16_t *limit = list + 5 * count / 8;
    int32_t step = 0;
    for (const int8_t *end = x + count; x < end; ++step) {
        const int32_t value = *x++ - zero_point;
        if (value == 0 && step < STEP_MOST) {
            continue;
        }
        if (list == limit) {
            return NULL;
        }
        *list++ = (int16_t)(value * (1 << STEP_BITS) + step);
        step = 0;
    }
    return list;
}

FQT_KERNEL void fqt_multiply_listed(
    const int8_t *filters, uint32_t elements, const int16_t *list, const int16_t *end, int32_t count, int32_t *sums) {
    while (count > 0) { // as in fqt_multiply_filters
        const int32_t rows = count >= 4 ? 4 : 1;
        const uint32_t row_bytes = rows == 4 ? elements : 0;
        const int8_t *first = filters;
        const int8_t *second = first + row_bytes;
        const int8_t *third = second + row_bytes;
        const int8_t *fourth = third + row_bytes;
        int32_t sum_0 = 0;
        int32_t sum_1 = 0;
        int32_t sum_2 = 0;
        int32_t sum_3 = 0;
        for (const int16_t *input = list; input < end;) {
            const int32_t both = *input++;
            const int32_t step = both & STEP_MOST;
            const int32_t value = both >> STEP_BITS;
            first += step;
            second += step;
            third += step;
            fourth += step;
            int32_t weight_0 = fqt_signed_byte(first);
            int32_t weight_1 = fqt_signed_byte(second);
            int32_t weight_2 = fqt_signed_byte(third);
            int32_t weight_3 = fqt_signed_byte(fourth);
            FQT_TOGETHER(weight_0, weight_1, weight_2, weight_3);
            sum_0 += weight_0 * value;
            sum_1 += weight_1 * value;
            sum_2 += weight_2 * value;
            sum_3 += weight_3 * value;
        }
        sums[0] = sum_0;
        sums[1] = sum_1;
        sums[2] = sum_2;
        sums[3] = sum_3;
        filters += (uint32_t)rows * elements;
        sums += rows;
        count -= rows;
    }
}
