// The sums behind the errors of convolution and dense layers in all channels (fqt_convolution_error.c); the plain
// version with the same bits is in plain/fqt_convolution.c.
//
// The errors of an output position that are not 0 are listed once; at each tap, the channels of the input then take the
// sums of these terms (fqt_terms.h). With DSP instructions (base/fqt_simd_loops_arm.h) 16 products of four terms take
// ten loads, 12 instructions that arrange bytes and eight multiply-adds: 2.3 cycles a product on Cortex-M4.
#include "../../model/fqt_window.h"
#include "fqt_terms.h"

#if FQT_HAS_DSP
// A list of errors that are not 0, in the layer's common unit, and of where their filters start: the first weights'
// places in the layer's weights.
#define ENDS (3) // of 0 behind a list: one may fill two, two end it
typedef struct {
    int32_t *filters;
    int16_t *errors;
} term_lists_t;
typedef const term_lists_t *terms_t;

_Static_assert((4 + 2) * (1 + ENDS) <= FQT_ERROR_TERM_BYTES * (1 + 2), "as the scratch has room for");

FQT_INLINE bool has_terms(terms_t terms) {
    return terms->errors[0] != 0;
}

// sum[c] += sum over the terms of error * filter[c], for the channels of neighbouring taps. w: the first one's weight,
// in the first filter.
FQT_LOOP void add_terms(terms_t terms, const int8_t *w, int32_t channels, int32_t *sum) {
    for (; channels >= 4; channels -= 4, w += 4, sum += 4) {
        fqt_add_terms_to_four(terms->errors, terms->filters, w, sum);
    }
    for (; channels > 0; --channels, ++w, ++sum) {
        for (uint32_t n = 0; terms->errors[n] != 0; ++n) {
            *sum += terms->errors[n] * w[terms->filters[n]];
        }
    }
}
#else
typedef fqt_term_t *terms_t;

FQT_INLINE bool has_terms(terms_t terms) {
    return terms->error != 0;
}

FQT_INLINE void add_terms(terms_t terms, const int8_t *w, int32_t channels, int32_t *sum) {
    fqt_add_terms(terms, w, channels, sum);
}
#endif

// The terms of one output position: those of the selected channels from `channel` on, FQT_ERROR_TERMS at most, whose
// e * m is not 0. Returns the next channel.
FQT_LOOP const uint16_t *list_terms(const int8_t *e, const uint16_t *channel, const uint16_t *end, const int16_t *m,
    int32_t filter_elements, terms_t terms) {
    const uint16_t *last = end - channel < FQT_ERROR_TERMS ? end : channel + FQT_ERROR_TERMS;
#if FQT_HAS_DSP
    int32_t *filters = terms->filters;
    int16_t *errors = terms->errors;
    for (; channel < last; ++channel, ++m) {
        const int32_t error = e[*channel] * *m;
        *filters = *channel * filter_elements;
        *errors = (int16_t)error;
        filters += error != 0;
        errors += error != 0;
    }
    for (uint32_t n = 0; n < ENDS; ++n) {
        filters[n] = 0;
        errors[n] = 0;
    }
#else
    for (; channel < last; ++channel, ++m) {
        const int32_t error = e[*channel] * *m;
        terms->place = *channel * filter_elements;
        terms->error = error;
        terms += error != 0;
    }
    terms[0] = (fqt_term_t) {0, 0};
    terms[1] = (fqt_term_t) {0, 0};
#endif
    return last;
}

// Add what an output row gives to the sums of a part of an input row. e and w: of the output row's first position, and
// of the taps in the first filter with which it meets the input row. Neighbouring taps lie side by side in the filter
// and in the sums. The terms lie behind these.
static FQT_NOINLINE void add_row(
    const fqt_pass_t *pass, const int8_t *e, const int16_t *m, const int8_t *w, const fqt_part_t *part, int32_t *sums) {
    const fqt_shape_t *shape = &pass->shape;
    const fqt_sliding_t *window = &shape->window;
    const int32_t channels = shape->in_channels;
    const uint16_t *first = pass->selection.channels;
    const uint16_t *end = first + pass->selection.count;
    void *behind_sums = sums + part->columns * channels;
#if FQT_HAS_DSP
    const int32_t most = shape->out_channels < FQT_ERROR_TERMS ? shape->out_channels : FQT_ERROR_TERMS;
    int32_t *filters = behind_sums;
    const term_lists_t lists = {filters, (int16_t *)(void *)(filters + most + ENDS)};
    const terms_t terms = &lists;
#else
    const terms_t terms = behind_sums;
#endif
    int32_t ox = fqt_first_window(part->column, window->pad_left, window->kernel_width, window->stride_width);
    int32_t ix = ox * window->stride_width - window->pad_left - part->column;
    e += ox * shape->out_channels;
    for (; ox < shape->out_width && ix < part->columns; ++ox, ix += window->stride_width, e += shape->out_channels) {
        const fqt_taps_t taps = fqt_taps(ix, window->kernel_width, part->columns);
        for (const uint16_t *channel = first; channel < end;) {
            channel = list_terms(e, channel, end, m + (channel - first), (int32_t)pass->layer->filter_elements, terms);
            if (has_terms(terms)) {
                add_terms(terms, w + taps.begin * channels, (taps.end - taps.begin) * channels,
                    sums + (ix + taps.begin) * channels);
            }
        }
    }
}

void fqt_error_sums(const fqt_pass_t *pass, const int16_t *m, const fqt_part_t *part, int32_t *sums) {
    const fqt_shape_t *shape = &pass->shape;
    const fqt_sliding_t *window = &shape->window;
    const int8_t *weights = fqt_weights(pass->model, pass->layer);
    fqt_clear(sums, (uint32_t)(part->columns * shape->in_channels));
    int32_t oy = fqt_first_window(part->row, window->pad_top, window->kernel_height, window->stride_height);
    int32_t ky = part->row + window->pad_top - oy * window->stride_height;
    for (; oy < shape->out_height && ky >= 0; ++oy, ky -= window->stride_height) {
        add_row(pass, pass->e + oy * shape->out_width * shape->out_channels, m,
            weights + ky * window->kernel_width * shape->in_channels, part, sums);
    }
}
