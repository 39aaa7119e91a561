// How gradients move weights: filters of convolutions, and rows of dense layers. docs/arithmetic.md, section 7; the
// plain version with the same bits is plain/fqt_update_weights.c.
//
// Most steps are smaller than a weight's unit, and stochastic rounding leaves most weights as they are: the sum of step
// and dither is formed first, and only when one of four reaches a whole unit are weights loaded at all. In a row this
// takes an extraction, a multiply-add and an addition (rate * x + dither; rate * zx is taken off beforehand). Where the
// row's greatest step is small, even that is left to the few weights whose dither it can carry over a unit (fqt_arc.h).
#include "../../base/fqt_arc.h"
#include "../../base/fqt_simd.h"
#include "../fqt_kernels.h"

// From the least to the greatest step of a row, in Q24 units: above, looking at all weights takes less time.
#define ARC_LIMIT (5 << 20)

// weight[j] -= the whole units of a sum of step and dither, in Q24 units of its last bit.
FQT_INLINE void move_weight(fqt_update_t *update, uint32_t j, int32_t sum) {
    if (FQT_UNLIKELY((uint32_t)sum >> 24 != 0)) {
        fqt_update_move(update, j, sum >> 24);
    }
}

#if FQT_HAS_DSP
// The whole units of four sums, a byte each.
FQT_INLINE uint32_t units_of(int32_t sum_0, int32_t sum_1, int32_t sum_2, int32_t sum_3) {
    const uint32_t even = fqt_upper_halves((uint32_t)sum_0, (uint32_t)sum_2);
    const uint32_t odd = fqt_upper_halves((uint32_t)sum_1, (uint32_t)sum_3);
    return (even >> 8 & 0x00FF00FF) | (odd & 0xFF00FF00);
}

#define HALVES (0x0F0F0F0Fu) // of four bytes
#define HALF (0x08080808u) // what makes them unsigned, and signed again

// Low bits of four weights, halves of bytes, move by units, a byte each. Returns by how much the weights then move.
FQT_INLINE uint32_t move_halves(uint8_t *halves, uint32_t units) {
    uint32_t spread = fqt_load2(halves);
    spread |= spread << 8;
    spread = (spread & 0x00FF00FF) | (spread & 0x00FF00FF) << 4;
    const uint32_t moved = fqt_subtract_bytes((spread & HALVES) ^ HALF, units);
    uint32_t packed = (moved & HALVES) ^ HALF;
    packed = (packed | packed >> 4) & 0x00FF00FF;
    fqt_store2(halves, packed | packed >> 8);
    return fqt_subtract_bytes(HALF, (moved >> 4 & HALVES) ^ HALF);
}

// Four weights at once. False when one would come to the end of its range; nothing moved then.
FQT_INLINE bool move_together(int8_t *weights, uint32_t units) {
    const uint32_t four = fqt_subtract_bytes(fqt_load4(weights), units);
    if (fqt_any_above(fqt_magnitudes(four), fqt_four_bytes(INT8_MAX - 1))) {
        return false;
    }
    fqt_store4(weights, four);
    return true;
}

// weight[j + i] -= byte i of units: of its last bit, or with `whole` of the weight.
FQT_LOOP void move_four(fqt_update_t *update, uint32_t j, uint32_t units, bool whole) {
    const uint32_t bits = update->low_bits_count;
    if ((whole || bits == 0) && move_together(update->weights + j, units)) {
        return;
    }
    for (; units != 0; units >>= 8, ++j) {
        fqt_update_move(update, j, (int8_t)units * (1 << (whole ? bits : 0)));
    }
}

// Whether low bits of four weights from j on lie in two bytes, to be moved at once.
FQT_INLINE bool are_halves(const fqt_update_t *update, uint32_t j) {
    return update->low_bits_count == 4 && j % 2 == 0;
}

// weight[j + n] -= the whole units of sum_n of its last bit; nearly always there are none.
FQT_INLINE void move_units(
    fqt_update_t *update, uint32_t j, int32_t sum_0, int32_t sum_1, int32_t sum_2, int32_t sum_3, bool has_halves) {
    if ((uint32_t)(sum_0 | sum_1 | sum_2 | sum_3) >> 24 == 0) {
        return;
    }
    uint32_t units = units_of(sum_0, sum_1, sum_2, sum_3);
    if (has_halves) {
        units = move_halves(update->low_bits + j / 2, units);
        if (units == 0) {
            return;
        }
    }
    move_four(update, j, units, has_halves);
}
#elif !FQT_SPARES_TEXT
static FQT_NOINLINE void move_four(fqt_update_t *update, uint32_t j, const int32_t sums[4]) {
    for (uint32_t i = 0; i < 4; ++i) {
        move_weight(update, j + i, sums[i]);
    }
}
#endif

