// 2-d convolution: the kind. Forward and error are in fqt_convolution.c and fqt_convolution_error.c, the
// update in fqt_conv2d_update.c.
#include "../kernels/fast/fqt_column.h"
#include "../kernels/fqt_kernels.h"
#include "../model/fqt_window.h"

#define MAX_POSITIONS (66000) // * 127 * 255 < 2^31

void fqt_positions_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    const fqt_tensor_t *to = fqt_output_of(model, index);
    uint32_t positions = (uint32_t)to->height * to->width;
    if (positions > MAX_POSITIONS && fqt_layer(model, index)->trainable) {
        fqt_fail_2(fault, FQT_MESSAGE_POSITIONS, positions, MAX_POSITIONS);
    }
}

static void conv2d_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    fqt_positions_check(model, index, fault);
    fqt_window_check(model, index, fault);
    fqt_convolution_check(model, index, fault);
}

static uint32_t conv2d_scratch_bytes(const fqt_model_t *model, uint32_t index) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    const uint32_t elements = layer->filter_elements;
    const uint32_t columns = 2 * FQT_UPDATE_POSITIONS * fqt_column_elements(elements);
    const uint32_t filters = fqt_filters_at_a_time(elements, fqt_output_of(model, index)->channels);
    return fqt_weighted_scratch_bytes(model, index, layer->trainable ? columns + 4 * filters * elements : 0);
}

const fqt_kind_t fqt_kind_conv2d = {
    .name = "conv2d",
    .has_weights = true,
    .has_activation = true,
    .check = conv2d_check,
    .scratch_bytes = conv2d_scratch_bytes,
    .forward = fqt_convolution_forward,
    .error = fqt_convolution_error,
    .update = fqt_conv2d_update,
};
