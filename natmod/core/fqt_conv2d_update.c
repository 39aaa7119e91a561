// Gradient and update of convolutions: a few filters at a time, four output positions at a time. docs/arithmetic.md, section
// 7; the plain version with the same bits is plain/fqt_conv2d_update.c.
//
// gradient[o][i] = sum over positions of e[position][o] * column[position][i], taps outside the input being 0. The columns of
// two positions lie interleaved, so that an element of both meets both errors in one multiply-add; two such pairs share the
// gradient's way to memory and back: with DSP instructions four products take two loads, a load and a store of the gradient,
// and two multiply-adds, and are bound by these loads. Where four errors are all 0 there is nothing to do, and where a filter
// has no other, their columns are not made.
#include "fqt_column.h"
#include "fqt_simd.h"
#include "fqt_update.h"

#define GRADIENT_BYTES (2560) // of the filters at a time, if one takes no more
#define FILTERS (8) // at a time, at most
#define TOGETHER (4) // positions

static uint32_t filters_at_a_time(uint32_t filter_elements) {
    uint32_t count = GRADIENT_BYTES / (4 * filter_elements);
    return count < 1 ? 1 : count > FILTERS ? FILTERS : count;
}

uint32_t fqt_conv2d_update_bytes(const fqt_layer_t *layer) {
    const uint32_t elements = layer->filter_elements;
    return layer->trainable ? 2 * TOGETHER * fqt_column_elements(elements) + filters_at_a_time(elements) * 4 * elements
                            : 0;
}

#if FQT_HAS_DSP
FQT_INLINE void add_two(uint32_t first_errors, uint32_t second_errors, const uint32_t **first, const uint32_t **second,
    int32_t **gradient) {
    uint32_t first_0;
    uint32_t first_1;
    uint32_t second_0;
    uint32_t second_1;
    *first = fqt_load_two(*first, &first_0, &first_1);
    *second = fqt_load_two(*second, &second_0, &second_1);
    int32_t sum_0 = (*gradient)[0];
    int32_t sum_1 = (*gradient)[1];
    FQT_TOGETHER(sum_0, sum_1, second_0, second_1);
    sum_0 = fqt_multiply_add_pair(first_errors, first_0, sum_0);
    sum_1 = fqt_multiply_add_pair(first_errors, first_1, sum_1);
    *(*gradient)++ = fqt_multiply_add_pair(second_errors, second_0, sum_0);
    *(*gradient)++ = fqt_multiply_add_pair(second_errors, second_1, sum_1);
}
#endif

// gradient[i] += sum over four positions of errors[p] * column p's element i. pairs: columns 0 and 1 interleaved, and behind
// them, `pair_elements` on, columns 2 and 3.
FQT_LOOP void add_products(const int32_t errors[TOGETHER], const int16_t *pairs, uint32_t pair_elements,
    int32_t *gradient, uint32_t elements) {
    const int32_t *end = gradient + elements;
#if FQT_HAS_DSP
    const uint32_t first_errors = fqt_lower_halves((uint32_t)errors[0], (uint32_t)errors[1]);
    const uint32_t second_errors = fqt_lower_halves((uint32_t)errors[2], (uint32_t)errors[3]);
    const uint32_t *first = (const uint32_t *)(const void *)pairs;
    const uint32_t *second = (const uint32_t *)(const void *)(pairs + pair_elements);
    while (gradient + 3 < end) {
        add_two(first_errors, second_errors, &first, &second, &gradient);
        add_two(first_errors, second_errors, &first, &second, &gradient);
    }
    for (; gradient < end; ++gradient) {
        const int32_t sum = fqt_multiply_add_pair(first_errors, *first++, *gradient);
        *gradient = fqt_multiply_add_pair(second_errors, *second++, sum);
    }
#else
    const int16_t *second = pairs + pair_elements;
    for (; gradient < end; ++gradient, pairs += 2, second += 2) {
        *gradient += errors[0] * pairs[0] + errors[1] * pairs[1] + errors[2] * second[0] + errors[3] * second[1];
    }
#endif
}

