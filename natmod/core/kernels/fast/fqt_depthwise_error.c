// Depthwise convolution, error: sums of e times weights in reverse order. With a stride, input places are taken apart
// by the phase of the stride at which they lie, as each phase has taps of its own. docs/arithmetic.md, section 6; the
// plain version with the same bits is in plain/fqt_depthwise.c.
#include "../../base/fqt_target.h"
#include "../fqt_common_unit.h"
#include "fqt_tiles.h"

// The errors of a lane of the tile.
static void put_lane(fqt_tiles_t *tiles, const fqt_pass_t *pass, int32_t lane, fqt_errors_t *errors) {
    const fqt_layer_t *layer = pass->layer;
    const fqt_scale_t s_e = fqt_scale_unpack(pass->output->error_scale);
    const uint32_t s_w = fqt_weight_scale(pass->model, layer, (uint32_t)(tiles->first + lane));
    fqt_errors_scale(errors, fqt_scale_multiply_stored(s_e, s_w));
    fqt_tiles_sum_lane(tiles, lane);
    const fqt_places_t places = {
        (uint32_t)fqt_tiles_first_element(tiles, lane), tiles->row_step, tiles->rows, tiles->columns};
    fqt_errors_put_channel(errors, &places, fqt_tiles_sums(tiles));
}

// Turn to the input rows first_row, first_row + stride, ...: the taps that reach them, every stride-th row of the
// kernel.
static void turn_to_phase(fqt_tiles_t *tiles, const fqt_pass_t *pass, int32_t first_row) {
    const fqt_tensor_t *to = pass->input;
    const fqt_window_t *window = &pass->layer->window;
    const int32_t stride = window->stride_height;
    // Windows `first` - kernel_height + 1 to `first` reach the first row of this phase.
    const int32_t first = (first_row + window->pad_top) / stride;
    const int32_t phase = first_row + window->pad_top - first * stride;
    const bool is_reached = phase < window->kernel_height;
    const int32_t last = window->kernel_height - 1;
    const int32_t last_tap = is_reached ? last - (last - phase) % stride : 0;
    tiles->kernel_height = last_tap / stride + 1;
    tiles->pad_top = is_reached ? tiles->kernel_height - 1 - first : UINT16_MAX; // beyond e
    tiles->height = (to->height - 1 - first_row) / stride + 1;
    tiles->weights = fqt_weights(pass->model, pass->layer) + (last_tap + 1) * window->kernel_width - 1;
    tiles->i = first_row * to->width * to->channels;
    fqt_tiles_begin(tiles, pass);
}

// Tiles of e, over which the filter lies in reverse order.
static fqt_tiles_t tiles_of_errors(const fqt_pass_t *pass) {
    const fqt_tensor_t *to = pass->input;
    const fqt_window_t *window = &pass->layer->window;
    const int32_t stride = window->stride_height;
    return (fqt_tiles_t) {.source = {pass->output, pass->e, 0, window->stride_width},
        .spacing = 1,
        .kernel_width = window->kernel_width,
        .stride_height = 1,
        .stride_width = 1,
        .pad_left = window->kernel_width - 1 - window->pad_left,
        .width = to->width,
        .selection = &pass->selection,
        .result_bytes = 4,
        .weights_row_step = -stride * window->kernel_width,
        .weights_column_step = -1,
        .filter_elements = (int32_t)pass->layer->filter_elements,
        .row_step = stride * to->width * to->channels,
        .column_step = to->channels};
}

// e [out_height][out_width][channels] -> d [in_height][in_width][channels]; 0 in channels that are not selected.
void fqt_depthwise_error(fqt_pass_t *pass) {
    const fqt_tensor_t *to = pass->input;
    const fqt_scale_t s_e = fqt_scale_unpack(pass->output->error_scale);
    fqt_errors_t errors;
    fqt_errors_begin(&errors, pass, fqt_scale_multiply_stored(s_e, fqt_greatest_weight_scale(pass)));
    errors.step = to->channels;
    // Other channels get no error; those that a later layer stored there stay, and count in its peak.
    if (pass->selection.count < to->channels && !errors.adds) {
        fqt_clear(errors.error, (to->elements + 3) / 4); // buffers end at whole words
    }
    fqt_tiles_t tiles = tiles_of_errors(pass);
    for (int32_t row = 0; row < pass->layer->window.stride_height && row < to->height; ++row) {
        turn_to_phase(&tiles, pass, row);
        while (fqt_tiles_next_tile(&tiles)) {
            for (int32_t lane = 0; tiles.lanes >> lane != 0; ++lane) {
                if ((tiles.lanes >> lane & 1) != 0) {
                    put_lane(&tiles, pass, lane, &errors);
                }
            }
        }
    }
    fqt_errors_end(&errors);
}
