// Dense layers: y[o] = sum over c of w[o][c] * x[c] + b[o]. Forward and error are those of a convolution of a 1x1 image;
// the update is its own, since each weight's gradient is a single product. docs/arithmetic.md, sections 4, 6, 7.
#include "fqt_convolution.h"
#include "fqt_kind.h"
#include "fqt_update.h"
#include "fqt_window.h"

// |rate * (x - zx)| <= FQT_STEP_LIMIT, as |x - zx| <= 255
#define MAX_ROW_RATE (FQT_STEP_LIMIT / 255)

// w[o][c] -= rate of e[o] * (x[c] - zx)
static void dense_update(fqt_model_t *model, uint32_t index, fqt_scale_t learning_rate) {
    const fqt_shape_t shape = fqt_shape(model, index);
    const int8_t *x = fqt_activation(model, index);
    const int32_t zx = fqt_tensor(model, index)->zero_point;
    const int8_t *e = fqt_error_of(model, index + 1);
    fqt_update_t update;
    fqt_update_begin(&update, model, index, learning_rate);
    for (int32_t o = 0; o < shape.out_channels; ++o) {
        if (e[o] == 0) {
            continue;
        }
        fqt_update_channel(&update, o);
        int32_t row_rate = fqt_clamp(fqt_fixed_multiply(e[o], update.channel_rate), -MAX_ROW_RATE, MAX_ROW_RATE);
        uint32_t j = o * shape.in_channels;
        for (int32_t c = 0; c < shape.in_channels; ++c, ++j) {
            fqt_update_weight(&update, j, row_rate * (x[c] - zx));
        }
        fqt_update_end_channel(&update, o, e[o]);
    }
}

static bool dense_check(const fqt_model_t *model, uint32_t index, fqt_error_t *error) {
    return fqt_no_window_check(model, index, error) && fqt_convolution_check(model, index, error);
}

const fqt_kind_t fqt_kind_dense = {
    .name = "dense",
    .has_weights = true,
    .check = dense_check,
    .scratch_bytes = fqt_convolution_scratch_bytes,
    .forward = fqt_convolution_forward,
    .error = fqt_convolution_error,
    .update = dense_update,
};
