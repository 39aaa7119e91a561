// Biases, and channels that grow; see fqt_update.h.
#include "fqt_update.h"

#define BIAS_LIMIT (1 << 30)
#define GROWTH_BITS (0x3FA00000u) // 1.25 as float32
#define SHRINK_BITS (0x3F4CCCCDu) // 0.8 as float32
#define SHRINK_Q16 (52429) // 0.8

void fqt_update_begin(fqt_update_t *update, fqt_model_t *model, uint32_t index, fqt_scale_t learning_rate) {
    fqt_scale_t s_x = fqt_scale_unpack(fqt_tensor(model, index)->scale);
    fqt_scale_t s_e = fqt_scale_unpack(fqt_tensor(model, index + 1)->error_scale);
    update->model = model;
    update->layer = fqt_layer(model, index);
    update->weights = fqt_weights(model, update->layer);
    update->low_bytes = update->layer->low_bytes ? (int8_t *)model->arena + update->layer->low_bytes : NULL;
    update->weight_count = update->layer->filter_elements * fqt_tensor(model, index + 1)->channels;
    update->random_state = &model->random_state;
    update->base = fqt_random_draw(update->random_state);
    update->growth_drawn = false;
    update->rate = fqt_scale_shifted(fqt_scale_multiply(fqt_scale_multiply(learning_rate, s_x), s_e), 24);
    update->bias_unit = fqt_scale_multiply(s_x, fqt_scale_unpack(update->layer->bias_scale));
}

void fqt_update_channel(fqt_update_t *update, uint32_t channel) {
    uint32_t s_w = fqt_weight_scale(update->model, update->layer, channel);
    update->channel_rate = fqt_scale_divide(update->rate, fqt_scale_unpack(s_w));
    update->clamped = false;
}

// The channel's weights shrink to 0.8 of their units, the unit grows by 5/4: the real values stay.
static void grow_channel(fqt_update_t *update, uint32_t channel, int32_t *bias) {
    if (!update->growth_drawn) {
        update->growth_base = fqt_random_draw(update->random_state);
        update->growth_drawn = true;
    }
    uint32_t filter_elements = update->layer->filter_elements;
    uint32_t first = channel * filter_elements;
    for (uint32_t j = first; j < first + filter_elements; ++j) {
        int32_t dither = (int32_t)(fqt_dither(update->growth_base, j) >> 16);
        if (update->low_bytes == NULL) {
            update->weights[j] = (int8_t)((update->weights[j] * SHRINK_Q16 + dither) >> 16);
        } else {
            int32_t value = update->weights[j] * 256 + update->low_bytes[j];
            value = (value * SHRINK_Q16 + dither) >> 16;
            int32_t rounded = (value + 128) >> 8;
            update->weights[j] = (int8_t)rounded;
            update->low_bytes[j] = (int8_t)(value - rounded * 256);
        }
    }
    *bias = fqt_fixed_multiply(*bias, fqt_scale_unpack(SHRINK_BITS));
    uint8_t *scale = fqt_blob(update->model, update->layer, update->layer->weight_scales) + 4 * channel;
    fqt_scale_t grown = fqt_scale_multiply(fqt_scale_unpack(fqt_read_u32(scale)), fqt_scale_unpack(GROWTH_BITS));
    fqt_write_u32(scale, fqt_scale_pack(grown));
}

void fqt_update_end_channel(fqt_update_t *update, uint32_t channel, int32_t bias_gradient) {
    uint8_t *stored = fqt_blob(update->model, update->layer, update->layer->biases) + 4 * channel;
    int32_t bias = fqt_clamp((int32_t)fqt_read_u32(stored), -BIAS_LIMIT, BIAS_LIMIT);
    if (bias_gradient != 0) {
        fqt_scale_t rate = fqt_scale_shifted(fqt_scale_divide(update->channel_rate, update->bias_unit), -16);
        int32_t step = fqt_clamp(fqt_fixed_multiply(bias_gradient, rate), -(1 << 30), 1 << 30);
        uint32_t dither = fqt_dither(update->base, update->weight_count + channel);
        bias = fqt_clamp(bias - ((step + (int32_t)(dither >> 24)) >> 8), -BIAS_LIMIT, BIAS_LIMIT);
    }
    if (update->clamped) {
        grow_channel(update, channel, &bias);
    }
    fqt_write_u32(stored, (uint32_t)bias);
}
