// How gradients move weights, plain: what ../fast/fqt_update_weights.c computes faster, with the same bits. Tests
// compare them.
#include "../fqt_kernels.h"

void fqt_update_weights(fqt_update_t *update, uint32_t j, const int32_t *gradient, uint32_t count, fqt_scale_t rate) {
    for (uint32_t i = 0; i < count; ++i, ++j) {
        int32_t step = fqt_limited_multiply(rate, gradient[i], FQT_STEP_LIMIT);
        fqt_update_weight(update, j, step);
    }
}

void fqt_update_row(fqt_update_t *update, uint32_t j, const fqt_row_t *row, int32_t rate) {
    for (int32_t c = 0; c < row->count; ++c, ++j) {
        fqt_update_weight(update, j, rate * (row->x[c] - row->zero_point));
    }
}
