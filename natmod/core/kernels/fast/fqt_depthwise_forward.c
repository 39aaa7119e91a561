// Depthwise convolution, forward: sums of x times weights. docs/arithmetic.md, section 4; the plain version with the
// same bits is in plain/fqt_depthwise.c.
#include "../../base/fqt_simd.h"
#include "fqt_tiles.h"

#define GREATEST_VALUE (1 << 30) // beyond what sums are requantised to

#if !FQT_SPARES_TEXT
// fqt_activations_put of each. Nearly all lie between the least and the greatest so far and are stored as they are, in
// pairs where there are registers for them: two loads, two multiplications, two stores and 20 instructions between.
// With ReLU the least is not wanted; less than an int8 becomes the least of these, where the zero point is.
FQT_LOOP void put_outputs(const fqt_tiles_t *tiles, int32_t i, fqt_activations_t *output) {
    const int32_t mantissa = tiles->multiplier.mantissa;
    const uint32_t shift = tiles->multiplier.shift;
    const int32_t rounding = 1 + 2 * output->zero_point;
    const int32_t step = tiles->column_step;
    const bool saturates = output->layer->activation != FQT_ACTIVATION_NONE && output->low == INT8_MIN;
    int32_t greatest = -GREATEST_VALUE; // the first one shows what they are
    int32_t least = -GREATEST_VALUE;
    const int32_t *sums = fqt_tiles_sums(tiles);
    int8_t *row = output->activation + i;
    for (int32_t rows = tiles->rows; rows > 0; --rows, row += tiles->row_step) {
        int8_t *y = row;
        for (int32_t left = tiles->columns; left > 0; --left, y += step) {
#if FQT_HAS_DSP
            while (left > 1) {
                const int32_t first = fqt_round_upper(fqt_multiply_high(sums[0], mantissa), shift, rounding);
                const int32_t second = fqt_round_upper(fqt_multiply_high(sums[1], mantissa), shift, rounding);
                if (((first - least) | (greatest - first) | (second - least) | (greatest - second)) < 0) {
                    break;
                }
                y[0] = (int8_t)fqt_saturated(first);
                y[step] = (int8_t)fqt_saturated(second);
                y += 2 * step;
                sums += 2;
                left -= 2;
            }
            if (left == 0) {
                break;
            }
#endif
            int32_t value = fqt_round_upper(fqt_multiply_high(*sums++, mantissa), shift, rounding);
            if (FQT_UNLIKELY(value > greatest || value < least)) {
                output->greatest = value > output->greatest ? value : output->greatest;
                output->least = value < output->least ? value : output->least;
                greatest = output->greatest < output->high ? output->greatest : output->high;
                least = saturates ? -GREATEST_VALUE : output->least > output->low ? output->least : output->low;
                value = fqt_clamp(value, output->low, output->high);
            }
            *y = (int8_t)fqt_saturated(value);
        }
        sums += -tiles->columns & (FQT_NEIGHBOURS - 1);
    }
}

#endif

// x [in_height][in_width][channels] -> y [out_height][out_width][channels]
void fqt_depthwise_forward(fqt_pass_t *pass) {
    const fqt_tensor_t *to = pass->output;
    fqt_tiles_t tiles;
    fqt_tiles_of_windows(&tiles, pass, 4);
    tiles.weights = fqt_weights(pass->model, pass->layer);
    tiles.row_step = to->width * to->channels;
    tiles.column_step = to->channels;
    fqt_tiles_begin(&tiles, pass);
    fqt_activations_t output;
    fqt_activations_begin(&output, pass);
    while (fqt_tiles_next_tile(&tiles)) {
        for (int32_t lane = 0; tiles.lanes >> lane != 0; ++lane) {
            fqt_channel_t channel;
            fqt_activations_channels(&output, (uint32_t)(tiles.first + lane), 1, &channel);
            const int32_t i = fqt_tiles_first_element(&tiles, lane);
            tiles.bias = channel.bias;
            tiles.multiplier = channel.multiplier;
            fqt_tiles_sum_lane(&tiles, lane);
#if !FQT_SPARES_TEXT
            if (!fqt_pass_is_last(pass) && fqt_multiplier_is_short(&channel.multiplier)) {
                put_outputs(&tiles, i, &output);
                continue;
            }
#endif
            fqt_tiles_put_others(&tiles, i, &output);
        }
    }
    fqt_activations_end(&output, pass);
}
