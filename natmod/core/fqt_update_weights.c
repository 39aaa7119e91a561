// How gradients move weights: filters of convolutions, and rows of dense layers. docs/arithmetic.md, section 7; the plain
// version with the same bits is plain/fqt_update_weights.c.
//
// Most steps are smaller than a weight's unit, and stochastic rounding leaves most weights as they are: the sum of step and
// dither is formed first, and only when it reaches a whole unit is the weight loaded at all. In a row this takes an
// extraction, a multiply-add and an addition (rate * x + dither; rate * zx is taken off beforehand), and four are looked at
// together.
#include "fqt_simd.h"
#include "fqt_update.h"

// weight -= the whole units of a sum of step and dither, if there are any
FQT_INLINE void move_weight(fqt_update_t *update, int8_t *weight, int32_t sum) {
    if (FQT_UNLIKELY((uint32_t)sum >> 24 != 0)) {
        int32_t value = *weight - (sum >> 24);
        if (value > INT8_MAX || value < -INT8_MAX) {
            value = value > 0 ? INT8_MAX : -INT8_MAX;
            update->clamped = true;
        }
        *weight = (int8_t)value;
    }
}

// A step is rate * gradient, limited to FQT_STEP_LIMIT. Nearly always the product's upper word is enough, of the gradient
// shifted to the left where the rate is great; the step then is below 2^29 and needs no limit. About 22 cycles a weight on
// Cortex-M4.
FQT_HOT void fqt_update_weights(
    fqt_update_t *update, uint32_t j, const int32_t *gradient, uint32_t count, fqt_scale_t rate) {
    const int32_t shift = 33 + rate.exponent; // of the product's upper word, to the left
    const bool is_short = shift >= -29 && shift <= 31;
    const int32_t left = is_short && shift > 0 ? shift : 0;
    const fqt_multiplier_t multiplier = {(int32_t)rate.mantissa, shift > 0 ? 0 : (uint32_t)-shift};
    const uint32_t dither_step = fqt_in_register(FQT_DITHER_STEP);
    uint32_t dither = fqt_dither(update->base, j);
    int8_t *weight = update->weights + j;
    for (const int32_t *end = gradient + count; gradient < end; dither += dither_step, ++weight) {
        const int32_t value = *gradient++;
        const int32_t shifted = (int32_t)((uint32_t)value << left);
        int32_t step;
        if (FQT_UNLIKELY(shifted >> left != value || !is_short)) {
            step = fqt_clamp(fqt_fixed_multiply(value, rate), -FQT_STEP_LIMIT, FQT_STEP_LIMIT);
        } else {
            step = fqt_requantise_short(shifted, &multiplier);
        }
        move_weight(update, weight, step + (int32_t)(dither >> 8));
    }
}

FQT_LOOP void move_four(
    fqt_update_t *update, int8_t *weight, int32_t sum_0, int32_t sum_1, int32_t sum_2, int32_t sum_3) {
    move_weight(update, weight, sum_0);
    move_weight(update, weight + 1, sum_1);
    move_weight(update, weight + 2, sum_2);
    move_weight(update, weight + 3, sum_3);
}

FQT_HOT void fqt_update_row(
    fqt_update_t *update, uint32_t j, const int8_t *x, int32_t zx, int32_t count, int32_t rate) {
    int8_t *weight = update->weights + j;
    const int32_t centre = -rate * zx;
    const uint32_t dither_step = fqt_in_register(FQT_DITHER_STEP);
    uint32_t dither = fqt_dither(update->base, j);
    for (; count >= 4; count -= 4, x += 4, weight += 4) {
        int32_t sum_0 = x[0];
        int32_t sum_1 = x[1];
        int32_t sum_2 = x[2];
        int32_t sum_3 = x[3];
        FQT_TOGETHER(sum_0, sum_1, sum_2, sum_3);
        sum_0 = rate * sum_0 + centre;
        sum_1 = rate * sum_1 + centre;
        sum_2 = rate * sum_2 + centre;
        sum_3 = rate * sum_3 + centre;
        FQT_TOGETHER(sum_0, sum_1, sum_2, sum_3);
        sum_0 += (int32_t)(dither >> 8);
        dither += dither_step;
        sum_1 += (int32_t)(dither >> 8);
        dither += dither_step;
        sum_2 += (int32_t)(dither >> 8);
        dither += dither_step;
        sum_3 += (int32_t)(dither >> 8);
        dither += dither_step;
        if ((uint32_t)(sum_0 | sum_1 | sum_2 | sum_3) >> 24 != 0) {
            move_four(update, weight, sum_0, sum_1, sum_2, sum_3);
        }
    }
    for (; count > 0; --count, ++x, ++weight, dither += dither_step) {
        move_weight(update, weight, rate * *x + centre + (int32_t)(dither >> 8));
    }
}
