// Convolution of any kernel, stride and padding, and dense layers as the convolution of a 1x1 image. The plain version
// with the same bits is plain/fqt_convolution.c; the formulas are there.
//
// Forward: the filters meet one column after another (fqt_products.h); two columns at a time where input channels come in
// fours.
// Error: an input row at a time. The errors of an output position that are not 0 are listed once; at each tap, eight channels
// of the input then take one term after another, their sums in registers: for four, a load of weights, two extractions and
// four multiply-adds.
#include "fqt_column.h"
#include "fqt_error_pass.h"
#include "fqt_output.h"
#include "fqt_products.h"
#include "fqt_simd.h"

#define OUTPUT_BLOCK (64) // output channels whose constants lie on the stack
#define TERMS (96) // errors listed at a time
#define ROW_BYTES (4096) // of the error sums of an input row, where eight channels take no more

// x [in_height][in_width][in_channels] -> y [out_height][out_width][out_channels]
void fqt_convolution_forward(fqt_pass_t *pass) {
    const fqt_shape_t *shape = &pass->shape;
    const uint32_t elements = pass->layer->filter_elements;
    int16_t *column = pass->scratch;
    fqt_columns_t columns;
    fqt_columns_begin(&columns, pass);
    fqt_output_t output;
    fqt_output_begin(&output, pass);
    for (int32_t first = 0; first < shape->out_channels; first += OUTPUT_BLOCK) {
        const int32_t count = shape->out_channels - first < OUTPUT_BLOCK ? shape->out_channels - first : OUTPUT_BLOCK;
        const int8_t *filters = fqt_weights(pass->model, pass->layer) + first * elements;
        fqt_channel_t channels[OUTPUT_BLOCK];
        int32_t sums[OUTPUT_BLOCK + 3]; // the last filter fills four
        for (int32_t o = 0; o < count; ++o) {
            channels[o] = fqt_output_channel(&output, first + o);
        }
        uint32_t i = first;
        fqt_columns_seek(&columns, 0);
        for (int32_t left = shape->out_height * shape->out_width; left > 0; --left, i += shape->out_channels) {
#if FQT_HAS_DSP
            if (left > 1 && shape->in_channels % 4 == 0) {
                int32_t other_sums[OUTPUT_BLOCK + 1];
                fqt_column_of_two(&columns, column);
                fqt_column_of_two(&columns, column + 2);
                fqt_multiply_filters_by_two(filters, elements, column, count, sums, other_sums);
                fqt_output_put_all(&output, channels, i, sums, count);
                i += shape->out_channels;
                fqt_output_put_all(&output, channels, i, other_sums, count);
                --left;
                continue;
            }
#endif
            fqt_column(&columns, column);
            fqt_multiply_filters(filters, elements, column, count, sums);
            fqt_output_put_all(&output, channels, i, sums, count);
        }
    }
    fqt_output_end(&output, pass);
}

// An error that is not 0, in the layer's common unit, and where its filter starts. Two with error 0 end a list.
typedef struct {
    int32_t error;
    const int8_t *filter;
} term_t;

#if FQT_HAS_DSP
FQT_INLINE void add_term(const term_t *term, int32_t c, int32_t sums[8]) {
    const int32_t error = term->error;
    uint32_t word;
    uint32_t next_word;
    fqt_load8(term->filter + c, &word, &next_word);
    uint32_t even = fqt_even_bytes(word);
    uint32_t odd = fqt_odd_bytes(word);
    sums[0] = fqt_multiply_add_low(error, even, sums[0]);
    sums[2] = fqt_multiply_add_high(error, even, sums[2]);
    sums[1] = fqt_multiply_add_low(error, odd, sums[1]);
    sums[3] = fqt_multiply_add_high(error, odd, sums[3]);
    even = fqt_even_bytes(next_word);
    odd = fqt_odd_bytes(next_word);
    sums[4] = fqt_multiply_add_low(error, even, sums[4]);
    sums[6] = fqt_multiply_add_high(error, even, sums[6]);
    sums[5] = fqt_multiply_add_low(error, odd, sums[5]);
    sums[7] = fqt_multiply_add_high(error, odd, sums[7]);
}
#endif

// sum[c] += sum over the terms of error * filter[first + c]
FQT_OPTIMIZED_LOOP void add_terms(const term_t *terms, int32_t first, int32_t channels, int32_t *sum) {
    int32_t c = first;
    channels += first;
#if FQT_HAS_DSP
    for (; c + 8 <= channels; c += 8, sum += 8) {
        int32_t sums[8] = {sum[0], sum[1], sum[2], sum[3], sum[4], sum[5], sum[6], sum[7]};
        for (const term_t *term = terms; term->error != 0; term += 2) {
            add_term(&term[0], c, sums);
            add_term(&term[1], c, sums);
        }
        sum[0] = sums[0];
        sum[1] = sums[1];
        sum[2] = sums[2];
        sum[3] = sums[3];
        sum[4] = sums[4];
        sum[5] = sums[5];
        sum[6] = sums[6];
        sum[7] = sums[7];
    }
#else
    for (; c + 4 <= channels; c += 4, sum += 4) {
        int32_t sum_0 = sum[0];
        int32_t sum_1 = sum[1];
        int32_t sum_2 = sum[2];
        int32_t sum_3 = sum[3];
        const term_t *term = terms;
        for (int32_t error = term->error; error != 0; error = (++term)->error) {
            const int8_t *w = term->filter + c;
            sum_0 += error * w[0];
            sum_1 += error * w[1];
            sum_2 += error * w[2];
            sum_3 += error * w[3];
        }
        sum[0] = sum_0;
        sum[1] = sum_1;
        sum[2] = sum_2;
        sum[3] = sum_3;
    }
#endif
    for (; c < channels; ++c, ++sum) {
        for (const term_t *term = terms; term->error != 0; ++term) {
            *sum += term->error * term->filter[c];
        }
    }
}