// A rate by which the product's upper word is enough, of gradients up to `limit` (-limit - 1 included, so limit is 1 at
// least) that are shifted to the left where the rate is great. The step, in Q24 units of the last bit of a weight, then
// is at most 2^30.
typedef struct {
    fqt_multiplier_t multiplier;
    int32_t left;
    uint32_t low_bits;
    uint32_t limit;
} short_rate_t;

FQT_INLINE int32_t short_sum(int32_t gradient, const short_rate_t *rate, uint32_t dither) {
    const int32_t shifted = (int32_t)((uint32_t)gradient << rate->left);
    const int32_t step = fqt_requantise_short(shifted, &rate->multiplier);
    return (int32_t)(((uint32_t)step << rate->low_bits) + (dither >> 8));
}

// The bits of a number but for its sign.
FQT_INLINE uint32_t bits_of(int32_t value) {
    return (uint32_t)(value ^ value >> 31);
}

#define SUMS_TOGETHER (64) // for vectors

// Weights j + i to j + count - 1 by the short way: with DSP instructions, which multiply in a cycle, four at a time, 17
// cycles a weight on Cortex-M4; on the desk first the sums of many, which vectors form. Gives where it ends: a gradient
// is too great for it.
FQT_LOOP_WITH_ROOM uint32_t update_shortly(fqt_update_t *update, uint32_t j, const int32_t *gradient, uint32_t i,
    uint32_t count, const short_rate_t *short_rate) {
    const short_rate_t rate = *short_rate;
    const uint32_t dither_step = fqt_in_register(FQT_DITHER_STEP);
    uint32_t dither = fqt_dither(update->base, j + i);
    gradient += i;
#if FQT_HAS_DSP
    const bool has_halves = are_halves(update, j + i);
    for (; i + 4 <= count; i += 4, gradient += 4) {
        const volatile int32_t *four = gradient; // not two words at a time, which takes longer
        int32_t sum_0 = four[0];
        int32_t sum_1 = four[1];
        int32_t sum_2 = four[2];
        int32_t sum_3 = four[3];
        FQT_TOGETHER(sum_0, sum_1, sum_2, sum_3);
        if (FQT_UNLIKELY((bits_of(sum_0) | bits_of(sum_1) | bits_of(sum_2) | bits_of(sum_3)) > rate.limit)) {
            break;
        }
        sum_0 = short_sum(sum_0, &rate, dither); // one by one, or else there are not enough registers
        dither += dither_step;
        FQT_TOGETHER(sum_0, sum_1, sum_2, sum_3);
        sum_1 = short_sum(sum_1, &rate, dither);
        dither += dither_step;
        FQT_TOGETHER(sum_0, sum_1, sum_2, sum_3);
        sum_2 = short_sum(sum_2, &rate, dither);
        dither += dither_step;
        FQT_TOGETHER(sum_0, sum_1, sum_2, sum_3);
        sum_3 = short_sum(sum_3, &rate, dither);
        dither += dither_step;
        move_units(update, j + i, sum_0, sum_1, sum_2, sum_3, has_halves);
    }
#else
#if FQT_VECTORS
    while (i < count) {
        int32_t sums[SUMS_TOGETHER];
        const uint32_t together = count - i < SUMS_TOGETHER ? count - i : SUMS_TOGETHER;
        bool is_too_great = false;
        uint32_t any = 0;
        for (uint32_t k = 0; k < together; ++k) {
            is_too_great |= bits_of(gradient[k]) > rate.limit;
            sums[k] = short_sum(gradient[k], &rate, dither + k * dither_step);
            any |= (uint32_t)sums[k];
        }
        if (is_too_great) {
            break;
        }
        for (uint32_t k = 0; k < together && any >> 24 != 0; ++k) {
            move_weight(update, j + i + k, sums[k]);
        }
        i += together;
        gradient += together;
        dither += together * dither_step;
    }
#endif
    for (; i < count && bits_of(*gradient) <= rate.limit; ++i, dither += dither_step) {
        move_weight(update, j + i, short_sum(*gradient++, &rate, dither));
    }
#endif
    return i;
}

