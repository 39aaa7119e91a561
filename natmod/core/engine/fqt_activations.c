// The output stage and the ranges that follow; see fqt_activations.h.
#include "fqt_activations.h"

#define RANGE_START (62415) // 1 / 1.05 in Q16
#define RANGE_FULL (63663) // grow above
#define RANGE_IDLE (43691) // shrink below
#define RANGE_DECAY_SHIFT (10)
#define MARGIN_BITS (0x3F866666u) // 1.05 as float32
#define CUT_OFF_FILL (98304) // half as much again as the range holds
#define NO_FILL (1) // all outputs are 0
#define NO_NEWS (0) // so because the input is the same value everywhere: a dark image, or nothing before is above 0
#define STUCK_STEPS (1000) // cut off or without output, though the range follows
#define STUCK_RELIEF (8) // as many of these does one other step make up for
#define WATCHED_LIMIT (16384) // so that fill stays in 32 bits

// 6 in units of a tensor, limited so that sums with it stay small.
static int32_t six(const fqt_tensor_t *tensor) {
    fqt_scale_t inverse = fqt_scale_inverse(fqt_scale_unpack(tensor->scale));
    return tensor->zero_point + fqt_limited_multiply(inverse, 6, WATCHED_LIMIT);
}

fqt_limits_t fqt_unclipped(const fqt_tensor_t *tensor) {
    fqt_limits_t limits = {INT8_MIN - 1, INT8_MAX + 1};
    if (tensor->clips != FQT_ACTIVATION_NONE) {
        limits.low = tensor->zero_point;
    }
    if (tensor->clips == FQT_ACTIVATION_RELU6) {
        int32_t high = six(tensor);
        limits.high = high < limits.high ? high : limits.high;
    }
    return limits;
}

void fqt_activations_begin(fqt_activations_t *output, const fqt_pass_t *pass) {
    const fqt_tensor_t *to = pass->output;
    const uint8_t activation = pass->layer->activation;
    uint32_t input_scale = pass->input->scale;
    fqt_scale_t s_x = fqt_scale_unpack(input_scale);
    output->model = pass->model;
    output->layer = pass->layer;
    output->zero_point = to->zero_point;
    output->low = activation != FQT_ACTIVATION_NONE ? to->zero_point : INT8_MIN;
    output->high = INT8_MAX;
    output->six = activation == FQT_ACTIVATION_RELU6 ? six(to) : INT8_MAX;
    output->high = output->six < INT8_MAX ? output->six : INT8_MAX;
    output->greatest = INT32_MIN;
    output->least = INT32_MAX;
#if FQT_HAS_DSP // the first value is news
    output->usual_least = fqt_four_bytes(INT8_MAX);
    output->usual_greatest = fqt_four_bytes(INT8_MIN);
#endif
    output->is_short = true;
    output->converts_bias = output->layer->bias_scale != input_scale;
    output->bias_ratio = fqt_scale_divide_stored(fqt_scale_unpack(output->layer->bias_scale), input_scale);
    output->activation = pass->y;
    output->logits = (int32_t *)(void *)(pass->model->arena + to->activation);
    output->scale_ratio = fqt_pass_is_last(pass) ? fqt_scale_shifted(s_x, 16) : fqt_scale_divide_stored(s_x, to->scale);
}

FQT_HOT void fqt_activations_channels(
    fqt_activations_t *output, uint32_t first, int32_t count, fqt_channel_t *channels) {
    const uint8_t *scales = fqt_blob(output->model, output->layer, FQT_BLOB_WEIGHT_SCALES) + 4 * first;
    const uint8_t *biases = fqt_blob(output->model, output->layer, FQT_BLOB_BIASES) + 4 * first;
    const fqt_scale_t scale_ratio = output->scale_ratio;
    // cppcheck-suppress ctuuninitvar; it takes what is written here for what is read
    for (; count > 0; --count, ++channels, scales += 4, biases += 4) {
        channels->multiplier = fqt_multiplier(fqt_scale_product(fqt_scale_of_bits(fqt_read_u32(scales)), scale_ratio));
        output->is_short = output->is_short && fqt_multiplier_is_short(&channels->multiplier);
        int32_t bias = fqt_clamp((int32_t)fqt_read_u32(biases), -FQT_BIAS_LIMIT, FQT_BIAS_LIMIT);
        if (output->converts_bias) {
            bias = fqt_limited_multiply(output->bias_ratio, bias, FQT_BIAS_LIMIT);
        }
        channels->bias = bias;
    }
}

