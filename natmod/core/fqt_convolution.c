// Convolution of any kernel, stride and padding, and dense layers as the convolution of a 1x1 image. The plain version
// with the same bits is plain/fqt_convolution.c; the formulas are there.
//
// Forward: four filters at a time meet one column, so that each of its elements is loaded once for four products. With DSP
// instructions four elements take two loads of the column, and for each filter a load, two extractions and two
// multiply-adds: 1.75 cycles a product, bound by the extraction of bytes. Cortex-M0+ takes 6.75: its loads need their row
// in one of the lower registers, and it goes back and forth.
// Error: an input row at a time. The errors of an output position that are not 0 are listed once; at each tap, eight channels
// of the input then take one term after another, their sums in registers: for four, a load of weights, two extractions and
// four multiply-adds.
#include "fqt_column.h"
#include "fqt_error_pass.h"
#include "fqt_output.h"
#include "fqt_simd.h"

#define OUTPUT_BLOCK (32) // output channels whose constants lie on the stack
#define TERMS (48) // errors listed at a time
#define ROW_BYTES (2048) // of the error sums of an input row, where eight channels take no more

#if FQT_HAS_DSP
FQT_INLINE int32_t multiply_four(uint32_t word, uint32_t even, uint32_t odd, int32_t sum) {
    sum = fqt_multiply_add_pair(fqt_even_bytes(word), even, sum);
    return fqt_multiply_add_pair(fqt_odd_bytes(word), odd, sum);
}

// The last four may reach beyond the row, where the column is 0 (and readable bytes always follow the weights).
FQT_INLINE void multiply_filters_by_four(
    const int8_t *first, uint32_t row_bytes, uint32_t elements, const int16_t *column, int32_t sums[4]) {
    const uint32_t *pair = (const uint32_t *)(const void *)column;
    const int8_t *third = first + 2 * row_bytes;
    const int8_t *end = first + elements;
    int32_t sum_0 = 0;
    int32_t sum_1 = 0;
    int32_t sum_2 = 0;
    int32_t sum_3 = 0;
    while (first < end) {
        uint32_t even;
        uint32_t odd;
        uint32_t word;
        uint32_t next_word;
        pair = fqt_load_two(pair, &even, &odd);
        first = fqt_load_two_rows(first, row_bytes, &word, &next_word);
        sum_0 = multiply_four(word, even, odd, sum_0);
        sum_1 = multiply_four(next_word, even, odd, sum_1);
        third = fqt_load_two_rows(third, row_bytes, &word, &next_word);
        sum_2 = multiply_four(word, even, odd, sum_2);
        sum_3 = multiply_four(next_word, even, odd, sum_3);
    }
    sums[0] = sum_0;
    sums[1] = sum_1;
    sums[2] = sum_2;
    sums[3] = sum_3;
}
#else
FQT_INLINE void multiply_filters_by_four(
    const int8_t *filters, uint32_t row_bytes, uint32_t elements, const int16_t *column, int32_t sums[4]) {
    register const int8_t *first FQT_HIGH_REGISTER(8) = filters;
    register const int8_t *second FQT_HIGH_REGISTER(9) = filters + row_bytes;
    register const int8_t *third FQT_HIGH_REGISTER(10) = second + row_bytes;
    register const int8_t *fourth FQT_HIGH_REGISTER(11) = third + row_bytes;
    int32_t sum_0 = 0;
    int32_t sum_1 = 0;
    int32_t sum_2 = 0;
    int32_t sum_3 = 0;
    for (uint32_t i = 0; i < elements; ++i) {
        FQT_IN_HIGH_REGISTERS(first, second, third, fourth);
        const int32_t value = column[i];
        sum_0 += first[i] * value;
        sum_1 += second[i] * value;
        sum_2 += third[i] * value;
        sum_3 += fourth[i] * value;
    }
    sums[0] = sum_0;
    sums[1] = sum_1;
    sums[2] = sum_2;
    sums[3] = sum_3;
}
#endif

