// The update of trainable parameters: stochastic rounding, 8, 12 or 16 bits a weight, sticky scales.
// docs/arithmetic.md, sections 7 and 10. Shared by every layer kind with weights: they form the gradient, this applies
// it.
#ifndef FQT_UPDATE_H
#define FQT_UPDATE_H

#include "fqt_pass.h"
#include "../base/fqt_random.h"
#include "../base/fqt_spread.h"

// Steps are in Q24 units of a weight; none moves a weight by more than 126 units.
#define FQT_STEP_LIMIT (126 << 24)

typedef struct {
    bool clamped; // a weight of the current channel met the end of its range
    const fqt_model_t *model;
    const fqt_layer_t *layer;
    int8_t *weights;
    uint8_t *low_bits; // what the weights have behind the point: of each,
    uint32_t low_bits_count; // so many: 0, 4 or 8
    int32_t *sums; // mini-batches sum steps here; NULL: steps move weights at once
    uint32_t weight_count;
    uint32_t *random_state;
    uint32_t base; // dithers of this update
    fqt_scale_t learning_rate; // a step's share of it, in a mini-batch
    fqt_scale_t rate; // learning rate * s_x * s_e, Q24
    fqt_scale_t bias_unit; // s_x * bias_scale
    fqt_scale_t channel_rate; // k[o]
    int32_t decay; // learning rate * weight decay, Q32; 0: none
} fqt_update_t;

void fqt_update_begin(fqt_update_t *update, const fqt_pass_t *pass);

// Turn to a channel: set channel_rate, which takes a gradient in integer units to a step.
void fqt_update_channel(fqt_update_t *update, uint32_t channel);

// weight[j] -= units of its last bit.
void fqt_update_move(fqt_update_t *update, uint32_t j, int32_t units);

// weight[j] -= step, rounded stochastically.
static inline void fqt_update_weight(fqt_update_t *update, uint32_t j, int32_t step) {
    const int32_t bits = (int32_t)update->low_bits_count;
    const int32_t dither = (int32_t)(fqt_dither(update->base, j) >> (8 + bits));
    const int32_t units = (step + dither) >> (24 - bits);
    if (FQT_UNLIKELY(units != 0)) {
        fqt_update_move(update, j, units);
    }
}

// a + b, limited to +-limit.
int32_t fqt_add_limited(int32_t a, int32_t b, int32_t limit);

// Whether steps move weights as they are: no mini-batch, no decay.
static inline bool fqt_update_is_plain(const fqt_update_t *update) {
    return update->sums == NULL && update->decay == 0;
}

// A weight's step: with its decay, to the weight or to the mini-batch's sum. |step| <= FQT_STEP_LIMIT.
static inline void fqt_update_put(fqt_update_t *update, uint32_t j, int32_t step) {
    if (update->decay != 0) {
        step += (update->weights[j] * update->decay + 128) >> 8; // |step| < 2^31: decay is at most 2^24
        step = fqt_clamp(step, -FQT_STEP_LIMIT, FQT_STEP_LIMIT);
    }
    if (update->sums != NULL) {
        update->sums[j] = fqt_add_limited(update->sums[j], step, FQT_STEP_LIMIT);
    } else {
        fqt_update_weight(update, j, step);
    }
}

// Update the channel's bias; let its scale grow if a weight was clamped, or shrink.
void fqt_update_end_channel(fqt_update_t *update, uint32_t channel, int32_t bias_gradient);

// The rate that takes (value - mean) * count of a channel's gradient, standardized, to a step.
fqt_scale_t fqt_update_standard_rate(const fqt_update_t *update, uint32_t channel, const fqt_spread_t *spread);

// At a mini-batch's end: move a layer's parameters by the summed steps, and clear these.
void fqt_update_apply_sums(const fqt_pass_t *pass);

#endif
