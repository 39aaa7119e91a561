// An activation function as a table: the outputs of all 256 inputs, and the derivatives there. Whoever made the file
// chose the function. docs/arithmetic.md, sections 4, 6 and 8.
#include "../engine/fqt_errors.h"
#include "../model/fqt_window.h"

// What the table says of an input x is at [x].
static const int8_t *entries(const fqt_pass_t *pass, uint32_t blob) {
    return (const int8_t *)fqt_blob(pass->model, pass->layer, blob) - INT8_MIN;
}

// The table is of these two scales: training moves neither.
static void table_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    uint32_t tensor = index + 1;
    do {
        fqt_tensor(model, tensor)->keeps_range = true;
        tensor = fqt_layer(model, tensor - 1)->input;
        fqt_tensor(model, tensor)->keeps_range = true;
    } while (tensor > 0 && fqt_kind_of(model, tensor - 1)->keeps_scale);
    fqt_same_shape_check(model, index, fault);
}

// y = outputs[x]
static void table_forward(fqt_pass_t *pass) {
    const int8_t *outputs = entries(pass, FQT_BLOB_BIASES);
    for (uint32_t i = 0; i < pass->output->elements; ++i) {
        pass->y[i] = outputs[pass->x[i]];
    }
}

// d = e * derivatives[x]
static void table_error(fqt_pass_t *pass) {
    const int8_t *derivatives = entries(pass, FQT_BLOB_WEIGHTS);
    fqt_errors_t errors;
    fqt_errors_begin(&errors, pass,
        fqt_scale_multiply_stored(
            fqt_scale_unpack(pass->output->error_scale), fqt_weight_scale(pass->model, pass->layer, 0)));
    for (uint32_t i = 0; i < pass->output->elements; ++i) {
        fqt_errors_put(&errors, i, pass->e[i] * derivatives[pass->x[i]]);
    }
    fqt_errors_end(&errors);
}

const fqt_kind_t fqt_kind_table = {
    .name = "table",
    .last_activation = FQT_FUNCTION_HARD_TANH,
    .has_table = true,
    .reads_input_for_error = true,
    .check = table_check,
    .forward = table_forward,
    .error = table_error,
};
