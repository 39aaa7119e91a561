// Running a model: forward, and one training step. docs/arithmetic.md, section 9.
#include "../fqt.h"
#include "fqt_step.h"
#include "../model/fqt_graph.h"
#include "fqt_loss.h"
#include "fqt_select.h"
#include "fqt_turns.h"
#include "fqt_activations.h"
#include "fqt_update.h"

#define LOGIT_LIMIT (1 << 30)
#define WORK_BETWEEN_PAUSES (256) // 30 to 60 ms of a Cortex-M0+

// Between layers, no address in a blob is known, and weights and scales fit each other: the embedder may look for
// Ctrl-C there, and leave. Layer `index` is the next.
static void pause_after(fqt_model_t *model, uint32_t index) {
    model->work +=
        ((fqt_output_of(model, index)->elements >> 10) + 1) * (fqt_layer(model, index)->filter_elements + 16);
    if (model->work >= WORK_BETWEEN_PAUSES && model->pause != NULL) {
        model->work = 0;
        model->pause(model);
    }
}

static void forward(fqt_model_t *model, uint32_t first, uint32_t end, bool training) {
    for (uint32_t i = first; i < end; ++i) {
        fqt_pass_t pass;
        pause_after(model, i);
        fqt_pass_begin(&pass, model, i);
        pass.training = training;
        fqt_kind_of(model, i)->forward(&pass);
    }
}

const int32_t *fqt_logits(fqt_model_t *model, uint32_t first) {
    forward(model, first, model->layer_count, false);
    return fqt_outputs(model);
}

const int8_t *fqt_features(fqt_model_t *model) {
    forward(model, 0, model->cut, false);
    return fqt_activation(model, model->cut);
}

static FQT_NOINLINE uint32_t greatest_output(const int32_t *logits, uint32_t count) {
    uint32_t best = 0;
    for (uint32_t o = 1; o < count; ++o) {
        best = logits[o] > logits[best] ? o : best;
    }
    return best;
}

uint32_t fqt_predict(fqt_model_t *model) {
    const int32_t *logits = fqt_logits(model, 0);
    const uint32_t count = fqt_output_elements(model);
    return count == 1 ? logits[0] > 0 : greatest_output(logits, count);
}

const uint8_t *fqt_predict_pixels(fqt_model_t *model) {
    const int32_t *logits = fqt_logits(model, 0);
    const uint32_t count = model->classes;
    uint8_t *classes = (uint8_t *)(uintptr_t)logits; // over logits that were read
    for (uint32_t p = 0; p < model->pixels; ++p) {
        classes[p] = (uint8_t)greatest_output(logits + p * count, count);
    }
    return classes;
}

void fqt_step_forward(fqt_model_t *model, uint32_t first) {
    forward(model, first, model->layer_count, true);
}

// The loss of the outputs, which become its derivatives.
static fqt_loss_t loss_of(const fqt_model_t *model, int32_t *outputs, uint32_t label) {
    uint32_t count = fqt_output_elements(model);
    switch (model->loss) {
        case FQT_LOSS_MEAN_SQUARED_ERROR:
            return fqt_mean_squared_error(outputs, count, fqt_targets(model));
        case FQT_LOSS_BINARY_CROSS_ENTROPY:
            return fqt_binary_cross_entropy(outputs, count, fqt_targets(model));
        case FQT_LOSS_PIXELWISE_CROSS_ENTROPY:
            return fqt_pixelwise_cross_entropy(outputs, model->pixels, model->classes, fqt_pixel_labels(model));
        default:
            return fqt_softmax_cross_entropy(outputs, count, label);
    }
}

int32_t fqt_loss(fqt_model_t *model, uint32_t label) {
    fqt_logits(model, 0);
    return loss_of(model, fqt_outputs(model), label).loss;
}

static bool outputs_overflow(const int32_t *outputs, uint32_t count) {
    for (uint32_t o = 0; o < count; ++o) {
        if (outputs[o] == LOGIT_LIMIT || outputs[o] == -LOGIT_LIMIT) {
            return true;
        }
    }
    return false;
}

void fqt_step_set_error_scale(fqt_model_t *model, uint32_t scale) {
    fqt_tensor_t *output = fqt_tensor(model, model->layer_count);
    if (output->error_scale != 0) {
        fqt_scale_t factor = fqt_scale_divide_stored(fqt_scale_unpack(scale), output->error_scale);
        for (uint32_t t = 0; t < model->layer_count; ++t) {
            fqt_tensor_t *tensor = fqt_tensor(model, t);
            tensor->error_scale = fqt_scale_pack(fqt_scale_multiply_stored(factor, tensor->error_scale));
        }
    }
    output->error_scale = scale;
}