// The terms of one output position: the selected channels from `channel` on, at most TERMS of them, whose e * m is not 0. w: the
// first filter. Gives the next channel.
FQT_LOOP const uint16_t *list_terms(const int8_t *e, const uint16_t *channel, const uint16_t *end, const int16_t *m,
    const int8_t *w, int32_t filter_elements, term_t *term) {
    const uint16_t *last = end - channel < TERMS ? end : channel + TERMS;
    for (; channel < last; ++channel, ++m) {
        const int32_t error = e[*channel] * *m;
        term->filter = w + *channel * filter_elements;
        term->error = error;
        term += error != 0;
    }
    term[0] = (term_t) {0, w};
    term[1] = (term_t) {0, w};
    return last;
}

// Add what output row oy gives to the sums of input row iy, which meets it at ky: sums[ix][c] for `count` channels, to which
// w points in the first filter.
FQT_HOT static void add_row(
    const fqt_pass_t *pass, const int8_t *e, const int16_t *m, const int8_t *w, int32_t count, int32_t *sums) {
    const fqt_shape_t *shape = &pass->shape;
    const fqt_window_t *window = &shape->window;
    const int32_t filter_elements = (int32_t)pass->layer->filter_elements;
    const uint16_t *first = pass->selection.channels;
    const uint16_t *end = first + pass->selection.count;
    for (int32_t ox = 0; ox < shape->out_width; ++ox, e += shape->out_channels) {
        const int32_t ix = ox * window->stride_width - window->pad_left;
        const fqt_taps_t taps = fqt_taps(ix, window->kernel_width, shape->in_width);
        for (const uint16_t *channel = first; channel < end;) {
            term_t terms[TERMS + 2];
            channel = list_terms(e, channel, end, m + (channel - first), w, filter_elements, terms);
            if (terms->error == 0) {
                continue;
            }
            if (count == shape->in_channels) { // neighbouring taps lie side by side in the filter and in the sums
                add_terms(terms, taps.begin * count, (taps.end - taps.begin) * count, sums + (ix + taps.begin) * count);
                continue;
            }
            for (int32_t kx = taps.begin; kx < taps.end; ++kx) {
                add_terms(terms, kx * shape->in_channels, count, sums + (ix + kx) * count);
            }
        }
    }
}

// The sums of one row of the input lie in the scratch, for as many channels as fit.
static int32_t channels_at_a_time(const fqt_shape_t *shape) {
    const int32_t count = ROW_BYTES / 4 / shape->in_width;
    return count >= shape->in_channels ? shape->in_channels : count >= 8 ? count & ~7 : 8;
}

uint32_t fqt_convolution_error_bytes(const fqt_model_t *model, uint32_t index) {
    const fqt_shape_t shape = fqt_shape(model, index);
    return ((2u * (uint32_t)shape.out_channels + 3) & ~3u)
           + 4u * (uint32_t)(shape.in_width * channels_at_a_time(&shape));
}

// e [out_height][out_width][out_channels] -> d [in_height][in_width][in_channels]:
// sums[ix][c] = sum over (ky, kx) and the selected o of e[oy, ox, o] * m[o] * w[o, ky, kx, c], where the window at (oy, ox)
// reads (iy, ix) with (ky, kx).
FQT_HOT void fqt_convolution_error(fqt_pass_t *pass) {
    const fqt_shape_t *shape = &pass->shape;
    const fqt_window_t *window = &shape->window;
    const int8_t *weights = fqt_weights(pass->model, pass->layer);
    const int32_t block = channels_at_a_time(shape);
    int16_t *m = pass->scratch;
    int32_t *sums = (int32_t *)(void *)(m + ((shape->out_channels + 1) & ~1));
    fqt_error_pass_t errors;
    fqt_error_pass_begin(&errors, pass, fqt_common_unit(pass, m));
    for (int32_t iy = 0; iy < shape->in_height; ++iy) {
        for (int32_t channel = 0; channel < shape->in_channels; channel += block) {
            const int32_t count = shape->in_channels - channel < block ? shape->in_channels - channel : block;
            fqt_clear(sums, (uint32_t)(shape->in_width * count));
            int32_t oy = fqt_first_window(iy, window->pad_top, window->kernel_height, window->stride_height);
            int32_t ky = iy + window->pad_top - oy * window->stride_height;
            for (; oy < shape->out_height && ky >= 0; ++oy, ky -= window->stride_height) {
                add_row(pass, pass->e + oy * shape->out_width * shape->out_channels, m,
                    weights + ky * window->kernel_width * shape->in_channels + channel, count, sums);
            }
            // With all channels the row's pixels lie side by side.
            const int32_t together = count == shape->in_channels ? shape->in_width : 1;
            const int32_t *sum = sums;
            uint32_t i = (uint32_t)(iy * shape->in_width * shape->in_channels + channel);
            for (int32_t ix = 0; ix < shape->in_width; ix += together, i += (uint32_t)shape->in_channels) {
                fqt_error_pass_put_all(&errors, i, sum, together * count);
                sum += count;
            }
        }
    }
    fqt_error_pass_end(&errors);
}
