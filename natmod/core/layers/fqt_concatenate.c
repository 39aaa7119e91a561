// Concatenation: the channels of one tensor, and behind them those of another of the same height and width.
// docs/arithmetic.md, sections 4 and 6.
#include "../base/fqt_bytes.h"
#include "../engine/fqt_activations.h"
#include "../engine/fqt_errors.h"
#include "../model/fqt_window.h"

static void concatenate_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_tensor_t *a = fqt_input_of(model, index);
    const fqt_tensor_t *b = fqt_tensor(model, layer->second_input);
    const fqt_tensor_t *y = fqt_output_of(model, index);
    const uint32_t positions = offsetof(fqt_tensor_t, channels); // height, width
    if (!fqt_same_bytes(a, y, positions)) {
        fqt_fail_1(fault, FQT_MESSAGE_OTHER_SHAPE, layer->input);
    }
    if (!fqt_same_bytes(b, y, positions) || a->channels + b->channels != y->channels) {
        fqt_fail_1(fault, FQT_MESSAGE_OTHER_SHAPE, layer->second_input);
    }
    fqt_other_inputs_check(layer, fault);
    fqt_no_window_check(model, index, fault);
    layer->passes_error_scale = true;
}

// y[..][first + c] = (x[..][c] - zx) * sx / sy
static FQT_NOINLINE void put_channels(fqt_activations_t *output, fqt_pass_t *pass, uint32_t tensor, uint32_t first) {
    fqt_pass_read(pass, tensor);
    const fqt_tensor_t *from = pass->input;
    const int8_t *x = pass->x;
    const fqt_multiplier_t multiplier =
        fqt_multiplier(fqt_scale_divide_stored(fqt_scale_unpack(from->scale), pass->output->scale));
    for (; first < pass->output->elements; first += pass->output->channels) {
        for (uint32_t c = 0; c < from->channels; ++c) {
            fqt_activations_put(output, &multiplier, first + c, *x++ - from->zero_point);
        }
    }
}

// a [height][width][channels of a], b alike -> y [height][width][channels of both]
static void concatenate_forward(fqt_pass_t *pass) {
    const fqt_layer_t *layer = pass->layer;
    fqt_activations_t output;
    fqt_activations_begin(&output, pass);
    put_channels(&output, pass, layer->second_input, pass->input->channels);
    put_channels(&output, pass, layer->input, 0);
    fqt_activations_end(&output, pass);
}

// e -> d of both: of each its channels
static void concatenate_error(fqt_pass_t *pass) {
    const uint32_t first = pass->input->channels;
    fqt_errors_pass_on(pass, 0);
    fqt_pass_read(pass, pass->layer->second_input);
    fqt_errors_pass_on(pass, first);
}

const fqt_kind_t fqt_kind_concatenate = {
    .name = "concatenate",
    .last_activation = FQT_ACTIVATION_RELU6,
    .has_second_input = true,
    .check = concatenate_check,
    .forward = concatenate_forward,
    .error = concatenate_error,
};
