// Channels: their filters, biases, and scales that grow and shrink; see fqt_update.h.
#include "fqt_update.h"
#include "../base/fqt_spread.h"

#define MAX_DECAY (1 << 24) // 1 / 256 a step; * 127 < 2^31
#define GROWTH (0x3FA00000u) // 1.25 as float32
#define GROWTH_INVERSE (52429) // Q16
#define SHRINKAGE (0x3F000000u) // 0.5 as float32
#define SHRINKAGE_INVERSE (2 << 16)
#define SHRINK_INTERVAL (64)
#define GREATEST_DOUBLED (56)

FQT_NOINLINE int32_t fqt_add_limited(int32_t a, int32_t b, int32_t limit) {
    int64_t sum = (int64_t)a + b;
    return sum > limit ? limit : sum < -limit ? -limit : (int32_t)sum;
}

static void begin(fqt_update_t *update, const fqt_pass_t *pass) {
    fqt_model_t *model = pass->model;
    const fqt_layer_t *layer = pass->layer;
    update->model = model;
    update->layer = layer;
    update->weights = (int8_t *)fqt_trained_blob(model, layer, FQT_BLOB_WEIGHTS);
    update->low_bits = fqt_trained_blob(model, layer, FQT_BLOB_LOW_BITS);
    update->low_bits_count = fqt_low_bits(model, layer);
    update->sums = model->batch > 1 ? (int32_t *)(void *)(model->arena + layer->sums) : NULL;
    update->weight_count = layer->filter_elements * pass->output->channels;
    update->random_state = &model->random_state;
    update->clamped = false;
}

void fqt_update_begin(fqt_update_t *update, const fqt_pass_t *pass) {
    const uint32_t s_x = pass->input->scale;
    begin(update, pass);
    update->learning_rate = pass->learning_rate;
    if (update->sums != NULL) {
        update->learning_rate = fqt_scale_divide(pass->learning_rate, fqt_scale_from_int(pass->model->batch));
    } else {
        update->base = fqt_random_draw(update->random_state);
    }
    update->rate = fqt_scale_multiply_stored(update->learning_rate, s_x);
    update->rate = fqt_scale_shifted(fqt_scale_multiply_stored(update->rate, pass->output->error_scale), 24);
    update->bias_unit = fqt_scale_multiply_stored(fqt_scale_unpack(s_x), pass->layer->bias_scale);
    fqt_scale_t decay = fqt_scale_multiply_stored(update->learning_rate, pass->model->options.weight_decay);
    update->decay = fqt_limited_multiply(fqt_scale_shifted(decay, 32), 1, MAX_DECAY);
}

void fqt_update_channel(fqt_update_t *update, uint32_t channel) {
    uint32_t s_w = fqt_weight_scale(update->model, update->layer, channel);
    update->channel_rate = fqt_scale_divide_stored(update->rate, s_w);
    update->clamped = false;
}

// A weight with all its bits, in units of the last of them.
static int32_t get_weight(const fqt_update_t *update, uint32_t j) {
    const uint32_t bits = update->low_bits_count;
    const int32_t weight = update->weights[j] * (1 << bits);
    return bits == 0 ? weight : weight + fqt_low_bits_of(update->low_bits, bits, j);
}

// The byte that is read of a weight is limited to its range; its low bits are as they come.
static void put_weight(fqt_update_t *update, uint32_t j, int32_t value) {
    const uint32_t bits = update->low_bits_count;
    if (bits != 0) {
        fqt_low_bits_set(update->low_bits, bits, j, value);
    }
    const int32_t rounded = (value + (1 << bits >> 1)) >> bits;
    const int32_t weight = fqt_clamp(rounded, -INT8_MAX, INT8_MAX);
    if (weight != rounded) {
        update->clamped = true;
    }
    update->weights[j] = (int8_t)weight;
}

void fqt_update_move(fqt_update_t *update, uint32_t j, int32_t units) {
    put_weight(update, j, get_weight(update, j) - units);
}

// A channel's unit changes by a factor, float32, and its weights and bias by the inverse of it, Q16: the real values
// stay, but for the rounding of weights.
static void rescale(
    fqt_update_t *update, uint32_t channel, uint32_t base, uint32_t factor, int32_t inverse, int32_t *bias) {
    const uint32_t filter_elements = update->layer->filter_elements;
    const uint32_t first = channel * filter_elements;
    for (uint32_t j = first; j < first + filter_elements; ++j) {
        const int32_t dither = (int32_t)(fqt_dither(base, j) >> 16);
        put_weight(update, j, (get_weight(update, j) * inverse + dither) >> 16);
    }
    *bias = fqt_limited_bias((int32_t)((int64_t)*bias * inverse >> 16));
    uint8_t *scale = fqt_trained_blob(update->model, update->layer, FQT_BLOB_WEIGHT_SCALES) + 4 * channel;
    fqt_scale_t changed = fqt_scale_multiply_stored(fqt_scale_unpack(fqt_read_u32(scale)), factor);
    fqt_write_u32(scale, fqt_scale_pack(changed));
}

// Whether no weight of a channel is great, and not all are 0: then these have room for twice as many units.
static bool has_room(const fqt_update_t *update, uint32_t channel) {
    const int8_t *weight = update->weights + channel * update->layer->filter_elements;
    int32_t any = 0;
    for (uint32_t left = update->layer->filter_elements; left > 0; --left, ++weight) {
        any |= *weight;
        if (*weight != fqt_clamp(*weight, -GREATEST_DOUBLED, GREATEST_DOUBLED)) {
            return false;
        }
    }
    return any != 0;
}

// bias -= step (Q8 units), rounded stochastically. Then the channel's unit may change. It grows once in as many times
// that a weight met the end of its range as the channel has weights: growing each time, a few great weights would make
// the unit, and with it the noise of rounding, coarser for all. It shrinks where that leaves the weights in their
// range; looking once in SHRINK_INTERVAL updates is soon enough.
static void end_channel(fqt_update_t *update, uint32_t channel, int32_t step) {
    uint8_t *stored = fqt_trained_blob(update->model, update->layer, FQT_BLOB_BIASES) + 4 * channel;
    int32_t bias = fqt_limited_bias((int32_t)fqt_read_u32(stored));
    const uint32_t dither = fqt_dither(update->base, update->weight_count + channel);
    bias = fqt_limited_bias(bias - ((step + (int32_t)(dither >> 24)) >> 8));
    if (update->clamped) {
        const uint32_t base = fqt_random_draw(update->random_state);
        if (base % update->layer->filter_elements == 0) {
            rescale(update, channel, base, GROWTH, GROWTH_INVERSE, &bias);
        }
    } else if (dither % SHRINK_INTERVAL == 0 && has_room(update, channel)) {
        rescale(update, channel, update->base, SHRINKAGE, SHRINKAGE_INVERSE, &bias);
    }
    fqt_write_u32(stored, (uint32_t)bias);
}

void fqt_update_end_channel(fqt_update_t *update, uint32_t channel, int32_t bias_gradient) {
    fqt_scale_t rate = fqt_scale_shifted(fqt_scale_divide(update->channel_rate, update->bias_unit), -16);
    int32_t step = fqt_limited_multiply(rate, bias_gradient, FQT_BIAS_LIMIT);
    if (update->sums != NULL) {
        int32_t *sum = &update->sums[update->weight_count + channel];
        *sum = fqt_add_limited(*sum, step, FQT_BIAS_LIMIT);
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
