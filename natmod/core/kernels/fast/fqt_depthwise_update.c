// Depthwise convolution, update: gradients are sums of x times e, three taps of a kernel row at a time.
// docs/arithmetic.md, section 7; the plain version with the same bits is in plain/fqt_depthwise.c.
#include "../../base/fqt_simd.h"
#include "../../engine/fqt_update.h"
#include "fqt_tiles.h"

// gradient[tap] += sum over all results of e * x, `tap` elements on; up to FQT_TERM_TAPS taps. Four results take two
// loads of e, three of x, two pairs put together and six multiply-adds for twelve products.
FQT_LOOP void add_gradients(
    const fqt_tiles_t *tiles, const int16_t *e, int32_t columns, int32_t *gradient, int32_t taps) {
    int32_t gradient_0 = 0;
    int32_t gradient_1 = 0;
    int32_t gradient_2 = 0;
    const int16_t *row = tiles->x;
    const int32_t x_step = tiles->stride_height * FQT_LANES * tiles->pitch;
    for (int32_t rows = tiles->rows; rows > 0; --rows, row += x_step, e += FQT_LANES * columns) {
        const int16_t *x = row;
#if FQT_HAS_DSP
        for (const int16_t *error = e; error < e + columns;) {
            const uint32_t e_0 = fqt_load4(error);
            const uint32_t e_2 = fqt_load4(error + 2);
            const uint32_t x_0 = fqt_load4(x);
            const uint32_t x_2 = fqt_load4(x + 2);
            const uint32_t x_4 = fqt_load4(x + 4);
            const uint32_t x_2_1 = fqt_lower_and_upper(x_2, x_0);
            const uint32_t x_4_3 = fqt_lower_and_upper(x_4, x_2);
            gradient_0 = fqt_multiply_add_pair(e_2, x_2, fqt_multiply_add_pair(e_0, x_0, gradient_0));
            gradient_1 = fqt_multiply_add_crossed(e_2, x_4_3, fqt_multiply_add_crossed(e_0, x_2_1, gradient_1));
            gradient_2 = fqt_multiply_add_pair(e_2, x_4, fqt_multiply_add_pair(e_0, x_2, gradient_2));
            x += 4;
            error += 4;
        }
#else
        const int32_t step = tiles->stride_width;
        for (const int16_t *error = e; error < e + tiles->columns; x += step) {
            const int32_t now = *error++;
            if (now != 0) {
                gradient_0 += now * x[0];
                gradient_1 += now * x[1];
                gradient_2 += now * x[2];
            }
        }
#endif
    }
    gradient[0] += gradient_0;
    if (taps > 1) {
        gradient[1] += gradient_1;
    }
    if (taps > 2) {
        gradient[2] += gradient_2;
    }
}

// *sum += all errors of a lane; whether there is one.
FQT_LOOP bool add_errors(const int16_t *e, int32_t rows, int32_t columns, int32_t *sum) {
    int32_t any = 0;
    int32_t all = *sum;
    for (; rows > 0; --rows, e += FQT_LANES * columns) {
        for (const int16_t *error = e; error < e + columns;) {
#if FQT_HAS_DSP
            const uint32_t first = fqt_load4(error);
            const uint32_t second = fqt_load4(error + 2);
            any |= (int32_t)(first | second);
            all = fqt_multiply_add_pair(second, 0x10001, fqt_multiply_add_pair(first, 0x10001, all));
            error += 4;
#else
            any |= *error;
            all += *error++;
#endif
        }
    }
    *sum = all;
    return any != 0;
}

// gradient [taps] += what a lane of the tile gives: e is its first error, in rows of `columns`.
static void add_lane_gradients(fqt_tiles_t *tiles, const int16_t *e, int32_t columns, int32_t lane, int32_t *gradient) {
    for (int32_t ky = 0; ky < tiles->kernel_height; ++ky) {
        tiles->x = tiles->spread + (ky * FQT_LANES + lane) * tiles->pitch;
        for (int32_t left = tiles->kernel_width; left > 0; left -= FQT_TERM_TAPS) {
            const int32_t taps = left < FQT_TERM_TAPS ? left : FQT_TERM_TAPS;
            add_gradients(tiles, e, columns, gradient, taps);
            tiles->x += taps;
            gradient += taps;
        }
    }
}

// x [in_height][in_width][channels], e [out_height][out_width][channels] -> weights
// [channels][kernel_height][kernel_width]
void fqt_depthwise_update(fqt_pass_t *pass) {
    const int32_t taps = (int32_t)pass->layer->filter_elements;
    int32_t *gradients = pass->scratch; // [FQT_LANES][taps]
    fqt_tiles_t tiles;
    fqt_tiles_of_windows(&tiles, pass, 2 * FQT_LANES);
    tiles.selection = &pass->selection;
    tiles.spacing = tiles.stride_width;
    fqt_tiles_begin(&tiles, pass);
    int16_t *errors = tiles.spread + tiles.elements; // [rows][FQT_LANES][columns]
    // Errors lie as far apart as what they meet, where these are taken in pairs.
    const fqt_tiles_source_t source = {pass->output, pass->e, 0, FQT_HAS_DSP ? tiles.spacing : 1};
    const int32_t columns = fqt_tiles_rounded((tiles.tile_columns - 1) * source.dilation + 1);
    int32_t bias_gradients[FQT_LANES];
    uint32_t any_error = 0;
    fqt_update_t update;
    fqt_update_begin(&update, pass);
    while (fqt_tiles_next_tile(&tiles)) {
        fqt_tiles_spread(&tiles, &source, tiles.row, tiles.column * source.dilation, tiles.rows,
            (tiles.columns - 1) * source.dilation + 1, errors, columns);
        if (tiles.row == 0 && tiles.column == 0) {
            fqt_clear(gradients, (uint32_t)(FQT_LANES * taps));
            fqt_clear(bias_gradients, FQT_LANES);
            any_error = 0;
        }
        const bool is_end = tiles.row + tiles.rows == tiles.height && tiles.column + tiles.columns == tiles.width;
        for (int32_t lane = 0; tiles.lanes >> lane != 0; ++lane) {
            const int16_t *e = errors + lane * columns;
            int32_t *gradient = gradients + lane * taps;
            if ((tiles.lanes >> lane & 1) == 0) {
                continue;
            }
            if (add_errors(e, tiles.rows, columns, &bias_gradients[lane])) {
                any_error |= 1u << lane;
                add_lane_gradients(&tiles, e, columns, lane, gradient);
            }
            if (is_end && ((any_error >> lane & 1) != 0 || update.decay != 0)) {
                fqt_update_filter(&update, (uint32_t)(tiles.first + lane), gradient, bias_gradients[lane]);
            }
        }
    }
}
