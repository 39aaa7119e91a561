// The product of two tensors element by element; the second may have one value a channel, as squeeze and excite needs.
// docs/arithmetic.md, sections 4 and 6.
#include "../engine/fqt_activations.h"
#include "../engine/fqt_errors.h"
#include "../model/fqt_window.h"

static void multiply_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    const fqt_tensor_t *b = fqt_tensor(model, fqt_layer(model, index)->second_input);
    const fqt_tensor_t *y = fqt_output_of(model, index);
    const uint32_t positions = (uint32_t)y->height * y->width;
    fqt_two_inputs_check(model, index, true, fault);
    if (b->elements != y->elements && positions > FQT_MAX_POSITIONS) {
        fqt_fail_2(fault, FQT_MESSAGE_POSITIONS, positions, FQT_MAX_POSITIONS);
    }
}

// y [height][width][channels] = (a - za) * (b - zb); b of the same shape, or [channels]
static void multiply_forward(fqt_pass_t *pass) {
    const int32_t za = pass->input->zero_point;
    const fqt_tensor_t *b = fqt_tensor(pass->model, pass->layer->second_input);
    const int8_t *b_values = fqt_activation(pass->model, pass->layer->second_input);
    fqt_activations_t output;
    fqt_activations_begin(&output, pass);
    const fqt_multiplier_t multiplier = fqt_multiplier(fqt_scale_multiply_stored(output.scale_ratio, b->scale));
    uint32_t j = 0;
    for (uint32_t i = 0; i < pass->output->elements; ++i) {
        fqt_activations_put(&output, &multiplier, i, (pass->x[i] - za) * (b_values[j] - b->zero_point));
        j = j + 1 < b->elements ? j + 1 : 0;
    }
    fqt_activations_end(&output, pass);
}

// e -> d [elements of the factor `to`] = the sum over the elements that it was in of e * (other - z)
static void form_error(fqt_pass_t *pass, uint32_t to, uint32_t other) {
    const fqt_tensor_t *factor = fqt_tensor(pass->model, other);
    const int8_t *values = fqt_activation(pass->model, other);
    if (!fqt_pass_wants(pass, fqt_tensor(pass->model, to))) {
        return;
    }
    fqt_pass_read(pass, to);
    fqt_errors_t errors;
    fqt_errors_begin(
        &errors, pass, fqt_scale_multiply_stored(fqt_scale_unpack(pass->output->error_scale), factor->scale));
    uint32_t j = 0;
    for (uint32_t i = 0; i < pass->input->elements; ++i) {
        int32_t sum = 0;
        for (uint32_t n = i; n < pass->output->elements; n += pass->input->elements) {
            sum += pass->e[n] * (values[factor->elements < pass->output->elements ? j : n] - factor->zero_point);
        }
        fqt_errors_put(&errors, i, sum);
        j = j + 1 < factor->elements ? j + 1 : 0;
    }
    fqt_errors_end(&errors);
}

// e [height][width][channels] -> d of both factors
static void multiply_error(fqt_pass_t *pass) {
    const fqt_layer_t *layer = pass->layer;
    form_error(pass, layer->input, layer->second_input);
    form_error(pass, layer->second_input, layer->input);
}

const fqt_kind_t fqt_kind_multiply = {
    .name = "multiply",
    .last_activation = FQT_ACTIVATION_RELU6,
    .has_second_input = true,
    .reads_input_for_error = true,
    .check = multiply_check,
    .forward = multiply_forward,
    .error = multiply_error,
};
