// Convolution of any kernel, stride and padding: forward next to the error of its input, and what layers with weights share.
// A dense layer is a convolution too (fqt_shape). docs/arithmetic.md, sections 4 and 6.
#ifndef FQT_KERNELS_H
#define FQT_KERNELS_H

#include "../engine/fqt_errors.h"
#include "../engine/fqt_pass.h"
#include "../engine/fqt_update.h"
#include "../base/fqt_target.h"

// Whether errors of few channels have a way of their own.
#if FQT_SPARES_TEXT || defined(FQT_PLAIN)
#define FQT_HAS_WANTED_ERRORS (0)
#else
#define FQT_HAS_WANTED_ERRORS (1)
#endif

// The part [begin, end) of a kernel's extent that lies inside the input, for a window that starts at `origin`.
typedef struct {
    int32_t begin;
    int32_t end;
} fqt_taps_t;

static inline fqt_taps_t fqt_taps(int32_t origin, int32_t kernel, int32_t size) {
    fqt_taps_t taps = {origin < 0 ? -origin : 0, origin + kernel > size ? size - origin : kernel};
    return taps;
}

// Of a layer's channels, as float32 bits.
uint32_t fqt_greatest_weight_scale(const fqt_pass_t *pass);

// m[n], of the n-th selected channel o: weight scales relative to the greatest, in units that keep every product e * m in 16
// bits. Gives what one unit of e * m * w means.
fqt_scale_t fqt_common_unit(const fqt_pass_t *pass, int16_t *m);

void fqt_convolution_forward(fqt_pass_t *pass);
void fqt_convolution_error(fqt_pass_t *pass);

// Scratch of the error pass, behind the selection.
uint32_t fqt_convolution_error_bytes(const fqt_model_t *model, uint32_t index);

// A part of a row of the input.
typedef struct {
    int32_t row;
    int32_t column; // the first one
    int32_t columns;
} fqt_part_t;

// Sums behind the errors of a part, in all channels: sums[ix][c] = sum over (ky, kx) and the selected o of e[oy, ox, o] * m[o] *
// w[o, ky, kx, c], where the window at (oy, ox) reads (row, ix) with (ky, kx).
void fqt_error_sums(const fqt_pass_t *pass, const int16_t *m, const fqt_part_t *part, int32_t *sums);

// So many columns of the input have their sums in the scratch at a time.
int32_t fqt_columns_together(const fqt_shape_t *shape);

#if FQT_HAS_WANTED_ERRORS
// The errors of all positions in the channels `wanted`, by a shorter way where these are few. to: memory for
// FQT_ERRORS_TOGETHER errors of each output column, and behind them for the sums.
void fqt_put_wanted_errors(
    const fqt_pass_t *pass, fqt_errors_t *errors, const int16_t *m, const fqt_selection_t *wanted, int16_t *to);
#endif
#define FQT_ERRORS_TOGETHER (8)

// `count` weights from j on move by their gradients, rounded stochastically: weight[j + i] -= clamp(rate * gradient[i]). With
// fqt_update_is_plain.
void fqt_update_weights(fqt_update_t *update, uint32_t j, const int32_t *gradient, uint32_t count, fqt_scale_t rate);

// The same where each gradient is a single product: weight[j + c] -= rate * (x[c] - zx). |rate| * 255 <= FQT_STEP_LIMIT.
void fqt_update_row(fqt_update_t *update, uint32_t j, const int8_t *x, int32_t zx, int32_t count, int32_t rate);

// A whole channel: fqt_update_channel, a step for each of its weights from gradient [filter_elements] (overwritten),
// fqt_update_end_channel.
void fqt_update_filter(fqt_update_t *update, uint32_t channel, int32_t *gradient, int32_t bias_gradient);

void fqt_conv2d_update(fqt_pass_t *pass);

// How many filters it updates at a time, at most FQT_UPDATE_FILTERS; and positions. On every core the scratch has room for
// both, so that a model takes the same RAM everywhere.
uint32_t fqt_filters_at_a_time(uint32_t elements, uint32_t channels);
#define FQT_UPDATE_FILTERS (16)
#define FQT_UPDATE_POSITIONS (4)

// Depthwise: its passes, and their scratch, behind the selection where there is one.
void fqt_depthwise_forward(fqt_pass_t *pass);
void fqt_depthwise_error(fqt_pass_t *pass);
void fqt_depthwise_update(fqt_pass_t *pass);
uint32_t fqt_depthwise_bytes(const fqt_layer_t *layer);

// Scratch of a layer with weights: the selection with what the passes keep behind it (the update `update_bytes`), or a column
// (behind the logits when the layer is the last).
uint32_t fqt_weighted_scratch_bytes(const fqt_model_t *model, uint32_t index, uint32_t update_bytes);

// So many output positions that a filter's gradient fits 32 bits (fqt_conv2d.c).
void fqt_positions_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault);

// So few inputs that an output's accumulator fits 32 bits.
void fqt_filter_check(uint32_t filter_elements, fqt_fault_t *fault);

// Limits that keep every accumulator in 32 bits.
void fqt_convolution_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault);

#endif
