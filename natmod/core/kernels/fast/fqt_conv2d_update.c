// Gradient and update of convolutions with DSP instructions, and on the desk: some filters at a time, four output
// positions at a time. docs/arithmetic.md, section 7; the plain version with the same bits is
// plain/fqt_conv2d_update.c. Other cores have fqt_conv2d_update_sparse.c.
//
// gradient[o][i] = sum over positions of e[position][o] * column[position][i], taps outside the input being 0. The
// columns of four positions lie interleaved, so that two multiply-adds take an element's products with four errors, and
// two filters share the way of the columns from memory: with DSP instructions eight products take four loads, four
// multiply-adds and two stores: 1.6 cycles a product, bound by the gradient's way to memory and back. On the desk the
// columns lie one behind the other, and compilers make vectors of their elements. Where four errors are all 0 there is
// nothing to do, and where no filter has others, their columns are not made.
#include "fqt_column.h"
#include "../../base/fqt_simd.h"
#include "../../engine/fqt_update.h"

#define TOGETHER FQT_UPDATE_POSITIONS
#define FILTERS FQT_UPDATE_FILTERS

// A filter's errors at four positions, and its gradient.
#if FQT_HAS_DSP
typedef struct {
    uint32_t first; // positions 0 and 1
    uint32_t second;
} errors_t;
#else
typedef struct {
    int16_t at[TOGETHER];
} errors_t;
#endif
typedef struct {
    errors_t errors;
    int32_t *gradient;
} part_t;

#if FQT_HAS_DSP
FQT_INLINE int32_t multiply_four_errors(errors_t errors, uint32_t first, uint32_t second, int32_t sum) {
    return fqt_multiply_add_pair(errors.second, second, fqt_multiply_add_pair(errors.first, first, sum));
}

FQT_INLINE void add_to_two(
    errors_t errors, errors_t other_errors, const fqt_pair_t *column, int32_t *gradient, int32_t *other_gradient) {
    uint32_t first;
    uint32_t second;
    fqt_load_two(column, &first, &second);
    int32_t sum = *gradient;
    int32_t other_sum = *other_gradient;
    FQT_TOGETHER(first, second, sum, other_sum);
    *gradient = multiply_four_errors(errors, first, second, sum);
    *other_gradient = multiply_four_errors(other_errors, first, second, other_sum);
}

FQT_LOOP void add_products_to_two(const part_t parts[2], const int16_t *columns, uint32_t elements) {
    const errors_t errors = parts[0].errors;
    const errors_t other_errors = parts[1].errors;
    const fqt_pair_t *column = (const fqt_pair_t *)(const void *)columns;
    int32_t *gradient = parts[0].gradient;
    int32_t *other_gradient = parts[1].gradient;
    for (; elements >= 4; elements -= 4, column += 8, gradient += 4, other_gradient += 4) {
        add_to_two(errors, other_errors, column, &gradient[0], &other_gradient[0]);
        add_to_two(errors, other_errors, column + 2, &gradient[1], &other_gradient[1]);
        add_to_two(errors, other_errors, column + 4, &gradient[2], &other_gradient[2]);
        add_to_two(errors, other_errors, column + 6, &gradient[3], &other_gradient[3]);
    }
    for (; elements > 0; --elements, column += 2, ++gradient, ++other_gradient) {
        add_to_two(errors, other_errors, column, gradient, other_gradient);
    }
}
#else
FQT_INLINE int32_t multiply_four_errors(errors_t errors, const int16_t *column, uint32_t elements) {
    return errors.at[0] * column[0] + errors.at[1] * column[elements] + errors.at[2] * column[2 * elements]
           + errors.at[3] * column[3 * elements];
}

FQT_LOOP void add_products_to_two(const part_t parts[2], const int16_t *columns, uint32_t elements) {
    const errors_t errors = parts[0].errors;
    const errors_t other_errors = parts[1].errors;
    int32_t *restrict gradient = parts[0].gradient;
    int32_t *restrict other_gradient = parts[1].gradient;
    for (uint32_t i = 0; i < elements; ++i) {
        gradient[i] += multiply_four_errors(errors, columns + i, elements);
        other_gradient[i] += multiply_four_errors(other_errors, columns + i, elements);
    }
}
#endif

