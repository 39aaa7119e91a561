// 2-d convolution: the kind. Forward and error are in fqt_convolution.c and fqt_convolution_error.c, the
// update in fqt_conv2d_update.c.
#include "../kernels/fqt_kernels.h"
#include "../model/fqt_window.h"
#include "fqt_weighted.h"

static void conv2d_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    fqt_positions_check(model, index, fault);
    fqt_window_check(model, index, fault);
    fqt_convolution_check(model, index, fault);
}

static void conv2d_scratch(const fqt_model_t *model, uint32_t index, fqt_scratch_t *bytes) {
    bytes->forward = fqt_convolution_forward_bytes(model, index);
    bytes->error = fqt_convolution_error_bytes(model, index);
    bytes->update = fqt_conv2d_update_bytes(model, index);
}

const fqt_kind_t fqt_kind_conv2d = {
    .name = "conv2d",
    .has_weights = true,
    .last_activation = FQT_ACTIVATION_RELU6,
    .check = conv2d_check,
    .scratch = conv2d_scratch,
    .forward = fqt_convolution_forward,
    .error = fqt_convolution_error,
    .update = fqt_conv2d_update,
};
