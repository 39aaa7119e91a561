// Running a model: forward, and one training step. docs/arithmetic.md, section 9.
#include "fqt_kind.h"
#include "fqt_loss.h"
#include "fqt_output.h"

bool fqt_quantize_float(const fqt_model_t *model, uint32_t float_bits, int8_t *value) {
    const fqt_tensor_t *input = fqt_tensor(model, 0);
    int32_t biased_exponent = float_bits >> 23 & 0xFF;
    if (biased_exponent == 0xFF) {
        return false;
    }
    int32_t units = 0;
    if (biased_exponent != 0) { // subnormal numbers count as zero
        int32_t mantissa = (int32_t)((float_bits & 0x7FFFFF) | 0x800000);
        fqt_scale_t inverse = fqt_scale_divide(fqt_scale_from_int(1), fqt_scale_unpack(input->scale));
        fqt_scale_t multiplier = fqt_scale_shifted(inverse, biased_exponent - 150);
        units = fqt_fixed_multiply(float_bits >> 31 ? -mantissa : mantissa, multiplier);
        units = fqt_clamp(units, -256, 256); // beyond the range at any zero point
    }
    *value = (int8_t)fqt_clamp(input->zero_point + units, INT8_MIN, INT8_MAX);
    return true;
}

static void forward(fqt_model_t *model, bool training) {
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        fqt_kind(fqt_layer(model, i)->kind)->forward(model, i, training);
    }
}

const int32_t *fqt_logits(fqt_model_t *model) {
    forward(model, false);
    return fqt_scratch(model);
}

uint32_t fqt_predict(fqt_model_t *model) {
    const int32_t *logits = fqt_logits(model);
    uint32_t best = 0;
    for (uint32_t o = 1; o < fqt_output_elements(model); ++o) {
        best = logits[o] > logits[best] ? o : best;
    }
    return best;
}

// Errors flow from the last layer to the first trainable one; each layer's error pass comes before its own update, since
// both read the old weights.
static void backward(fqt_model_t *model, fqt_scale_t learning_rate) {
    for (uint32_t i = model->layer_count; i-- > model->first_trainable;) {
        const fqt_layer_t *layer = fqt_layer(model, i);
        const fqt_kind_t *kind = fqt_kind(layer->kind);
        if (i > model->first_trainable) {
            kind->error(model, i);
        }
        if (layer->trainable && learning_rate.mantissa != 0) {
            kind->update(model, i, learning_rate);
        }
    }
}

// Scales move between steps only, so that a step uses one set of them throughout.
void fqt_step_end(fqt_model_t *model) {
    for (uint32_t i = model->first_trainable; i < model->layer_count; ++i) {
        fqt_tensor_t *input = fqt_tensor(model, i);
        if (input->next_error_scale != 0) {
            input->error_scale = input->next_error_scale;
        }
        if (fqt_layer(model, i)->trainable && i + 1 < model->layer_count) {
            fqt_output_follow_range(fqt_layer(model, i), fqt_tensor(model, i + 1));
        }
    }
    fqt_pass_scales_on(model);
    ++model->step_count;
}

int32_t fqt_step_loss(fqt_model_t *model, uint32_t label) {
    fqt_tensor_t *output = fqt_tensor(model, model->layer_count);
    return fqt_softmax_cross_entropy(
        fqt_scratch(model), output->elements, label, fqt_error_of(model, model->layer_count), &output->error_scale);
}

int32_t fqt_train_step(fqt_model_t *model, uint32_t label, uint32_t learning_rate) {
    forward(model, true);
    int32_t loss = fqt_step_loss(model, label);
    backward(model, fqt_scale_unpack(learning_rate));
    fqt_step_end(model);
    return loss;
}
