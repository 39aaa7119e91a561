// The sums of a tile's channel, of what is spread times weights (fqt_tiles.h): forward and error passes of depthwise
// convolution.
#include "../../base/fqt_simd.h"
#include "fqt_tiles.h"

#define SUMS (FQT_HAS_DSP ? 4 : 2) // in registers

// The terms of a channel's taps.
static void list_tap_terms(const fqt_tiles_t *tiles, const int8_t *weights) {
    fqt_tap_term_t *term = tiles->terms;
    const int32_t step = tiles->weights_column_step;
    int32_t offset = 0;
    for (int32_t height = tiles->kernel_height; height > 0; --height, weights += tiles->weights_row_step) {
        const int8_t *weight = weights;
        int32_t at = offset;
        for (int32_t left = tiles->kernel_width; left > 0; left -= FQT_TERM_TAPS, at += FQT_TERM_TAPS, ++term) {
            term->offset = at;
            term->is_last = 0;
            term->weights[0] = *weight;
            weight += step;
            term->weights[1] = left > 1 ? *weight : 0;
            weight += step;
            term->weights[2] = left > 2 ? *weight : 0;
            weight += step;
        }
        offset += FQT_LANES * tiles->pitch;
    }
    term[-1].is_last = -1;
}

// sums += a term's products; negative if it is the last one.
#if FQT_HAS_DSP
// Twelve products: three loads of the term, eight of x, three additions and eight multiply-adds.
FQT_INLINE int32_t add_three(uint32_t pair, int32_t last, const int16_t *x, int32_t sum) {
    const uint32_t two = fqt_in_register(fqt_load4(x));
    const uint32_t third = (uint32_t)x[2]; // second: an address that was just computed would delay the first one
    return fqt_multiply_add_low(last, third, fqt_multiply_add_pair(pair, two, sum));
}

FQT_INLINE int32_t add_tap_term(const fqt_tap_term_t *term, const int16_t *x, int32_t stride, int32_t sums[SUMS]) {
    const uint32_t pair = fqt_load4(term->weights);
    const int32_t last = (int32_t)fqt_load4(term->weights + 2); // and is_last
    sums[0] = add_three(pair, last, x, sums[0]);
    x += stride;
    sums[1] = add_three(pair, last, x, sums[1]);
    x += stride;
    sums[2] = add_three(pair, last, x, sums[2]);
    x += stride;
    sums[3] = add_three(pair, last, x, sums[3]);
    return last;
}
#else
// Six products: three loads of the term, six of x.
FQT_INLINE int32_t add_tap_term(const fqt_tap_term_t *term, const int16_t *x, int32_t stride, int32_t sums[SUMS]) {
    sums[0] += term->weights[0] * x[0];
    sums[1] += term->weights[0] * x[stride];
    ++x;
    sums[0] += term->weights[1] * x[0];
    sums[1] += term->weights[1] * x[stride];
    ++x;
    sums[0] += term->weights[2] * x[0];
    sums[1] += term->weights[2] * x[stride];
    return term->is_last;
}
#endif

// The sums of all terms, for each result. With DSP instructions and stride 1 (is_dense) twelve products take six loads,
// two pairs put together and eight multiply-adds.
FQT_INLINE void sum_rows(const fqt_tiles_t *tiles, bool is_dense, int32_t stride) {
    const int16_t *row = tiles->x;
    int32_t *sums = fqt_tiles_sums(tiles);
    const int32_t columns = (tiles->columns + SUMS - 1) & -SUMS;
    const int32_t behind = fqt_tiles_rounded(tiles->columns) - columns;
    for (int32_t rows = tiles->rows; rows > 0;
        --rows, row += tiles->stride_height * FQT_LANES * tiles->pitch, sums += behind) {
        const int16_t *x = row;
        for (const int32_t *end = sums + columns; sums < end; x += SUMS * stride) {
            const fqt_tap_term_t *term = tiles->terms;
            const int32_t bias = tiles->bias;
#if FQT_HAS_DSP
            if (is_dense) {
                fqt_sum_taps((const fqt_pair_t *)(const void *)term, x, bias, sums);
                sums += SUMS;
                continue;
            }
#else
            (void)is_dense;
#endif
            int32_t now[4] = {bias, bias, bias, bias};
            int32_t last;
            do {
                last = add_tap_term(term, x + term->offset, stride, now);
                ++term;
            } while (last >= 0);
            *sums++ = now[0];
            *sums++ = now[1];
#if FQT_HAS_DSP
            *sums++ = now[2];
            *sums++ = now[3];
#endif
        }
    }
}

#if FQT_HAS_DSP
FQT_LOOP void sum_dense_rows(const fqt_tiles_t *tiles) {
    sum_rows(tiles, true, 1);
}
#endif

FQT_LOOP void sum_spaced_rows(const fqt_tiles_t *tiles) {
    sum_rows(tiles, false, tiles->stride_width);
}

void fqt_tiles_sum_lane(fqt_tiles_t *tiles, int32_t lane) {
    tiles->x = tiles->spread + lane * tiles->pitch;
    list_tap_terms(tiles, tiles->weights + (tiles->first + lane) * tiles->filter_elements);
#if FQT_HAS_DSP
    if (tiles->stride_width == 1) {
        sum_dense_rows(tiles);
        return;
    }
#endif
    sum_spaced_rows(tiles);
}
