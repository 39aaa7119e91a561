// Depthwise 2-d convolution: each channel has a filter of its own, y[.., c] = x[.., c] * w[c] + b[c]. The kind; its
// passes are in fqt_depthwise_forward.c, fqt_depthwise_error.c and fqt_depthwise_update.c.
#include "../kernels/fqt_kernels.h"
#include "../model/fqt_window.h"
#include "fqt_weighted.h"

static void depthwise_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    fqt_layer_t *layer = fqt_layer(model, index);
    const uint32_t area = (uint32_t)layer->window.kernel_height * layer->window.kernel_width;
    layer->filter_elements = area;
    fqt_filter_check(area, fault);
    fqt_positions_check(model, index, fault);
    fqt_same_channels_check(model, index, fault);
    fqt_window_check(model, index, fault);
}

static void depthwise_scratch(const fqt_model_t *model, uint32_t index, fqt_scratch_t *bytes) {
    bytes->forward = fqt_depthwise_bytes(fqt_layer(model, index));
    bytes->error = bytes->forward;
    bytes->update = bytes->forward;
}

const fqt_kind_t fqt_kind_depthwise_conv2d = {
    .name = "depthwise_conv2d",
    .has_weights = true,
    .last_activation = FQT_ACTIVATION_RELU6,
    .check = depthwise_check,
    .scratch = depthwise_scratch,
    .forward = fqt_depthwise_forward,
    .error = fqt_depthwise_error,
    .update = fqt_depthwise_update,
};