// sums[o] = sum over i of filters[o][i] * column[i]: four filters at a time, the last few one by one as four that are the
// same.
FQT_LOOP void multiply_filters(
    const int8_t *filters, uint32_t elements, const int16_t *column, int32_t count, int32_t *sums) {
    while (count > 0) {
        const uint32_t row_bytes = count >= 4 ? elements : 0;
        multiply_filters_by_four(filters, row_bytes, elements, column, sums);
        const int32_t rows = row_bytes != 0 ? 4 : 1;
        filters += rows * elements;
        sums += rows;
        count -= rows;
    }
}

// The column lies behind the logits that the last layer leaves in the scratch.
static int16_t *column_of(const fqt_model_t *model, uint32_t index) {
    uint8_t *scratch = fqt_scratch(model);
    return (int16_t *)(void *)(index + 1 == model->layer_count ? scratch + 4 * fqt_output_elements(model) : scratch);
}

// x [in_height][in_width][in_channels] -> y [out_height][out_width][out_channels]
FQT_HOT void fqt_convolution_forward(fqt_model_t *model, uint32_t index, bool training) {
    const fqt_shape_t shape = fqt_shape(model, index);
    const fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_window_t *window = &shape.window;
    const uint32_t elements = layer->filter_elements;
    int16_t *column = column_of(model, index);
    fqt_columns_t columns;
    fqt_columns_begin(
        &columns, &shape, fqt_activation(model, layer->input), fqt_input_of(model, index)->zero_point);
    fqt_output_t output;
    fqt_output_begin(&output, model, index);
    for (int32_t first = 0; first < shape.out_channels; first += OUTPUT_BLOCK) {
        const int32_t count = shape.out_channels - first < OUTPUT_BLOCK ? shape.out_channels - first : OUTPUT_BLOCK;
        const int8_t *filters = fqt_weights(model, layer) + first * elements;
        fqt_channel_t channels[OUTPUT_BLOCK];
        int32_t sums[OUTPUT_BLOCK + 3]; // the last filter fills four
        for (int32_t o = 0; o < count; ++o) {
            channels[o] = fqt_output_channel(&output, first + o);
        }
        uint32_t i = first;
        int32_t iy = -window->pad_top;
        for (int32_t oy = 0; oy < shape.out_height; ++oy, iy += window->stride_height) {
            int32_t ix = -window->pad_left;
            for (int32_t ox = 0; ox < shape.out_width; ++ox, ix += window->stride_width, i += shape.out_channels) {
                fqt_column(&columns, iy, ix, column);
                multiply_filters(filters, elements, column, count, sums);
                fqt_output_put_all(&output, channels, i, sums, count);
            }
        }
    }
    if (training) {
        fqt_output_end(&output);
    }
}

// An error that is not 0, in the layer's common unit, and where its filter starts. One with error 0 ends a list.
typedef struct {
    int32_t error;
    const int8_t *filter;
} term_t;