int32_t fqt_step_loss(fqt_model_t *model, uint32_t label, fqt_scale_t learning_rate) {
    const fqt_tensor_t *output = fqt_tensor(model, model->layer_count);
    int32_t *outputs = fqt_outputs(model);
    if (outputs_overflow(outputs, output->elements)) {
        model->diverged = (uint8_t)model->layer_count;
        model->silent = false;
    }
    fqt_loss_t loss = loss_of(model, outputs, label);
    fqt_step_set_error_scale(model,
        fqt_loss_error(outputs, output->elements, loss.derivative_unit, fqt_error_of(model, model->layer_count)));
    if (learning_rate != FQT_SCALE_ZERO) {
        fqt_follow_greatest_loss(model, loss.loss);
    }
    if (model->options.samples) {
        model->sampling = fqt_random_draw(&model->random_state);
    }
    return loss.loss;
}

void fqt_step_turn_back(fqt_pass_t *pass, uint32_t rate) {
    pass->scratch = pass->model->arena + pass->layer->backward_scratch;
    if (pass->layer->filter_elements != 0) {
        pass->update_rate = rate;
        fqt_select(pass);
    }
}

// Errors flow from the last layer to the first that updates; each layer's error pass comes before its own update, since
// both read the old weights.
void fqt_step_backward(fqt_model_t *model, int32_t loss, fqt_scale_t learning_rate) {
    const uint32_t rate = fqt_update_rate(model, loss);
    const uint32_t first = fqt_turns_first(model, rate);
    for (uint32_t i = model->layer_count; i-- > first;) {
        fqt_pass_t pass;
        if (model->batch == 1) { // else a step that is left would be half in the sums
            pause_after(model, i);
        }
        fqt_pass_begin(&pass, model, i);
        const fqt_kind_t *kind = fqt_kind_of(model, i);
        if (!pass.output->needs_error) {
            continue;
        }
        pass.end = fqt_tensor(model, first);
        fqt_step_turn_back(&pass, rate);
        if (kind->has_second_input || fqt_pass_wants(&pass, pass.input)) {
            const bool has_no_scale = pass.input->error_scale == 0 && !kind->has_second_input;
            kind->error(&pass);
            if (has_no_scale) { // the first step: what their peak tells serves at once, so that no error is cut off
                pass.input->error_scale = pass.input->next_error_scale;
                kind->error(&pass);
            }
        }
        if (pass.layer->updates && learning_rate != FQT_SCALE_ZERO) {
            pass.learning_rate = fqt_turns_learning_rate(&pass, rate, learning_rate);
            kind->update(&pass);
        }
    }
}

// Whether the range of a layer's output follows what it sees.
static bool range_moves(const fqt_model_t *model, uint32_t index) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_kind_t *kind = fqt_kind_of(model, index);
    const fqt_tensor_t *output = fqt_output_of(model, index);
    if (kind->keeps_scale || output->keeps_range || index + 1 == model->layer_count) {
        return false;
    }
    return kind->has_weights ? layer->updates : output->needs_error;
}

void fqt_end_batch(fqt_model_t *model) {
    if (model->batch_steps == 0) {
        return;
    }
    model->batch_steps = 0;
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        if (fqt_layer(model, i)->updates) {
            fqt_pass_t pass;
            fqt_pass_begin(&pass, model, i);
            fqt_update_apply_sums(&pass);
        }
    }
}

// Parameters and scales move between steps only, so that a step uses one set of scales throughout.
void fqt_step_end(fqt_model_t *model, fqt_scale_t learning_rate) {
    if (model->batch > 1 && learning_rate != FQT_SCALE_ZERO && ++model->batch_steps == model->batch) {
        fqt_end_batch(model);
    }
    if (model->silent) {
        model->silent = false;
        model->diverged = 0; // unless it still is
    }
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        fqt_tensor_t *output = fqt_output_of(model, i);
        if (output->next_error_scale != 0) {
            output->error_scale = output->next_error_scale;
            output->next_error_scale = 0;
        }
        if (range_moves(model, i)) {
            fqt_activations_follow_range(model, i);
        }
    }
    fqt_pass_scales_on(model);
    ++model->step_count;
}

FQT_NOINLINE int32_t fqt_train_step(fqt_model_t *model, uint32_t first, uint32_t label, uint32_t learning_rate) {
    fqt_scale_t rate = fqt_scale_unpack(learning_rate);
    fqt_step_forward(model, first);
    int32_t loss = fqt_step_loss(model, label, rate);
    fqt_step_backward(model, loss, rate);
    fqt_step_end(model, rate);
    return loss;
}
