// The output stage and the ranges that follow; see fqt_output.h.
#include "fqt_output.h"

#define BIAS_LIMIT (1 << 30)
#define RANGE_START (62415) // 1 / 1.05 in Q16
#define RANGE_FULL (63663) // grow above
#define RANGE_IDLE (43691) // shrink below
#define RANGE_DECAY_SHIFT (10)
#define MARGIN_BITS (0x3F866666u) // 1.05 as float32
#define WATCHED_LIMIT (16384) // so that fill stays in 32 bits

void fqt_output_begin(fqt_output_t *output, const fqt_model_t *model, uint32_t index) {
    const fqt_tensor_t *to = fqt_tensor(model, index + 1);
    uint32_t input_scale = fqt_tensor(model, index)->scale;
    fqt_scale_t s_x = fqt_scale_unpack(input_scale);
    output->model = model;
    output->layer = fqt_layer(model, index);
    output->zero_point = to->zero_point;
    output->low = to->has_relu ? to->zero_point : INT8_MIN;
    output->greatest = INT32_MIN;
    output->least = INT32_MAX;
    output->converts_bias = output->layer->bias_scale != input_scale;
    output->bias_ratio = fqt_scale_divide(fqt_scale_unpack(output->layer->bias_scale), s_x);
    if (index + 1 == model->layer_count) {
        output->activation = NULL;
        output->logits = fqt_scratch(model);
        output->scale_ratio = fqt_scale_shifted(s_x, 16);
    } else {
        output->activation = fqt_activation(model, index + 1);
        output->logits = NULL;
        output->scale_ratio = fqt_scale_divide(s_x, fqt_scale_unpack(to->scale));
    }
}

int32_t fqt_output_channel(fqt_output_t *output, uint32_t channel) {
    const fqt_layer_t *layer = output->layer;
    fqt_scale_t s_w = fqt_scale_unpack(fqt_weight_scale(output->model, layer, channel));
    output->multiplier = fqt_scale_multiply(output->scale_ratio, s_w);
    int32_t bias = (int32_t)fqt_read_u32(fqt_blob(output->model, layer, layer->biases) + 4 * channel);
    bias = fqt_clamp(bias, -BIAS_LIMIT, BIAS_LIMIT);
    if (output->converts_bias) {
        bias = fqt_clamp(fqt_fixed_multiply(bias, output->bias_ratio), -BIAS_LIMIT, BIAS_LIMIT);
    }
    return bias;
}

void fqt_output_end(const fqt_output_t *output) {
    if (output->activation == NULL) {
        return;
    }
    int32_t room_above = INT8_MAX - output->zero_point;
    int32_t room_below = output->zero_point - INT8_MIN;
    int32_t fill = 1;
    if (room_above > 0) {
        int32_t above = fqt_clamp(output->greatest, -WATCHED_LIMIT, WATCHED_LIMIT) - output->zero_point;
        above *= 65536 / room_above;
        fill = above > fill ? above : fill;
    }
    if (room_below > 0 && output->layer->activation == FQT_ACTIVATION_NONE) {
        int32_t below = output->zero_point - fqt_clamp(output->least, -WATCHED_LIMIT, WATCHED_LIMIT);
        below *= 65536 / room_below;
        fill = below > fill ? below : fill;
    }
    output->layer->fill = fill;
}

void fqt_output_follow_range(fqt_layer_t *layer, fqt_tensor_t *output) {
    int32_t range = layer->output_range;
    if (layer->fill > range) {
        range = layer->fill;
    } else {
        range -= (range - layer->fill) >> RANGE_DECAY_SHIFT;
    }
    if (range > RANGE_FULL || range < RANGE_IDLE) {
        fqt_scale_t scale = fqt_scale_multiply(fqt_scale_unpack(output->scale), fqt_scale_from_int((uint32_t)range));
        scale = fqt_scale_multiply(fqt_scale_shifted(scale, -16), fqt_scale_unpack(MARGIN_BITS));
        output->scale = fqt_scale_pack(scale);
        range = RANGE_START;
    }
    layer->output_range = range;
}
