// How gradients move weights: filters of convolutions, and rows of dense layers. docs/arithmetic.md, section 7; the
// plain version with the same bits is plain/fqt_update_weights.c.
//
// Most steps are smaller than a weight's unit, and stochastic rounding leaves most weights as they are: the sum of step
// and dither is formed first, and only when one of four reaches a whole unit are weights loaded at all. In a row this
// takes an extraction, a multiply-add and an addition (rate * x + dither; rate * zx is taken off beforehand).
#include "../../base/fqt_simd.h"
#include "../fqt_kernels.h"

// weight -= the whole units of a sum of step and dither
FQT_LOOP void move_by_units(fqt_update_t *update, int8_t *weight, int32_t sum) {
    const int32_t moved = *weight - (sum >> 24);
    const int32_t value = fqt_clamp(moved, -INT8_MAX, INT8_MAX);
    if (FQT_UNLIKELY(value != moved)) {
        update->clamped = true;
    }
    *weight = (int8_t)value;
}

FQT_INLINE void move_weight(fqt_update_t *update, int8_t *weight, int32_t sum) {
    if (FQT_UNLIKELY((uint32_t)sum >> 24 != 0)) {
        move_by_units(update, weight, sum);
    }
}

#if !FQT_SPARES_TEXT
FQT_LOOP void move_four(
    fqt_update_t *update, int8_t *weight, int32_t sum_0, int32_t sum_1, int32_t sum_2, int32_t sum_3) {
    move_weight(update, weight, sum_0);
    move_weight(update, weight + 1, sum_1);
    move_weight(update, weight + 2, sum_2);
    move_weight(update, weight + 3, sum_3);
}
#endif

// A rate by which the product's upper word is enough, of gradients up to `limit` that are shifted to the left where the
// rate is great. The step then is below 2^29.
typedef struct {
    fqt_multiplier_t multiplier;
    int32_t left;
    uint32_t limit;
} short_rate_t;

FQT_INLINE int32_t short_sum(int32_t gradient, const short_rate_t *rate, uint32_t dither) {
    const int32_t shifted = (int32_t)((uint32_t)gradient << rate->left);
    return fqt_requantise_short(shifted, &rate->multiplier) + (int32_t)(dither >> 8);
}

// The bits of a number but for its sign.
FQT_INLINE uint32_t bits_of(int32_t value) {
    return (uint32_t)(value ^ value >> 31);
}

// Weights j + i to j + count - 1 by the short way: with DSP instructions, which multiply in a cycle, four at a time, 15
// cycles a weight on Cortex-M4. Gives where it ends: a gradient is too great for it.
FQT_LOOP uint32_t update_shortly(fqt_update_t *update, uint32_t j, const int32_t *gradient, uint32_t i, uint32_t count,
    const short_rate_t *short_rate) {
    const short_rate_t rate = *short_rate;
    const uint32_t dither_step = fqt_in_register(FQT_DITHER_STEP);
    uint32_t dither = fqt_dither(update->base, j + i);
    int8_t *weight = update->weights + j + i;
    gradient += i;
#if FQT_HAS_DSP
    for (; i + 4 <= count; i += 4, weight += 4) {
        int32_t sum_0 = *gradient++;
        int32_t sum_1 = *gradient++;
        int32_t sum_2 = *gradient++;
        int32_t sum_3 = *gradient++;
        FQT_TOGETHER(sum_0, sum_1, sum_2, sum_3);
        if (FQT_UNLIKELY((bits_of(sum_0) | bits_of(sum_1) | bits_of(sum_2) | bits_of(sum_3)) > rate.limit)) {
            gradient -= 4;
            break;
        }
        sum_0 = short_sum(sum_0, &rate, dither);
        dither += dither_step;
        sum_1 = short_sum(sum_1, &rate, dither);
        dither += dither_step;
        sum_2 = short_sum(sum_2, &rate, dither);
        dither += dither_step;
        sum_3 = short_sum(sum_3, &rate, dither);
        dither += dither_step;
        if ((uint32_t)(sum_0 | sum_1 | sum_2 | sum_3) >> 24 != 0) {
            move_four(update, weight, sum_0, sum_1, sum_2, sum_3);
        }
    }
#endif
    for (; i < count && bits_of(*gradient) <= rate.limit; ++i, ++weight, dither += dither_step) {
        move_weight(update, weight, short_sum(*gradient++, &rate, dither));
    }
    return i;
}

void fqt_update_weights(fqt_update_t *update, uint32_t j, const int32_t *gradient, uint32_t count, fqt_scale_t rate) {
    const int32_t shift = 33 + fqt_scale_exponent(rate); // of the product's upper word, to the left
    const bool is_short = shift >= -29 && shift <= 30;
    const int32_t left = is_short && shift > 0 ? shift : 0;
    const short_rate_t short_rate = {
        {(int32_t)fqt_scale_mantissa(rate), (uint32_t)(left - shift)}, left, (uint32_t)INT32_MAX >> left};
    for (uint32_t i = 0; i < count; ++i) {
        if (is_short) {
            i = update_shortly(update, j, gradient, i, count, &short_rate);
        }
        if (i < count) {
            const int32_t step = fqt_fixed_multiply(gradient[i], rate);
            fqt_update_weight(update, j + i, fqt_clamp(step, -FQT_STEP_LIMIT, FQT_STEP_LIMIT));
        }
    }
}

FQT_HOT void fqt_update_row(
    fqt_update_t *update, uint32_t j, const int8_t *x, int32_t zx, int32_t count, int32_t rate) {
    int8_t *weight = update->weights + j;
    const int32_t centre = -rate * zx;
    const uint32_t dither_step = fqt_in_register(FQT_DITHER_STEP);
    uint32_t dither = fqt_dither(update->base, j);
#if !FQT_SPARES_TEXT
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
#endif
    for (; count > 0; --count, ++x, ++weight, dither += dither_step) {
        move_weight(update, weight, rate * *x + centre + (int32_t)(dither >> 8));
    }
}