// sum[c] += sum over the terms of error * filter[first + c]
FQT_LOOP void add_terms(const term_t *terms, int32_t first, int32_t channels, int32_t *sum) {
    int32_t c = first;
    channels += first;
#if FQT_HAS_DSP
    for (; c + 8 <= channels; c += 8, sum += 8) {
        int32_t sum_0 = sum[0];
        int32_t sum_1 = sum[1];
        int32_t sum_2 = sum[2];
        int32_t sum_3 = sum[3];
        int32_t sum_4 = sum[4];
        int32_t sum_5 = sum[5];
        int32_t sum_6 = sum[6];
        int32_t sum_7 = sum[7];
        const term_t *term = terms;
        for (int32_t error = term->error; error != 0; error = (++term)->error) {
            uint32_t word;
            uint32_t next_word;
            fqt_load8(term->filter + c, &word, &next_word);
            uint32_t even = fqt_even_bytes(word);
            uint32_t odd = fqt_odd_bytes(word);
            sum_0 = fqt_multiply_add_low(error, even, sum_0);
            sum_2 = fqt_multiply_add_high(error, even, sum_2);
            sum_1 = fqt_multiply_add_low(error, odd, sum_1);
            sum_3 = fqt_multiply_add_high(error, odd, sum_3);
            even = fqt_even_bytes(next_word);
            odd = fqt_odd_bytes(next_word);
            sum_4 = fqt_multiply_add_low(error, even, sum_4);
            sum_6 = fqt_multiply_add_high(error, even, sum_6);
            sum_5 = fqt_multiply_add_low(error, odd, sum_5);
            sum_7 = fqt_multiply_add_high(error, odd, sum_7);
        }
        sum[0] = sum_0;
        sum[1] = sum_1;
        sum[2] = sum_2;
        sum[3] = sum_3;
        sum[4] = sum_4;
        sum[5] = sum_5;
        sum[6] = sum_6;
        sum[7] = sum_7;
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
    term->error = 0;
    return last;
}

// Add what output row oy gives to the sums of input row iy, which meets it at ky: sums[ix][c] for `count` channels, to which
// w points in the first filter.
FQT_HOT static void add_row(const fqt_shape_t *shape, const int8_t *e, const fqt_selection_t *selection,
    const int16_t *m, const int8_t *w, int32_t count, int32_t *sums) {
    const fqt_window_t *window = &shape->window;
    const int32_t filter_elements = window->kernel_height * window->kernel_width * shape->in_channels;
    const uint16_t *end = selection->channels + selection->count;
    for (int32_t ox = 0; ox < shape->out_width; ++ox, e += shape->out_channels) {
        const int32_t ix = ox * window->stride_width - window->pad_left;
        const fqt_taps_t taps = fqt_taps(ix, window->kernel_width, shape->in_width);
        for (const uint16_t *channel = selection->channels; channel < end;) {
            term_t terms[TERMS + 1];
            channel = list_terms(e, channel, end, m + (channel - selection->channels), w, filter_elements, terms);
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
FQT_HOT void fqt_convolution_error(fqt_model_t *model, uint32_t index, const fqt_selection_t *selection) {
    const fqt_shape_t shape = fqt_shape(model, index);
    const fqt_window_t *window = &shape.window;
    const int8_t *e = fqt_error_of(model, index + 1);
    const int8_t *weights = fqt_weights(model, fqt_layer(model, index));
    const int32_t block = channels_at_a_time(&shape);
    int16_t *m = fqt_pass_scratch(model, index);
    int32_t *sums = (int32_t *)(void *)(m + ((shape.out_channels + 1) & ~1));
    fqt_scale_t accumulator_scale = fqt_common_unit(model, index, selection, m);
    fqt_error_pass_t pass;
    fqt_error_pass_begin(&pass, model, index, fqt_layer(model, index)->input, accumulator_scale);
    for (int32_t iy = 0; iy < shape.in_height; ++iy) {
        for (int32_t channel = 0; channel < shape.in_channels; channel += block) {
            const int32_t count = shape.in_channels - channel < block ? shape.in_channels - channel : block;
            fqt_clear(sums, (uint32_t)(shape.in_width * count));
            int32_t oy = fqt_first_window(iy, window->pad_top, window->kernel_height, window->stride_height);
            int32_t ky = iy + window->pad_top - oy * window->stride_height;
            for (; oy < shape.out_height && ky >= 0; ++oy, ky -= window->stride_height) {
                add_row(&shape, e + oy * shape.out_width * shape.out_channels, selection, m,
                    weights + ky * window->kernel_width * shape.in_channels + channel, count, sums);
            }
            const int32_t *sum = sums;
            uint32_t i = (uint32_t)(iy * shape.in_width * shape.in_channels + channel);
            for (int32_t ix = 0; ix < shape.in_width; ++ix, sum += count, i += shape.in_channels) {
                fqt_error_pass_put_all(&pass, i, sum, count);
            }
        }
    }
    fqt_error_pass_end(&pass);
}
