// Channels: their filters, biases, and scales that grow; see fqt_update.h.
#include "fqt_update.h"
#include "../base/fqt_spread.h"

#define BIAS_LIMIT (1 << 30)
#define MAX_DECAY (1 << 24) // 1 / 256 a step; * 127 < 2^31
#define GROWTH_BITS (0x3FA00000u) // 1.25 as float32
#define SHRINK_BITS (0x3F4CCCCDu) // 0.8 as float32
#define SHRINK_Q16 (52429) // 0.8

static void begin(fqt_update_t *update, const fqt_pass_t *pass) {
    fqt_model_t *model = pass->model;
    const fqt_layer_t *layer = pass->layer;
    update->model = model;
    update->layer = layer;
    update->weights = (int8_t *)fqt_trained_blob(model, layer, FQT_BLOB_WEIGHTS);
    update->low_bytes = fqt_has_low_bytes(layer) ? (int8_t *)fqt_trained_blob(model, layer, FQT_BLOB_LOW_BYTES) : NULL;
    update->sums = model->batch > 1 ? (int32_t *)(void *)(model->arena + layer->sums) : NULL;
    update->weight_count = layer->filter_elements * pass->output->channels;
    update->random_state = &model->random_state;
    update->clamped = false;
}

void fqt_update_begin(fqt_update_t *update, const fqt_pass_t *pass) {
    fqt_scale_t s_x = fqt_scale_unpack(pass->input->scale);
    fqt_scale_t s_e = fqt_scale_unpack(pass->output->error_scale);
    begin(update, pass);
    update->learning_rate = pass->learning_rate;
    if (update->sums != NULL) {
        update->learning_rate = fqt_scale_divide(pass->learning_rate, fqt_scale_from_int(pass->model->batch));
    } else {
        update->base = fqt_random_draw(update->random_state);
    }
    update->rate = fqt_scale_shifted(fqt_scale_multiply(fqt_scale_multiply(update->learning_rate, s_x), s_e), 24);
    update->bias_unit = fqt_scale_multiply_stored(s_x, pass->layer->bias_scale);
    fqt_scale_t decay = fqt_scale_multiply_stored(update->learning_rate, pass->model->options.weight_decay);
    update->decay = fqt_clamp(fqt_fixed_multiply(1, fqt_scale_shifted(decay, 32)), 0, MAX_DECAY);
}

void fqt_update_channel(fqt_update_t *update, uint32_t channel) {
    uint32_t s_w = fqt_weight_scale(update->model, update->layer, channel);
    update->channel_rate = fqt_scale_divide_stored(update->rate, s_w);
    update->clamped = false;
}

// A weight with all its bits: in units of 1, or with low bytes of 1 / 256.
static int32_t get_weight(const fqt_update_t *update, uint32_t j) {
    const int32_t weight = update->weights[j];
    return update->low_bytes == NULL ? weight : weight * 256 + update->low_bytes[j];
}

static void put_weight(fqt_update_t *update, uint32_t j, int32_t value) {
    if (update->low_bytes != NULL) {
        const int32_t rounded = (value + 128) >> 8;
        update->low_bytes[j] = (int8_t)(value - rounded * 256);
        value = rounded;
    }
    update->weights[j] = (int8_t)value;
}

void fqt_update_weight(fqt_update_t *update, uint32_t j, int32_t step) {
    const int32_t bits = update->low_bytes == NULL ? 0 : 8; // behind the point
    const int32_t limit = INT8_MAX << bits;
    const uint32_t dither = fqt_dither(update->base, j) >> (8 + bits);
    const int32_t moved = get_weight(update, j) - ((step + (int32_t)dither) >> (24 - bits));
    const int32_t value = fqt_clamp(moved, -limit, limit);
    update->clamped = update->clamped || value != moved;
    put_weight(update, j, value);
}

