// Residual connections: the sum of two tensors of one shape. docs/arithmetic.md, sections 4 and 6.
#include "fqt_error_pass.h"
#include "fqt_kind.h"
#include "fqt_window.h"

#define UNIT_BITS (20) // 2 * 255 * 2^20 < 2^31

// y = (a - za) * sa + (b - zb) * sb. Both are brought to the greater scale / 2^20 first: ma, mb <= 2^20.
static void add_forward(fqt_model_t *model, uint32_t index, bool training) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_tensor_t *a = fqt_tensor(model, layer->input);
    const fqt_tensor_t *b = fqt_tensor(model, layer->second_input);
    const int8_t *a_values = fqt_activation(model, layer->input);
    const int8_t *b_values = fqt_activation(model, layer->second_input);
    fqt_scale_t s_greater = fqt_scale_unpack(a->scale > b->scale ? a->scale : b->scale);
    fqt_scale_t inverse = fqt_scale_shifted(fqt_scale_divide(fqt_scale_from_int(1), s_greater), UNIT_BITS);
    int32_t ma = fqt_fixed_multiply(1, fqt_scale_multiply(fqt_scale_unpack(a->scale), inverse));
    int32_t mb = fqt_fixed_multiply(1, fqt_scale_multiply(fqt_scale_unpack(b->scale), inverse));
    fqt_scale_t s_y = fqt_scale_unpack(fqt_output_of(model, index)->scale);
    fqt_output_t output;
    fqt_output_begin(&output, model, index);
    const fqt_multiplier_t multiplier = fqt_multiplier(fqt_scale_divide(fqt_scale_shifted(s_greater, -UNIT_BITS), s_y));
    for (uint32_t i = 0; i < a->elements; ++i) {
        fqt_output_put(
            &output, &multiplier, i, (a_values[i] - a->zero_point) * ma + (b_values[i] - b->zero_point) * mb);
    }
    if (training) {
        fqt_output_end(&output);
    }
}

static void error_of(fqt_model_t *model, uint32_t index, uint32_t tensor) {
    if (!fqt_tensor(model, tensor)->needs_error) {
        return;
    }
    const fqt_tensor_t *output = fqt_output_of(model, index);
    const int8_t *e = fqt_error_of(model, index + 1);
    fqt_error_pass_t pass;
    fqt_error_pass_begin(&pass, model, index, tensor, fqt_scale_unpack(output->error_scale));
    for (uint32_t i = 0; i < output->elements; ++i) {
        fqt_error_pass_put(&pass, i, e[i]);
    }
    fqt_error_pass_end(&pass);
}

// e -> d of both, each the same
static void add_error(fqt_model_t *model, uint32_t index, const fqt_selection_t *selection) {
    (void)selection;
    const fqt_layer_t *layer = fqt_layer(model, index);
    error_of(model, index, layer->input);
    error_of(model, index, layer->second_input);
}

static void add_check(const fqt_model_t *model, uint32_t index, fqt_error_t *error) {
    fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_tensor_t *output = fqt_output_of(model, index);
    const uint8_t inputs[] = {layer->input, layer->second_input};
    for (int i = 0; i < 2; ++i) {
        const fqt_tensor_t *input = fqt_tensor(model, inputs[i]);
        if (input->height != output->height || input->width != output->width || input->channels != output->channels) {
            fqt_fail_1(error, FQT_MESSAGE_SUM_SHAPE, inputs[i]);
        }
    }
    if (layer->input == layer->second_input) {
        fqt_fail_1(error, FQT_MESSAGE_SUM_OF_ONE, layer->input);
    }
    layer->passes_error_scale = true;
    fqt_no_window_check(model, index, error);
}

const fqt_kind_t fqt_kind_add = {
    .name = "add",
    .has_activation = true,
    .has_second_input = true,
    .check = add_check,
    .scratch_bytes = fqt_no_scratch,
    .forward = add_forward,
    .error = add_error,
};