void fqt_update_weights(fqt_update_t *update, uint32_t j, const int32_t *gradient, uint32_t count, fqt_scale_t rate) {
    const int32_t shift = 33 + fqt_scale_exponent(rate); // of the product's upper word, to the left
    const bool is_short = shift >= -29 && shift + (int32_t)update->low_bits_count <= 30;
    const int32_t left = is_short && shift > 0 ? shift : 0;
    const short_rate_t short_rate = {{(int32_t)fqt_scale_mantissa(rate), (uint32_t)(left - shift)}, left,
        update->low_bits_count, (uint32_t)INT32_MAX >> left >> update->low_bits_count};
    for (uint32_t i = 0; i < count; ++i) {
        if (is_short) {
            i = update_shortly(update, j, gradient, i, count, &short_rate);
        }
        if (i < count) {
            const int32_t step = fqt_limited_multiply(rate, gradient[i], FQT_STEP_LIMIT);
            fqt_update_weight(update, j + i, step);
        }
    }
}

// rate * x - rate * zx, which fits where its parts may not.
FQT_INLINE int32_t row_step(int32_t rate, int32_t x, uint32_t centre) {
    return (int32_t)((uint32_t)rate * (uint32_t)x + centre);
}

// All weights of a row by their sums, rate in Q24 units of their last bit.
FQT_LOOP void move_row(fqt_update_t *update, uint32_t j, const fqt_row_t *row, int32_t rate) {
    const int8_t *x = row->x;
    int32_t count = row->count;
#if FQT_HAS_DSP
    const bool has_halves = are_halves(update, j);
#endif
    const uint32_t centre = 0 - (uint32_t)rate * (uint32_t)row->zero_point;
    const uint32_t dither_step = fqt_in_register(FQT_DITHER_STEP);
    uint32_t dither = fqt_dither(update->base, j);
#if !FQT_SPARES_TEXT
    for (; count >= 4; count -= 4, x += 4, j += 4) {
        int32_t sum_0 = x[0];
        int32_t sum_1 = x[1];
        int32_t sum_2 = x[2];
        int32_t sum_3 = x[3];
        FQT_TOGETHER(sum_0, sum_1, sum_2, sum_3);
        sum_0 = row_step(rate, sum_0, centre);
        sum_1 = row_step(rate, sum_1, centre);
        sum_2 = row_step(rate, sum_2, centre);
        sum_3 = row_step(rate, sum_3, centre);
        FQT_TOGETHER(sum_0, sum_1, sum_2, sum_3);
        sum_0 += (int32_t)(dither >> 8);
        dither += dither_step;
        sum_1 += (int32_t)(dither >> 8);
        dither += dither_step;
        sum_2 += (int32_t)(dither >> 8);
        dither += dither_step;
        sum_3 += (int32_t)(dither >> 8);
        dither += dither_step;
#if FQT_HAS_DSP
        move_units(update, j, sum_0, sum_1, sum_2, sum_3, has_halves);
#else
        if (FQT_UNLIKELY((uint32_t)(sum_0 | sum_1 | sum_2 | sum_3) >> 24 != 0)) {
            move_four(update, j, (int32_t[]) {sum_0, sum_1, sum_2, sum_3});
        }
#endif
    }
#endif
    for (; count > 0; --count, ++x, ++j, dither += dither_step) {
        move_weight(update, j, row_step(rate, *x, centre) + (int32_t)(dither >> 8));
    }
}

// The same, only of weights whose dither is within the greatest step of 0.
FQT_LOOP_WITH_ROOM void move_arc(
    fqt_update_t *update, uint32_t j, const fqt_row_t *row, int32_t rate, uint32_t ahead, uint32_t length) {
    const uint32_t centre = 0 - (uint32_t)rate * (uint32_t)row->zero_point;
    const int8_t *x = row->x;
    const uint32_t count = (uint32_t)row->count;
    for (fqt_arc_t arc = fqt_arc(fqt_dither(update->base, j) + ahead, length); arc.index < count; fqt_arc_next(&arc)) {
        const int32_t sum = row_step(rate, x[arc.index], centre) + (int32_t)((arc.place - ahead) >> 8);
        move_weight(update, j + arc.index, sum);
    }
}

void fqt_update_row(fqt_update_t *update, uint32_t j, const fqt_row_t *row, int32_t rate) {
    rate *= 1 << update->low_bits_count;
    const int32_t greatest = rate * (rate < 0 ? row->least : row->greatest);
    const int32_t least = rate * (rate < 0 ? row->greatest : row->least);
    if (greatest > ARC_LIMIT + least) {
        move_row(update, j, row, rate);
    } else if (greatest > least) {
        move_arc(update, j, row, rate, (uint32_t)greatest << 8, (uint32_t)(greatest - least) << 8);
    }
}