// A weight met the end of its range. Once in as many times as the channel has weights, these shrink to 0.8 of their
// units, and the unit grows by 5/4: the real values stay. Growing each time, a few great weights would make the unit,
// and with it the noise of rounding, coarser for all.
static void grow_channel(fqt_update_t *update, uint32_t channel, int32_t *bias) {
    const uint32_t base = fqt_random_draw(update->random_state);
    const uint32_t filter_elements = update->layer->filter_elements;
    if (base % filter_elements != 0) {
        return;
    }
    uint32_t first = channel * filter_elements;
    for (uint32_t j = first; j < first + filter_elements; ++j) {
        const int32_t dither = (int32_t)(fqt_dither(base, j) >> 16);
        put_weight(update, j, (get_weight(update, j) * SHRINK_Q16 + dither) >> 16);
    }
    *bias = fqt_fixed_multiply(*bias, fqt_scale_unpack(SHRINK_BITS));
    uint8_t *scale = fqt_trained_blob(update->model, update->layer, FQT_BLOB_WEIGHT_SCALES) + 4 * channel;
    fqt_scale_t grown = fqt_scale_multiply_stored(fqt_scale_unpack(fqt_read_u32(scale)), GROWTH_BITS);
    fqt_write_u32(scale, fqt_scale_pack(grown));
}

// bias -= step (Q8 units), rounded stochastically; then the channel grows if a weight was clamped.
static void end_channel(fqt_update_t *update, uint32_t channel, int32_t step) {
    uint8_t *stored = fqt_trained_blob(update->model, update->layer, FQT_BLOB_BIASES) + 4 * channel;
    int32_t bias = fqt_clamp((int32_t)fqt_read_u32(stored), -BIAS_LIMIT, BIAS_LIMIT);
    if (step != 0) {
        uint32_t dither = fqt_dither(update->base, update->weight_count + channel);
        bias = fqt_clamp(bias - ((step + (int32_t)(dither >> 24)) >> 8), -BIAS_LIMIT, BIAS_LIMIT);
    }
    if (update->clamped) {
        grow_channel(update, channel, &bias);
    }
    fqt_write_u32(stored, (uint32_t)bias);
}

void fqt_update_end_channel(fqt_update_t *update, uint32_t channel, int32_t bias_gradient) {
    fqt_scale_t rate = fqt_scale_shifted(fqt_scale_divide(update->channel_rate, update->bias_unit), -16);
    int32_t step = fqt_clamp(fqt_fixed_multiply(bias_gradient, rate), -BIAS_LIMIT, BIAS_LIMIT);
    if (update->sums != NULL) {
        int32_t *sum = &update->sums[update->weight_count + channel];
        *sum = fqt_add_limited(*sum, step, BIAS_LIMIT);
    } else {
        end_channel(update, channel, step);
    }
}

fqt_scale_t fqt_update_standard_rate(const fqt_update_t *update, uint32_t channel, const fqt_spread_t *spread) {
    uint32_t s_w = fqt_weight_scale(update->model, update->layer, channel);
    fqt_scale_t rate = fqt_scale_divide_stored(update->learning_rate, s_w);
    return fqt_scale_shifted(fqt_scale_multiply(rate, fqt_spread_inverse(spread)), 24);
}

void fqt_update_apply_sums(const fqt_pass_t *pass) {
    fqt_update_t update;
    begin(&update, pass);
    update.base = fqt_random_draw(update.random_state);
    int32_t *sum = update.sums;
    int32_t *bias_sum = update.sums + update.weight_count;
    uint32_t j = 0;
    for (uint32_t o = 0; o < pass->output->channels; ++o) {
        update.clamped = false;
        for (uint32_t i = 0; i < update.layer->filter_elements; ++i, ++j) {
            if (sum[j] != 0) {
                fqt_update_weight(&update, j, sum[j]);
                sum[j] = 0;
            }
        }
        end_channel(&update, o, bias_sum[o]);
        bias_sum[o] = 0;
    }
}
