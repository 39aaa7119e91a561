// See fqt_pass.h.
#include "fqt_pass.h"

fqt_shape_t fqt_shape(const fqt_model_t *model, uint32_t index) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    const bool is_dense = layer->kind == FQT_KIND_DENSE;
    const uint32_t source = is_dense ? fqt_input_of(model, index)->same_as : layer->input;
    const fqt_tensor_t *from = fqt_tensor(model, source);
    const fqt_tensor_t *to = fqt_output_of(model, index);
    const fqt_window_t *window = &layer->window;
    fqt_shape_t shape = {from->height, from->width, from->channels, to->height, to->width, to->channels,
        {window->kernel_height, window->kernel_width, window->stride_height, window->stride_width, window->pad_top,
            window->pad_left},
        source};
    if (is_dense) {
        shape.in_height = 1;
        shape.in_width = (int32_t)((uint32_t)from->height * from->width);
        shape.window.kernel_width = shape.in_width;
    }
    return shape;
}

void fqt_pass_read(fqt_pass_t *pass, uint32_t tensor) {
    pass->input = fqt_tensor(pass->model, tensor);
    pass->x = fqt_activation(pass->model, tensor);
}

void fqt_pass_begin(fqt_pass_t *pass, fqt_model_t *model, uint32_t index) {
    pass->model = model;
    pass->layer = fqt_layer(model, index);
    pass->index = index;
    fqt_pass_read(pass, pass->layer->input);
    pass->output = fqt_output_of(model, index);
    pass->y = index + 1 == model->layer_count ? NULL : fqt_activation(model, index + 1);
    pass->scratch = model->arena + pass->layer->forward_scratch;
    pass->e = pass->output->needs_error ? fqt_error_of(model, index + 1) : NULL;
    pass->shape = fqt_shape(model, index);
    pass->training = false;
    pass->end = fqt_tensor(model, 0); // which never needs one
    pass->update_rate = 0;
    pass->selection = (fqt_selection_t) {0, NULL};
    pass->learning_rate = FQT_SCALE_ZERO;
}

FQT_NOINLINE int32_t fqt_limited_bias(int32_t bias) {
    return fqt_clamp(bias, -FQT_BIAS_LIMIT, FQT_BIAS_LIMIT);
}
