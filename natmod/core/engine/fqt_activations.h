// From accumulators to what a layer gives: int8 activations, or the last layer's logits.
// docs/arithmetic.md, sections 4 and 8. Shared by every layer kind that accumulates.
#ifndef FQT_ACTIVATIONS_H
#define FQT_ACTIVATIONS_H

#include "fqt_pass.h"

// Activations that lie strictly between these were not clipped by the activation function.
typedef struct {
    int32_t low;
    int32_t high;
} fqt_limits_t;

fqt_limits_t fqt_unclipped(const fqt_tensor_t *tensor);

typedef struct {
    bool converts_bias;
    bool is_short; // every channel's multiplier so far takes the short way of fqt_requantise
    const fqt_model_t *model;
    fqt_layer_t *layer;
    int8_t *activation; // NULL for the last layer
    int32_t *logits;
    fqt_scale_t scale_ratio; // s_x / s_y; for logits s_x * 2^16
    fqt_scale_t bias_ratio; // bias_scale / s_x
    int32_t zero_point;
    int32_t low; // least activation: the zero point with ReLU
    int32_t six; // with ReLU6 what 6 is, else 127
    int32_t high; // greatest activation
    int32_t greatest; // before the clamp, of the tensor so far
    int32_t least;
#if FQT_HAS_DSP
    uint32_t usual_least; // of values that are no news, in each of four bytes
    uint32_t usual_greatest;
#endif
} fqt_activations_t;

// Of one output channel.
typedef struct {
    int32_t bias; // in units of the accumulator
    fqt_multiplier_t multiplier; // accumulator -> units of the output's scale
} fqt_channel_t;

void fqt_activations_begin(fqt_activations_t *output, const fqt_pass_t *pass);

// The constants of `count` channels from `first` on.
void fqt_activations_channels(fqt_activations_t *output, uint32_t first, int32_t count, fqt_channel_t *channels);

// Store element `i` of the output tensor.
static inline void fqt_activations_put(
    fqt_activations_t *output, const fqt_multiplier_t *multiplier, uint32_t i, int32_t accumulator) {
    int32_t value = fqt_requantise(accumulator, multiplier, 1 << 30);
    if (output->activation == NULL) {
        output->logits[i] = value;
        return;
    }
    value += output->zero_point;
    if (value > output->greatest) {
        output->greatest = value;
    }
    if (value < output->least) {
        output->least = value;
    }
    output->activation[i] = (int8_t)fqt_clamp(value, output->low, output->high);
}

// Store elements i to i + count - 1, of `count` channels, from their sums without biases.
void fqt_activations_put_all(
    fqt_activations_t *output, const fqt_channel_t *channels, uint32_t i, const int32_t *sums, int32_t count);

// When training, note in layer->fill how much of the output range this sample took.
void fqt_activations_end(const fqt_activations_t *output, const fqt_pass_t *pass);

// Let the range of layer `index`'s output follow what it saw in this step.
void fqt_activations_follow_range(fqt_model_t *model, uint32_t index);

#endif