// gradient[i] += sum over the positions p of errors[p] * columns[i][p]
FQT_LOOP void add_products(const part_t *part, const int16_t *columns, uint32_t elements) {
    int32_t *gradient = part->gradient;
#if FQT_HAS_DSP
    const errors_t errors = part->errors;
    const fqt_pair_t *column = (const fqt_pair_t *)(const void *)columns;
    for (; elements > 0; --elements, column += 2, ++gradient) {
        uint32_t first;
        uint32_t second;
        fqt_load_two(column, &first, &second);
        *gradient = multiply_four_errors(errors, first, second, *gradient);
    }
#else
    const errors_t errors = part->errors;
    for (uint32_t i = 0; i < elements; ++i) {
        gradient[i] += multiply_four_errors(errors, columns + i, elements);
    }
#endif
}

static void add_parts(const part_t *parts, uint32_t count, const int16_t *columns, uint32_t elements) {
    if (count == 2) {
        add_products_to_two(parts, columns, elements);
        return;
    }
    for (; count > 0; --count, ++parts) {
        add_products(parts, columns, elements);
    }
}

// The errors of one channel at `count` positions, 0 for the others, and their sum. Gives whether there is one that is
// not 0.
FQT_INLINE bool load_errors(
    const int8_t *e, int32_t channels, int32_t count, errors_t *errors, int32_t *bias_gradient) {
    int32_t error_0 = e[0];
    int32_t error_1 = count > 1 ? e[channels] : 0;
    int32_t error_2 = count > 2 ? e[2 * channels] : 0;
    int32_t error_3 = count > 3 ? e[3 * channels] : 0;
    if ((error_0 | error_1 | error_2 | error_3) == 0) {
        return false;
    }
    *bias_gradient += error_0 + error_1 + error_2 + error_3;
#if FQT_HAS_DSP
    errors->first = fqt_lower_halves((uint32_t)error_0, (uint32_t)error_1);
    errors->second = fqt_lower_halves((uint32_t)error_2, (uint32_t)error_3);
#else
    *errors = (errors_t) {{(int16_t)error_0, (int16_t)error_1, (int16_t)error_2, (int16_t)error_3}};
#endif
    return true;
}

// The gradients of the filters of `channels`, [count][elements], and the sums of their errors. Gives a bit for each
// filter that has an error.
static uint32_t form_gradients(fqt_columns_t *columns, const int8_t *e, const uint16_t *channels, uint32_t count,
    int16_t *four, int32_t *gradients, int32_t *bias_gradients) {
    const fqt_shape_t *shape = columns->shape;
    const uint32_t elements = columns->elements;
    const int32_t positions = shape->out_height * shape->out_width;
    uint32_t any_error = 0;
    fqt_clear(gradients, count * elements);
    fqt_clear(bias_gradients, count);
    fqt_clear(four, TOGETHER / 2 * elements); // a last group that is not whole
    for (int32_t position = 0; position < positions; position += TOGETHER) {
        const int32_t together = positions - position < TOGETHER ? positions - position : TOGETHER;
        bool has_columns = false;
        part_t parts[2];
        uint32_t waiting = 0;
        for (uint32_t n = 0; n < count; ++n) {
            part_t *part = &parts[waiting];
            if (!load_errors(e + channels[n], shape->out_channels, together, &part->errors, &bias_gradients[n])) {
                continue;
            }
            if (!has_columns) {
                fqt_columns_seek(columns, position);
                fqt_columns_put(columns, together, TOGETHER, four);
                has_columns = true;
            }
            any_error |= 1u << n;
            part->gradient = gradients + n * elements;
            if (++waiting == 2) {
                add_parts(parts, 2, four, elements);
                waiting = 0;
            }
        }
        add_parts(parts, waiting, four, elements);
        e += TOGETHER * shape->out_channels;
    }
    return any_error;
}

void fqt_conv2d_update(fqt_pass_t *pass) {
    const fqt_selection_t *selection = &pass->selection;
    const uint32_t elements = pass->layer->filter_elements;
    const uint32_t filters = fqt_filters_at_a_time(elements, (uint32_t)pass->shape.out_channels);
    int32_t *gradients = pass->scratch;
    int16_t *four = (int16_t *)(void *)(gradients + filters * elements);
    fqt_columns_t columns;
    fqt_columns_begin(&columns, pass);
    fqt_update_t update;
    fqt_update_begin(&update, pass);
    for (uint32_t first = 0; first < selection->count; first += filters) {
        const uint32_t left = selection->count - first;
        const uint32_t count = left < filters ? left : filters;
        const uint16_t *channels = selection->channels + first;
        int32_t bias_gradients[FILTERS];
        uint32_t any_error = form_gradients(&columns, pass->e, channels, count, four, gradients, bias_gradients);
        for (uint32_t n = 0; n < count; ++n) {
            if (any_error >> n & 1 || update.decay != 0) {
                fqt_update_filter(&update, channels[n], gradients + n * elements, bias_gradients[n]);
            }
        }
    }
}
