// A row of a dense layer whose weights decay, on the desk: every weight has a step of its own then, and vectors form
// the units that many of them move by. docs/arithmetic.md, sections 7 and 10.
#include "../../base/fqt_bytes.h"
#include "../fqt_kernels.h"

#define WEIGHTS_TOGETHER (64)

// weight[i] -= units[i] of 1 / 256, what lies behind the point in low_bytes. Gives whether one met the end of its
// range.
static bool move_bytes(int8_t *weights, int8_t *low_bytes, const int32_t *units, uint32_t count) {
    int32_t beyond = 0;
    for (uint32_t i = 0; i < count; ++i) {
        const int32_t value = weights[i] * 256 + low_bytes[i] - units[i];
        const int32_t rounded = (value + 128) >> 8;
        const int32_t weight = fqt_clamp(rounded, -INT8_MAX, INT8_MAX);
        beyond |= weight ^ rounded;
        weights[i] = (int8_t)weight;
        low_bytes[i] = (int8_t)value;
    }
    return beyond != 0;
}

void fqt_update_decayed_row(fqt_update_t *update, uint32_t j, const fqt_row_t *row, int32_t rate) {
    const uint32_t bits = update->low_bits_count;
    const int32_t decay = update->decay;
    const int8_t *x = row->x;
    for (uint32_t left = (uint32_t)row->count; left > 0;) {
        const uint32_t together = left < WEIGHTS_TOGETHER ? left : WEIGHTS_TOGETHER;
        const int8_t *weights = update->weights + j;
        int32_t units[WEIGHTS_TOGETHER];
        int32_t any = 0;
        for (uint32_t i = 0; i < together; ++i) {
            const int32_t step = rate * (x[i] - row->zero_point) + ((weights[i] * decay + 128) >> 8);
            const int32_t limited = fqt_clamp(step, -FQT_STEP_LIMIT, FQT_STEP_LIMIT);
            units[i] = (limited + (int32_t)(fqt_dither(update->base, j + i) >> (8 + bits))) >> (24 - bits);
            any |= units[i];
        }
        if (any != 0 && bits == 8) {
            update->clamped |= move_bytes(update->weights + j, (int8_t *)update->low_bits + j, units, together);
            any = 0;
        }
        for (uint32_t i = 0; i < together && any != 0; ++i) {
            if (units[i] != 0) {
                fqt_update_move(update, j + i, units[i]);
            }
        }
        left -= together;
        x += together;
        j += together;
    }
}
