// 2-d convolution: the kind. Forward and error are in fqt_convolution.c, the update in fqt_conv2d_update.c.
#include "fqt_convolution.h"
#include "fqt_kind.h"
#include "fqt_window.h"

#define MAX_POSITIONS (66000) // * 127 * 255 < 2^31

void fqt_positions_check(const fqt_model_t *model, uint32_t index, fqt_error_t *error) {
    const fqt_tensor_t *to = fqt_output_of(model, index);
    uint32_t positions = (uint32_t)to->height * to->width;
    if (positions > MAX_POSITIONS && fqt_layer(model, index)->trainable) {
        fqt_fail_2(error, FQT_MESSAGE_POSITIONS, positions, MAX_POSITIONS);
    }
}

static void conv2d_check(const fqt_model_t *model, uint32_t index, fqt_error_t *error) {
    fqt_positions_check(model, index, error);
    fqt_window_check(model, index, error);
    fqt_convolution_check(model, index, error);
}

static uint32_t conv2d_scratch_bytes(const fqt_model_t *model, uint32_t index) {
    return fqt_weighted_scratch_bytes(model, index, fqt_conv2d_update_bytes(model, index));
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
