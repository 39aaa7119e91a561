// Residual connections: the sum of two tensors of one shape. docs/arithmetic.md, sections 4 and 6.
#include "../engine/fqt_errors.h"
#include "../model/fqt_window.h"

#define UNIT_BITS (20) // 2 * 255 * 2^20 < 2^31

// y = (a - za) * sa + (b - zb) * sb. Both are brought to the greater scale / 2^20 first: ma, mb <= 2^20.
static void add_forward(fqt_pass_t *pass) {
    const fqt_tensor_t *a = pass->input;
    const fqt_tensor_t *b = fqt_tensor(pass->model, pass->layer->second_input);
    const int8_t *b_values = fqt_activation(pass->model, pass->layer->second_input);
    fqt_scale_t s_greater = fqt_scale_unpack(a->scale > b->scale ? a->scale : b->scale);
    fqt_scale_t inverse = fqt_scale_shifted(fqt_scale_inverse(s_greater), UNIT_BITS);
    int32_t ma = fqt_fixed_multiply(fqt_scale_multiply_stored(inverse, a->scale), 1);
    int32_t mb = fqt_fixed_multiply(fqt_scale_multiply_stored(inverse, b->scale), 1);
    fqt_activations_t output;
    fqt_activations_begin(&output, pass);
    const fqt_multiplier_t multiplier =
        fqt_multiplier(fqt_scale_divide_stored(fqt_scale_shifted(s_greater, -UNIT_BITS), pass->output->scale));
    for (uint32_t i = 0; i < a->elements; ++i) {
        fqt_activations_put(
            &output, &multiplier, i, (pass->x[i] - a->zero_point) * ma + (b_values[i] - b->zero_point) * mb);
    }
    fqt_activations_end(&output, pass);
}

static void pass_error_on(const fqt_pass_t *pass) {
    if (!pass->input->needs_error) {
        return;
    }
    fqt_errors_t errors;
    fqt_errors_begin(&errors, pass, fqt_scale_unpack(pass->output->error_scale));
    for (uint32_t i = 0; i < pass->output->elements; ++i) {
        fqt_errors_put(&errors, i, pass->e[i]);
    }
    fqt_errors_end(&errors);
}

// e -> d of both, each the same
static void add_error(fqt_pass_t *pass) {
    pass_error_on(pass);
    fqt_pass_read(pass, pass->layer->second_input);
    pass_error_on(pass);
}

static void add_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    fqt_layer(model, index)->passes_error_scale = true;
    fqt_two_inputs_check(model, index, false, fault);
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
