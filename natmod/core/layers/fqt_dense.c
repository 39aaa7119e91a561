// Dense layers: y[o] = sum over c of w[o][c] * x[c] + b[o]. Forward and error are those of a convolution (fqt_shape);
// the update is its own, since each weight's gradient is a single product. docs/arithmetic.md, sections 4, 6, 7.
#include "../kernels/fqt_kernels.h"
#include "../model/fqt_window.h"
#include "fqt_weighted.h"

// |rate * (x - zx)| <= FQT_STEP_LIMIT, as |x - zx| <= 255
#define MAX_ROW_RATE (FQT_STEP_LIMIT / 255)

// The spread of the centred inputs: a row's gradient e * (x - zx), standardized, is sign(e) times the inputs
// standardized.
static fqt_spread_t input_spread(const int8_t *x, int32_t zx, int32_t count) {
    fqt_spread_t spread = {0, 0, 0};
    for (int32_t c = 0; c < count; ++c) {
        fqt_spread_add(&spread, x[c] - zx);
    }
    return spread;
}

static fqt_row_t inputs_of(const int8_t *x, int32_t zx, int32_t count) {
    fqt_row_t row = {x, zx, count, 0, 0};
    for (int32_t c = 0; c < count; ++c) {
        const int32_t centred = x[c] - zx;
        row.least = centred < row.least ? centred : row.least;
        row.greatest = centred > row.greatest ? centred : row.greatest;
    }
    return row;
}

// The greatest rate of rows that fqt_update_row takes.
static int32_t greatest_rate(const fqt_update_t *update, const fqt_row_t *row) {
    if (!fqt_update_is_plain(update) || update->low_bits_count > 4) {
        return -1;
    }
    const int32_t reach = row->greatest > -row->least ? row->greatest : -row->least; // of |x - zx|
    return update->low_bits_count == 0 || reach == 0 ? MAX_ROW_RATE : FQT_ROW_STEP_LIMIT / reach;
}

// w[o][c] -= rate of e[o] * (x[c] - zx)
static void update_row(fqt_update_t *update, uint32_t j, const fqt_row_t *row, int32_t e, int32_t greatest) {
    int32_t row_rate = fqt_limited_multiply(update->channel_rate, e, MAX_ROW_RATE);
    if (row_rate <= greatest && -row_rate <= greatest) {
        fqt_update_row(update, j, row, row_rate);
        return;
    }
#if FQT_HAS_DECAYED_ROWS
    if (update->sums == NULL) {
        fqt_update_decayed_row(update, j, row, row_rate);
        return;
    }
#endif
    for (int32_t c = 0; c < row->count; ++c, ++j) {
        fqt_update_put(update, j, row_rate * (row->x[c] - row->zero_point));
    }
}

static void update_row_standardized(
    fqt_update_t *update, uint32_t o, const int8_t *x, int32_t zx, int32_t e, const fqt_spread_t *spread) {
    fqt_scale_t rate = fqt_update_standard_rate(update, o, spread);
    uint32_t j = o * (uint32_t)spread->count;
    for (int32_t c = 0; c < spread->count; ++c, ++j) {
        int32_t centred = fqt_spread_centred(spread, x[c] - zx);
        int32_t step = fqt_limited_multiply(rate, e < 0 ? -centred : e > 0 ? centred : 0, FQT_STEP_LIMIT);
        fqt_update_put(update, j, step);
    }
}

static void dense_update(fqt_pass_t *pass) {
    const fqt_selection_t *selection = &pass->selection;
    const int32_t inputs = (int32_t)pass->layer->filter_elements;
    const int8_t *x = pass->x;
    const int32_t zx = pass->input->zero_point;
    const int8_t *e = pass->e;
    const bool standardizes = pass->model->options.standardizes;
    fqt_spread_t spread = {0, 0, 0};
    if (standardizes) {
        spread = input_spread(x, zx, inputs);
    }
    fqt_update_t update;
    fqt_update_begin(&update, pass);
    const fqt_row_t row = inputs_of(x, zx, inputs);
    const int32_t greatest = greatest_rate(&update, &row);
    for (uint32_t n = 0; n < selection->count; ++n) {
        uint32_t o = selection->channels[n];
        if (e[o] == 0 && update.decay == 0) {
            continue;
        }
        fqt_update_channel(&update, o);
        if (standardizes) {
            update_row_standardized(&update, o, x, zx, e[o], &spread);
        } else {
            update_row(&update, o * (uint32_t)inputs, &row, e[o], greatest);
        }
        fqt_update_end_channel(&update, o, e[o]);
    }
}

static void dense_scratch(const fqt_model_t *model, uint32_t index, fqt_scratch_t *bytes) {
    bytes->forward = fqt_convolution_forward_bytes(model, index);
    bytes->error = fqt_convolution_error_bytes(model, index);
}

static void dense_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    fqt_no_window_check(model, index, fault);
    fqt_one_pixel_check(model, index, fault);
    fqt_convolution_check(model, index, fault);
}

const fqt_kind_t fqt_kind_dense = {
    .name = "dense",
    .has_weights = true,
    .last_activation = FQT_ACTIVATION_RELU6,
    .check = dense_check,
    .scratch = dense_scratch,
    .forward = fqt_convolution_forward,
    .error = fqt_convolution_error,
    .update = dense_update,
};