static bool takes_short_way(const fqt_activations_t *output) {
    return output->is_short && output->activation != NULL;
}

static FQT_NOINLINE void put_outputs_one_by_one(
    fqt_activations_t *output, const fqt_channel_t *channel, uint32_t i, const int32_t *sum, int32_t count) {
    for (; count > 0; --count, ++channel, ++sum, ++i) {
        fqt_activations_put(output, &channel->multiplier, i, channel->bias + *sum);
    }
}

#if FQT_HAS_DSP
static void know_usual_values(fqt_activations_t *output) {
    const int32_t greatest = output->greatest < output->high ? output->greatest : output->high;
    const bool is_cut = output->layer->activation != FQT_ACTIVATION_NONE; // nobody asks for the least value
    output->usual_least = fqt_four_bytes(is_cut ? INT8_MIN : fqt_clamp(output->least, -INT8_MAX, INT8_MAX));
    output->usual_greatest = fqt_four_bytes(fqt_clamp(greatest, INT8_MIN, INT8_MAX - 1));
}

// volatile: four loads that follow each other; of neighbours, a compiler makes one that takes longer.
FQT_INLINE int32_t short_activation(
    const volatile int32_t *sum, const volatile fqt_channel_t *channel, int32_t rounding) {
    int32_t accumulator = *sum;
    int32_t bias = channel->bias;
    int32_t mantissa = channel->multiplier.mantissa;
    uint32_t shift = channel->multiplier.shift;
    FQT_TOGETHER(accumulator, bias, mantissa, shift);
    return fqt_saturated(fqt_round_upper(fqt_multiply_high(accumulator + bias, mantissa), shift, rounding));
}

// Activations by the short way, four at a time: 15 cycles each on Cortex-M4. The rare fours with a new extreme or a
// value beyond the range (a saturated one is 127 or -128) go one by one, and so do those that are left.
FQT_KERNEL void fqt_activations_put_all(
    fqt_activations_t *output, const fqt_channel_t *channel, uint32_t i, const int32_t *sum, int32_t count) {
    if (!takes_short_way(output)) {
        put_outputs_one_by_one(output, channel, i, sum, count);
        return;
    }
    const int32_t rounding = 1 + 2 * output->zero_point;
    const uint32_t low_four = fqt_four_bytes(output->low);
    int8_t *to = output->activation + i;
    uint32_t usual_least = output->usual_least;
    uint32_t usual_greatest = output->usual_greatest;
    for (; count >= 4; count -= 4, channel += 4, sum += 4, to += 4) {
        int32_t value_0 = short_activation(&sum[0], &channel[0], rounding);
        value_0 = fqt_pack_two(value_0, short_activation(&sum[1], &channel[1], rounding));
        int32_t value_2 = short_activation(&sum[2], &channel[2], rounding);
        value_2 = fqt_pack_two(value_2, short_activation(&sum[3], &channel[3], rounding));
        const uint32_t values = fqt_greater_bytes(fqt_lower_halves((uint32_t)value_0, (uint32_t)value_2), low_four);
        if (FQT_UNLIKELY(fqt_any_outside(values, usual_least, usual_greatest))) {
            put_outputs_one_by_one(output, channel, (uint32_t)(to - output->activation), sum, 4);
            know_usual_values(output);
            usual_least = output->usual_least;
            usual_greatest = output->usual_greatest;
            continue;
        }
        fqt_store4(to, values);
    }
    if (count > 0) {
        put_outputs_one_by_one(output, channel, (uint32_t)(to - output->activation), sum, count);
    }
}
#else
// Activations by the short way. New extremes and values above the range are rare, and found by one comparison; those
// below `low` are not, after ReLU.
FQT_KERNEL void fqt_activations_put_all(
    fqt_activations_t *output, const fqt_channel_t *channel, uint32_t i, const int32_t *sum, int32_t count) {
    if (!takes_short_way(output)) {
        put_outputs_one_by_one(output, channel, i, sum, count);
        return;
    }
    int8_t *to = output->activation + i;
    const int32_t rounding = 1 + 2 * output->zero_point;
    const int32_t low = output->low;
    int32_t least = output->least;
    int32_t rare = output->greatest < output->high ? output->greatest : output->high;
    for (const int32_t *end = sum + count; sum < end; ++channel) {
        int32_t accumulator = *sum++;
        int32_t bias = channel->bias;
        int32_t mantissa = channel->multiplier.mantissa;
        uint32_t shift = channel->multiplier.shift;
        FQT_TOGETHER(accumulator, bias, mantissa, shift);
        int32_t value = fqt_round_upper(fqt_multiply_high(accumulator + bias, mantissa), shift, rounding);
        if (value < least) {
            least = value;
        }
        if (FQT_UNLIKELY(value > rare)) {
            output->greatest = value > output->greatest ? value : output->greatest;
            rare = output->greatest < output->high ? output->greatest : output->high;
            value = value < output->high ? value : output->high;
        }
        value = value < low ? low : value;
        *to++ = (int8_t)fqt_in_register((uint32_t)value);
    }
    output->least = least;
}
#endif