// The columns of the `count` positions from `position` on, in the order in which outputs lie.
static void make_columns(
    const fqt_columns_t *columns, int32_t position, int32_t count, int16_t *pairs, uint32_t pair_elements) {
    const fqt_shape_t *shape = columns->shape;
    const fqt_window_t *window = &shape->window;
    int32_t oy = position / shape->out_width;
    int32_t ox = position - oy * shape->out_width;
    for (int32_t p = 0; p < count; ++p) {
        fqt_column_of_pair(columns, oy * window->stride_height - window->pad_top,
            ox * window->stride_width - window->pad_left, pairs + (p >> 1) * pair_elements + (p & 1));
        if (++ox == shape->out_width) {
            ox = 0;
            ++oy;
        }
    }
}

// The errors of one channel at `count` positions, 0 for the others. Gives whether there is one that is not 0.
FQT_INLINE bool load_errors(
    const int8_t *e, int32_t channels, int32_t count, int32_t errors[TOGETHER], int32_t *bias_gradient) {
    errors[0] = e[0];
    if (count == TOGETHER) {
        errors[1] = e[channels];
        errors[2] = e[2 * channels];
        errors[3] = e[3 * channels];
    } else {
        errors[1] = count > 1 ? e[channels] : 0;
        errors[2] = count > 2 ? e[2 * channels] : 0;
        errors[3] = 0;
    }
    *bias_gradient += errors[0] + errors[1] + errors[2] + errors[3];
    return (errors[0] | errors[1] | errors[2] | errors[3]) != 0;
}

// The gradients of the filters of `channels`, [count][elements], and the sums of their errors. Gives a bit for each filter
// that has an error.
FQT_HOT static uint32_t form_gradients(const fqt_columns_t *columns, const int8_t *e, const uint16_t *channels,
    uint32_t count, int16_t *pairs, int32_t *gradients, int32_t *bias_gradients) {
    const fqt_shape_t *shape = columns->shape;
    const uint32_t elements = columns->elements;
    const uint32_t pair_elements = 2 * fqt_column_elements(elements);
    const int32_t positions = shape->out_height * shape->out_width;
    uint32_t any_error = 0;
    fqt_clear(gradients, count * elements);
    fqt_clear(bias_gradients, count);
    fqt_clear((int32_t *)(void *)pairs, pair_elements); // a last group that is not whole
    for (int32_t position = 0; position < positions; position += TOGETHER) {
        const int32_t together = positions - position < TOGETHER ? positions - position : TOGETHER;
        bool has_columns = false;
        for (uint32_t n = 0; n < count; ++n) {
            int32_t errors[TOGETHER];
            if (!load_errors(e + channels[n], shape->out_channels, together, errors, &bias_gradients[n])) {
                continue;
            }
            if (!has_columns) {
                make_columns(columns, position, together, pairs, pair_elements);
                has_columns = true;
            }
            any_error |= 1u << n;
            add_products(errors, pairs, pair_elements, gradients + n * elements, elements);
        }
        e += TOGETHER * shape->out_channels;
    }
    return any_error;
}

void fqt_conv2d_update(
    fqt_model_t *model, uint32_t index, const fqt_selection_t *selection, fqt_scale_t learning_rate) {
    const fqt_shape_t shape = fqt_shape(model, index);
    const int8_t *e = fqt_error_of(model, index + 1);
    const uint32_t elements = fqt_layer(model, index)->filter_elements;
    const uint32_t filters = filters_at_a_time(elements);
    int16_t *pairs = fqt_pass_scratch(model, index);
    int32_t *gradients = (int32_t *)(void *)(pairs + TOGETHER * fqt_column_elements(elements));
    fqt_columns_t columns;
    fqt_columns_begin(&columns, &shape, fqt_activation(model, fqt_layer(model, index)->input),
        fqt_input_of(model, index)->zero_point);
    fqt_update_t update;
    fqt_update_begin(&update, model, index, learning_rate);
    for (uint32_t first = 0; first < selection->count; first += filters) {
        const uint32_t left = selection->count - first;
        const uint32_t count = left < filters ? left : filters;
        const uint16_t *channels = selection->channels + first;
        int32_t bias_gradients[FILTERS];
        uint32_t any_error =
            form_gradients(&columns, e, channels, count, pairs, gradients, bias_gradients);
        for (uint32_t n = 0; n < count; ++n) {
            if (any_error >> n & 1 || update.decay != 0) {
                fqt_update_filter(&update, channels[n], gradients + n * elements, bias_gradients[n]);
            }
        }
    }
}
