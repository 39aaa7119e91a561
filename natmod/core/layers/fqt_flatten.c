// Flatten: another shape for the same bytes. Nothing runs.
#include "../engine/fqt_pass.h"
#include "../model/fqt_window.h"

static void flatten_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    const fqt_tensor_t *from = fqt_input_of(model, index);
    const fqt_tensor_t *to = fqt_output_of(model, index);
    if (to->elements != from->elements) {
        fqt_fail_2(fault, FQT_MESSAGE_FLATTEN, from->elements, to->elements);
    }
    fqt_layer(model, index)->passes_error_scale = true;
    fqt_no_window_check(model, index, fault);
    fqt_one_pixel_check(model, index, fault);
}

static void flatten_forward(fqt_pass_t *pass) {
    (void)pass;
}

static void flatten_error(fqt_pass_t *pass) {
    pass->input->error_scale = pass->output->error_scale;
}

const fqt_kind_t fqt_kind_flatten = {
    .name = "flatten",
    .is_alias = true,
    .keeps_scale = true,
    .check = flatten_check,
    .forward = flatten_forward,
    .error = flatten_error,
};
