// The seam between layers and kernels: what layers ask, and who answers.
//
//                                plain/                fast/, without and with DSP instructions (base/fqt_simd.h)
//   fqt_convolution_forward      fqt_convolution.c     fqt_convolution.c, over fqt_column.c and fqt_products.c; of a
//                                                      dense layer over fqt_listed.c, without DSP instructions
//   fqt_error_sums               fqt_convolution.c     fqt_error_sums.c, over fqt_terms.c
//   fqt_put_wanted_errors                              fqt_wanted_errors.c
//   fqt_conv2d_update            fqt_conv2d_update.c   fqt_conv2d_update.c, over fqt_column.c; without DSP instructions
//                                                      fqt_conv2d_update_sparse.c, over fqt_terms.c
//   fqt_depthwise_forward        fqt_depthwise.c       fqt_depthwise_forward.c, over fqt_tiles.c and fqt_tiles_sums.c
//   fqt_depthwise_error          fqt_depthwise.c       fqt_depthwise_error.c, over the same
//   fqt_depthwise_update         fqt_depthwise.c       fqt_depthwise_update.c, over fqt_tiles.c
//   fqt_update_weights, _row     fqt_update_weights.c  fqt_update_weights.c
//   fqt_update_decayed_row                             fqt_decayed_row.c, on the desk
//
// All give the same bits (tests/core/test_backends.py). A board has the fast ones; where text is scarcer than cycles
// (Cortex-M0+, FQT_SPARES_TEXT) no fqt_put_wanted_errors and no fqt_listed.c. FQT_PLAIN, for tests, takes all plain
// ones. A dense layer is a convolution too (fqt_shape). docs/arithmetic.md, sections 4, 6 and 7.
#ifndef FQT_KERNELS_H
#define FQT_KERNELS_H

#include "../base/fqt_taps.h"
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

// Whether rows of dense layers whose weights decay have a way of their own.
#if FQT_VECTORS && !defined(FQT_PLAIN)
#define FQT_HAS_DECAYED_ROWS (1)
#else
#define FQT_HAS_DECAYED_ROWS (0)
#endif

// -- convolution and dense layers: passes, each with its scratch behind the logits or the selection

void fqt_convolution_forward(fqt_pass_t *pass);
uint32_t fqt_convolution_forward_bytes(const fqt_model_t *model, uint32_t index);

void fqt_convolution_error(fqt_pass_t *pass);
uint32_t fqt_convolution_error_bytes(const fqt_model_t *model, uint32_t index);

void fqt_conv2d_update(fqt_pass_t *pass);
uint32_t fqt_conv2d_update_bytes(const fqt_model_t *model, uint32_t index);

// -- what they are made of

// Elements of a column, which is what a window reads at one output position: those of a filter, and zeros up to a
// multiple of four.
static inline uint32_t fqt_column_elements(uint32_t filter_elements) {
    return (filter_elements + 3) & ~3u;
}

// A part of a row of the input.
typedef struct {
    int32_t row;
    int32_t column; // the first one
    int32_t columns;
} fqt_part_t;

// Sums behind the errors of a part, in all channels: sums[ix][c] = sum over (ky, kx) and the selected o of e[oy, ox, o]
// * m[o] * w[o, ky, kx, c], where the window at (oy, ox) reads (row, ix) with (ky, kx).
void fqt_error_sums(const fqt_pass_t *pass, const int16_t *m, const fqt_part_t *part, int32_t *sums);

// So many columns of the input have their sums in the scratch at a time.
int32_t fqt_columns_together(const fqt_shape_t *shape);

// Errors of a position that are listed at a time, behind the sums, and two that end the list: the more, the less often
// the sums are loaded and stored.
#define FQT_ERROR_TERMS (96)
#define FQT_ERROR_TERM_BYTES (8)

// Output channels whose constants, and sums of two positions, lie behind the columns of a forward pass: columns are
// made anew for so many.
#define FQT_OUTPUT_BLOCK (64)
#define FQT_CHANNEL_BYTES (12)

#define FQT_ERRORS_TOGETHER (8)
#if FQT_HAS_WANTED_ERRORS
// The errors of all positions in the channels `wanted`, by a shorter way where these are few. to: memory for
// FQT_ERRORS_TOGETHER errors of each output column, and behind them for the sums.
void fqt_put_wanted_errors(
    const fqt_pass_t *pass, fqt_errors_t *errors, const int16_t *m, const fqt_selection_t *wanted, int16_t *to);
#endif

// How many filters are updated at a time, at most FQT_UPDATE_FILTERS; and positions.
uint32_t fqt_filters_at_a_time(uint32_t elements, uint32_t channels);
#define FQT_UPDATE_FILTERS (16)
#define FQT_UPDATE_POSITIONS (4)

// -- depthwise convolution: its passes, and the scratch of each of them

void fqt_depthwise_forward(fqt_pass_t *pass);
void fqt_depthwise_error(fqt_pass_t *pass);
void fqt_depthwise_update(fqt_pass_t *pass);
uint32_t fqt_depthwise_bytes(const fqt_layer_t *layer);

// -- moving weights

// `count` weights from j on move by their gradients, rounded stochastically: weight[j + i] -= clamp(rate *
// gradient[i]). With fqt_update_is_plain.
void fqt_update_weights(fqt_update_t *update, uint32_t j, const int32_t *gradient, uint32_t count, fqt_scale_t rate);

// The inputs of a dense layer.
typedef struct {
    const int8_t *x;
    int32_t zero_point;
    int32_t count;
    int32_t least; // of all x[c] - zero_point and 0
    int32_t greatest;
} fqt_row_t;

// The same where each gradient is a single product: weight[j + c] -= rate * (x[c] - zero_point). Of at most 4 low bits,
// and then |rate * (x[c] - zero_point)| <= FQT_ROW_STEP_LIMIT: steps of at most 111 units of the last bit.
#define FQT_ROW_STEP_LIMIT (111 << 20)
void fqt_update_row(fqt_update_t *update, uint32_t j, const fqt_row_t *row, int32_t rate);

#if FQT_HAS_DECAYED_ROWS
// The same with decay, and of any low bits and rates: |rate * (x[c] - zero_point)| <= FQT_STEP_LIMIT.
void fqt_update_decayed_row(fqt_update_t *update, uint32_t j, const fqt_row_t *row, int32_t rate);
#endif

// A whole channel: fqt_update_channel, a step for each of its weights from gradient [filter_elements] (overwritten),
// fqt_update_end_channel.
void fqt_update_filter(fqt_update_t *update, uint32_t channel, int32_t *gradient, int32_t bias_gradient);

#endif