static bool is_even(const fqt_pass_t *pass) {
    const int8_t *x = pass->x;
    const int8_t *last = x + pass->input->elements - 1;
    while (x < last && x[0] == x[1]) {
        ++x;
    }
    return x == last;
}

// How much of the room from the zero point to `end` is taken up to `extreme`; at least `fill`.
FQT_NOINLINE static int32_t fill_of(int32_t extreme, int32_t zero_point, int32_t end, int32_t fill) {
    const int32_t room = end - zero_point;
    if (room > 0) {
        const int32_t taken = (fqt_clamp(extreme, -WATCHED_LIMIT, WATCHED_LIMIT) - zero_point) * (65536 / room);
        fill = taken > fill ? taken : fill;
    }
    return fill;
}

void fqt_activations_end(const fqt_activations_t *output, const fqt_pass_t *pass) {
    if (!pass->training || fqt_pass_is_last(pass)) {
        return;
    }
    int32_t greatest = output->greatest;
    if (output->layer->activation == FQT_ACTIVATION_RELU6 && greatest > output->six) {
        greatest = output->six; // more is not needed
    }
    int32_t fill = fill_of(greatest, output->zero_point, INT8_MAX, NO_FILL);
    if (output->layer->activation == FQT_ACTIVATION_NONE) {
        fill = fill_of(-output->least, -output->zero_point, -INT8_MIN, fill);
    }
    output->layer->fill = fill == NO_FILL && is_even(pass) ? NO_NEWS : fill;
}

void fqt_activations_follow_range(fqt_model_t *model, uint32_t index) {
    fqt_layer_t *layer = fqt_layer(model, index);
    fqt_tensor_t *output = fqt_output_of(model, index);
    int32_t range = layer->output_range;
    if (layer->fill == NO_NEWS) {
        return;
    }
    const bool silent = layer->fill == NO_FILL;
    if (silent || layer->fill >= CUT_OFF_FILL) {
        layer->stuck_steps += layer->stuck_steps < STUCK_STEPS;
    } else {
        layer->stuck_steps -= layer->stuck_steps < STUCK_RELIEF ? layer->stuck_steps : STUCK_RELIEF;
    }
    if (layer->stuck_steps >= STUCK_STEPS) {
        model->diverged = (uint8_t)(index + 1);
        model->silent = silent;
    }
    if (layer->fill > range) {
        range = layer->fill;
    } else {
        range -= (range - layer->fill) >> RANGE_DECAY_SHIFT;
    }
    if (range > RANGE_FULL || range < RANGE_IDLE) {
        fqt_scale_t scale = fqt_scale_multiply_stored(fqt_scale_from_int((uint32_t)range), output->scale);
        scale = fqt_scale_multiply_stored(fqt_scale_shifted(scale, -16), MARGIN_BITS);
        output->scale = fqt_scale_pack(scale);
        range = RANGE_START;
    }
    layer->output_range = range;
}
