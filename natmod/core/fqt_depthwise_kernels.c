// Depthwise convolution: forward, error and update. docs/arithmetic.md, sections 4, 6, 7; the plain version with the
// same bits is plain/fqt_depthwise_kernels.c.
//
// Channels lie next to each other in memory, but here each has sums of its own. So a tile of four channels at a time,
// as large as the scratch holds, is spread into rows of 16-bit numbers, channels apart, zero points taken off, 0 where
// it lies outside: then there are no borders, and neighbours along a row meet two weights, or two errors, in one
// multiply-add.
//     forward   sums of x times weights
//     error     sums of e times weights in reverse order. With a stride, columns of e are spread a stride apart, with 0
//               between; rows of d are taken apart by their phase in the stride, as each phase has taps of its own
//     update    sums of x times e, three taps of a kernel row at a time; with a stride, e is spread as for the error
// With DSP instructions a product takes 2 cycles (1.5 in an update), bound by the loads; a 3x3 kernel's result takes 16
// more to be requantised and 3 to be spread. Without them a product takes 6 to 8.
#include "fqt_convolution.h"
#include "fqt_error_pass.h"
#include "fqt_output.h"
#include "fqt_simd.h"
#include "fqt_update.h"
#include "fqt_window.h"

#define LANES (4) // channels at a time
#define TERM_TAPS (3) // of a kernel row at a time
#define NEIGHBOURS (4) // results in a row: rows are rounded up to so many
#define SUMS (FQT_HAS_DSP ? 4 : 2) // in registers
#define LEFT_SHIFT (13) // sums of errors times weights can be shifted left by so much
#define LEFT_SHIFT_TAPS (16) // if they have no more taps: 16 * 127 * 127 * 2^13 < 2^31
#define GREATEST_VALUE (1 << 30) // beyond what sums are requantised to
#define TILE_BYTES (2560) // if the smallest tile takes no more

// Up to TERM_TAPS taps of a kernel row; the rest is 0.
typedef struct {
    int32_t offset; // of the first tap's element from that of the result
    int16_t weights[TERM_TAPS];
    int16_t is_last; // -1: of the list
} tap_term_t;

// What is spread.
typedef struct {
    const fqt_tensor_t *tensor;
    const int8_t *values;
    int32_t zero;
    int32_t dilation; // from one of its columns to the next
} source_t;

// How a pass goes over its results: by four channels, in these by tiles, in these channel by channel.
typedef struct {
    source_t source;
    int32_t kernel_height; // what a result takes of it
    int32_t kernel_width;
    int32_t stride_height;
    int32_t stride_width;
    int32_t pad_top;
    int32_t pad_left;
    int32_t height; // of all results
    int32_t width;
    // The current tile, of four channels from `first` on:
    int32_t first;
    uint32_t lanes; // a bit for each lane that is wanted
    int32_t row;
    int32_t column;
    int32_t rows;
    int32_t columns;
    int16_t *spread; // [rows][LANES][pitch]
    int32_t pitch;
    int32_t elements;
    int32_t tile_rows; // of results
    int32_t tile_columns;
    int32_t spacing; // from one of the results' columns to the next
    int32_t row_step; // from a row of results to the next, in elements of the tensor that they go to
    int32_t column_step;
    int32_t i; // the first result's element there
    // The current channel:
    const int16_t *x; // spread, of the first result
    tap_term_t *terms;
    int32_t bias;
    fqt_multiplier_t multiplier;
    const int8_t *weights; // of the first channel's first tap, and the way to others
    int32_t weights_row_step;
    int32_t weights_column_step;
    int32_t filter_elements;
    int32_t result_bytes; // behind what is spread, for each result of a tile: its sum, or the errors of all lanes
    const fqt_selection_t *selection; // NULL: all channels
    uint32_t selected; // of these, those met so far
} walk_t;

static int32_t rounded_columns(int32_t columns) {
    return (columns + NEIGHBOURS - 1) & -NEIGHBOURS;
}

// Set the size of the tiles; give the bytes they take.
static int32_t set_tile(walk_t *walk, int32_t rows, int32_t columns) {
    walk->tile_rows = rows;
    walk->tile_columns = columns;
    walk->pitch = ((columns - 1) * walk->stride_width + walk->kernel_width + 1) & -2;
    walk->elements = LANES * walk->pitch * ((rows - 1) * walk->stride_height + walk->kernel_height);
    return 2 * walk->elements + walk->result_bytes * rows * rounded_columns((columns - 1) * walk->spacing + 1);
}

static int32_t greatest_tile_bytes(walk_t *walk) {
    const int32_t least = set_tile(walk, 1, NEIGHBOURS);
    return least > TILE_BYTES ? least : TILE_BYTES;
}

static uint32_t parameter_bytes(const fqt_layer_t *layer) {
    return 4 * LANES * layer->filter_elements; // gradients; terms take no more
}

// The walk of forward and update passes: windows over the input.
static walk_t walk_of(const fqt_layer_t *layer, int32_t result_bytes) {
    const fqt_window_t *window = &layer->window;
    return (walk_t) {.source.dilation = 1,
        .spacing = 1,
        .kernel_height = window->kernel_height,
        .kernel_width = window->kernel_width,
        .stride_height = window->stride_height,
        .stride_width = window->stride_width,
        .pad_top = window->pad_top,
        .pad_left = window->pad_left,
        .result_bytes = result_bytes,
        .weights_row_step = window->kernel_width,
        .weights_column_step = 1,
        .filter_elements = (int32_t)layer->filter_elements};
}

uint32_t fqt_depthwise_bytes(const fqt_layer_t *layer) {
    walk_t walk = walk_of(layer, 2 * LANES);
    const uint32_t behind = 8u * layer->window.stride_width + 8; // read, for nothing, where rows are rounded up
    return parameter_bytes(layer) + (uint32_t)greatest_tile_bytes(&walk) + behind;
}

typedef uint32_t __attribute__((may_alias)) any_word_t;

FQT_LOOP void clear_words(void *from, int32_t bytes) {
    any_word_t *word = from;
    for (const any_word_t *end = word + bytes / 4; word < end; ++word) {
        *word = 0;
    }
}

// Divide the results into tiles of about the same size, in the scratch behind the parameters.
static void begin_walk(walk_t *walk, const fqt_layer_t *layer, void *scratch) {
    walk->spread = (int16_t *)(void *)((uint8_t *)scratch + parameter_bytes(layer));
    const int32_t bytes = greatest_tile_bytes(walk);
    int32_t columns = walk->width;
    while (columns > NEIGHBOURS && set_tile(walk, 1, columns) > bytes) {
        columns = (columns + 1) / 2;
    }
    int32_t count = 1;
    int32_t tile_bytes;
    while ((tile_bytes = set_tile(walk, (walk->height + count - 1) / count, columns)) > bytes) {
        ++count;
    }
    clear_words(walk->spread, tile_bytes);
    walk->terms = scratch;
    walk->selected = 0;
    walk->first = -LANES;
    walk->row = walk->height;
    walk->column = walk->width;
}

// x [columns][channels] -> [LANES][pitch], x - zero.
FQT_LOOP void spread_row(
    const int8_t *x, int32_t channels, int32_t columns, int32_t zero, int16_t *to, int32_t pitch, int32_t dilation) {
#if FQT_HAS_DSP
    // Two columns: two loads, four extractions that take the zero point off, four words put together and stored.
    const uint32_t negative = fqt_lower_halves((uint32_t)-zero, (uint32_t)-zero);
    for (; columns > 1 && dilation == 1; columns -= 2, x += 2 * channels, to += 2) {
        const uint32_t first = fqt_load4(x);
        const uint32_t second = fqt_load4(x + channels);
        int16_t *lane = to;
        fqt_store4(lane, fqt_lower_halves(fqt_add_even_bytes(negative, first), fqt_add_even_bytes(negative, second)));
        lane += pitch;
        fqt_store4(lane, fqt_lower_halves(fqt_add_odd_bytes(negative, first), fqt_add_odd_bytes(negative, second)));
        lane += pitch;
        fqt_store4(lane, fqt_upper_halves(fqt_add_even_bytes(negative, first), fqt_add_even_bytes(negative, second)));
        lane += pitch;
        fqt_store4(lane, fqt_upper_halves(fqt_add_odd_bytes(negative, first), fqt_add_odd_bytes(negative, second)));
    }
#endif
    for (; columns > 0; --columns, x += channels, to += dilation) {
        int16_t *lane = to;
        *lane = (int16_t)(x[0] - zero);
        lane += pitch;
        *lane = (int16_t)(x[1] - zero);
        lane += pitch;
        *lane = (int16_t)(x[2] - zero);
        lane += pitch;
        *lane = (int16_t)(x[3] - zero);
    }
}

// A source's part of rows * columns from (row, column) on, channels `first` to first + 3 (the last ones' neighbours in
// memory fill up their four; the scratch lies behind all tensors), 0 where it lies outside. When all columns are in one
// tile, what lies beside the tensor stays 0.
static void spread_part(const walk_t *walk, const source_t *source, int32_t row, int32_t column, int32_t rows,
    int32_t columns, int16_t *to, int32_t pitch) {
    const fqt_tensor_t *tensor = source->tensor;
    const int32_t channels = tensor->channels;
    const int32_t dilation = source->dilation;
    const int32_t begin = column > 0 ? (column + dilation - 1) / dilation : 0;
    int32_t count = (column + columns - 1) / dilation + 1 - begin;
    count = count < tensor->width - begin ? count : tensor->width - begin;
    for (const int32_t end = row + rows; row < end; ++row, to += LANES * pitch) {
        const bool is_inside = row >= 0 && row < tensor->height;
        if (!is_inside || walk->tile_columns < walk->width) {
            clear_words(to, 2 * LANES * pitch);
        }
        if (is_inside) {
            spread_row(source->values + (row * tensor->width + begin) * channels + walk->first, channels, count,
                source->zero, to + begin * dilation - column, pitch, dilation);
        }
    }
}

static void next_block(walk_t *walk) {
    const fqt_selection_t *selection = walk->selection;
    walk->first += LANES;
    const int32_t left = walk->source.tensor->channels - walk->first;
    walk->lanes = 0;
    if (selection == NULL) {
        walk->lanes = left >= LANES ? (1u << LANES) - 1 : left > 0 ? (1u << left) - 1 : 0;
    } else {
        while (walk->selected < selection->count && selection->channels[walk->selected] < walk->first + LANES) {
            walk->lanes |= 1u << (selection->channels[walk->selected++] - walk->first);
        }
    }
}

// Spread the next tile, of the next channels after the last one; false: that was all.
static bool next_tile(walk_t *walk) {
    walk->column += walk->tile_columns;
    if (walk->column >= walk->width) {
        walk->column = 0;
        walk->row += walk->tile_rows;
    }
    if (walk->row >= walk->height) {
        walk->row = 0;
        do {
            next_block(walk);
            if (walk->first >= walk->source.tensor->channels) {
                return false;
            }
        } while (walk->lanes == 0);
    }
    walk->rows = walk->height - walk->row < walk->tile_rows ? walk->height - walk->row : walk->tile_rows;
    walk->columns = walk->width - walk->column < walk->tile_columns ? walk->width - walk->column : walk->tile_columns;
    spread_part(walk, &walk->source, walk->row * walk->stride_height - walk->pad_top,
        walk->column * walk->stride_width - walk->pad_left,
        (walk->rows - 1) * walk->stride_height + walk->kernel_height,
        (walk->columns - 1) * walk->stride_width + walk->kernel_width, walk->spread, walk->pitch);
    return true;
}

// The terms of a channel's taps.
FQT_HOT static void list_tap_terms(const walk_t *walk, const int8_t *weights) {
    tap_term_t *term = walk->terms;
    const int32_t step = walk->weights_column_step;
    int32_t offset = 0;
    for (int32_t height = walk->kernel_height; height > 0; --height, weights += walk->weights_row_step) {
        const int8_t *weight = weights;
        int32_t at = offset;
        for (int32_t left = walk->kernel_width; left > 0; left -= TERM_TAPS, at += TERM_TAPS, ++term) {
            term->offset = at;
            term->is_last = 0;
            term->weights[0] = *weight;
            weight += step;
            term->weights[1] = left > 1 ? *weight : 0;
            weight += step;
            term->weights[2] = left > 2 ? *weight : 0;
            weight += step;
        }
        offset += LANES * walk->pitch;
    }
    term[-1].is_last = -1;
}

static int32_t *sums_of(const walk_t *walk) {
    return (int32_t *)(void *)(walk->spread + walk->elements); // [rows][columns rounded up]
}

// sums += a term's products; negative if it is the last one.
#if FQT_HAS_DSP
// With stride 1 (dense): three loads of the term, three of x, two pairs put together and eight multiply-adds for twelve
// products; else eight loads of x, three additions and eight multiply-adds.
FQT_INLINE int32_t add_tap_term(
    const tap_term_t *term, const int16_t *x, bool is_dense, int32_t stride, int32_t sums[SUMS]) {
    const uint32_t pair = fqt_load4(term->weights);
    const int32_t last = (int32_t)fqt_load4(term->weights + 2); // and is_last
    const uint32_t x_0 = fqt_load4(x);
    if (is_dense) {
        const uint32_t x_2 = fqt_load4(x + 2);
        const uint32_t x_4 = fqt_load4(x + 4);
        const uint32_t x_2_1 = fqt_lower_and_upper(x_2, x_0);
        const uint32_t x_4_3 = fqt_lower_and_upper(x_4, x_2);
        sums[0] = fqt_multiply_add_low(last, x_2, fqt_multiply_add_pair(pair, x_0, sums[0]));
        sums[1] = fqt_multiply_add_high(last, x_2, fqt_multiply_add_crossed(pair, x_2_1, sums[1]));
        sums[2] = fqt_multiply_add_low(last, x_4, fqt_multiply_add_pair(pair, x_2, sums[2]));
        sums[3] = fqt_multiply_add_high(last, x_4, fqt_multiply_add_crossed(pair, x_4_3, sums[3]));
    } else {
        sums[0] = fqt_multiply_add_low(last, (uint32_t)x[2], fqt_multiply_add_pair(pair, x_0, sums[0]));
        x += stride;
        sums[1] = fqt_multiply_add_low(last, (uint32_t)x[2], fqt_multiply_add_pair(pair, fqt_load4(x), sums[1]));
        x += stride;
        sums[2] = fqt_multiply_add_low(last, (uint32_t)x[2], fqt_multiply_add_pair(pair, fqt_load4(x), sums[2]));
        x += stride;
        sums[3] = fqt_multiply_add_low(last, (uint32_t)x[2], fqt_multiply_add_pair(pair, fqt_load4(x), sums[3]));
    }
    return last;
}
#else
// Six products: three loads of the term, six of x.
FQT_INLINE int32_t add_tap_term(
    const tap_term_t *term, const int16_t *x, bool is_dense, int32_t stride, int32_t sums[SUMS]) {
    (void)is_dense;
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

// The sums of all terms, for each result.
FQT_INLINE void sum_rows(const walk_t *walk, bool is_dense, int32_t stride) {
    const int16_t *row = walk->x;
    int32_t *sums = sums_of(walk);
    const int32_t columns = rounded_columns(walk->columns);
    for (int32_t rows = walk->rows; rows > 0; --rows, row += walk->stride_height * LANES * walk->pitch) {
        const int16_t *x = row;
        for (const int32_t *end = sums + columns; sums < end; x += SUMS * stride) {
            const tap_term_t *term = walk->terms;
            const int32_t bias = walk->bias;
            int32_t now[4] = {bias, bias, bias, bias};
            int32_t last;
            do {
                last = add_tap_term(term, x + term->offset, is_dense, stride, now);
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
FQT_LOOP void sum_dense_rows(const walk_t *walk) {
    sum_rows(walk, true, 1);
}
#endif

FQT_LOOP void sum_spaced_rows(const walk_t *walk) {
    sum_rows(walk, false, walk->stride_width);
}

// Turn to a channel of the tile, and form its sums.
static void sum_lane(walk_t *walk, int32_t lane) {
    walk->x = walk->spread + lane * walk->pitch;
    list_tap_terms(walk, walk->weights + (walk->first + lane) * walk->filter_elements);
#if FQT_HAS_DSP
    if (walk->stride_width == 1) {
        sum_dense_rows(walk);
        return;
    }
#endif
    sum_spaced_rows(walk);
}

// The element that the current channel's first sum goes to.
static int32_t first_element(const walk_t *walk, int32_t lane) {
    return walk->i + walk->row * walk->row_step + walk->column * walk->column_step + walk->first + lane;
}

FQT_INLINE int32_t requantised(int32_t sum, int32_t mantissa, uint32_t shift, int32_t rounding) {
    return ((fqt_multiply_high(sum, mantissa) >> shift) + rounding) >> 1;
}

// fqt_output_put of each. Nearly all lie between the least and the greatest so far and are stored as they are, in pairs
// where there are registers for them: two loads, two multiplications, two stores and 20 instructions between. With ReLU
// the least is not wanted; less than an int8 becomes the least of these, where the zero point is.
FQT_LOOP void put_outputs(const walk_t *walk, int32_t i, fqt_output_t *output) {
    const int32_t mantissa = walk->multiplier.mantissa;
    const uint32_t shift = walk->multiplier.shift;
    const int32_t rounding = 1 + 2 * output->zero_point;
    const int32_t step = walk->column_step;
    const bool saturates = output->layer->activation != FQT_ACTIVATION_NONE && output->low == INT8_MIN;
    int32_t greatest = -GREATEST_VALUE; // the first one shows what they are
    int32_t least = -GREATEST_VALUE;
    const int32_t *sums = sums_of(walk);
    int8_t *row = output->activation + i;
    for (int32_t rows = walk->rows; rows > 0; --rows, row += walk->row_step) {
        int8_t *y = row;
        for (int32_t left = walk->columns; left > 0; --left, y += step) {
#if FQT_HAS_DSP
            while (left > 1) {
                const int32_t first = requantised(sums[0], mantissa, shift, rounding);
                const int32_t second = requantised(sums[1], mantissa, shift, rounding);
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
            int32_t value = requantised(*sums++, mantissa, shift, rounding);
            if (FQT_UNLIKELY(value > greatest || value < least)) {
                output->greatest = value > output->greatest ? value : output->greatest;
                output->least = value < output->least ? value : output->least;
                greatest = output->greatest < output->high ? output->greatest : output->high;
                least = saturates ? -GREATEST_VALUE : output->least > output->low ? output->least : output->low;
                value = fqt_clamp(value, output->low, output->high);
            }
            *y = (int8_t)fqt_saturated(value);
        }
        sums += -walk->columns & (NEIGHBOURS - 1);
    }
}

// Whatever the multiplier, logits, and errors that add up. output: NULL where they are errors.
__attribute__((noinline)) static void put_others(
    const walk_t *walk, int32_t i, fqt_output_t *output, fqt_error_pass_t *pass) {
    const int32_t *sums = sums_of(walk);
    for (int32_t rows = walk->rows; rows > 0; --rows) {
        for (int32_t column = 0; column < walk->columns; ++column) {
            const uint32_t to = (uint32_t)(i + column * walk->column_step);
            if (output != NULL) {
                fqt_output_put(output, &walk->multiplier, to, sums[column]);
            } else {
                fqt_error_pass_put(pass, to, sums[column]);
            }
        }
        sums += rounded_columns(walk->columns);
        i += walk->row_step;
    }
}

// x [in_height][in_width][channels] -> y [out_height][out_width][channels]
void fqt_depthwise_forward(fqt_model_t *model, uint32_t index, bool training) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_tensor_t *input = fqt_input_of(model, index);
    const fqt_tensor_t *to = fqt_output_of(model, index);
    walk_t walk = walk_of(layer, 4);
    walk.source.tensor = input;
    walk.source.values = fqt_activation(model, layer->input);
    walk.source.zero = input->zero_point;
    walk.height = to->height;
    walk.width = to->width;
    walk.weights = fqt_weights(model, layer);
    walk.row_step = to->width * to->channels;
    walk.column_step = to->channels;
    begin_walk(&walk, layer, (uint8_t *)fqt_scratch(model) + (index + 1 == model->layer_count ? 4 * to->elements : 0));
    fqt_output_t output;
    fqt_output_begin(&output, model, index);
    while (next_tile(&walk)) {
        for (int32_t lane = 0; walk.lanes >> lane != 0; ++lane) {
            const fqt_channel_t channel = fqt_output_channel(&output, (uint32_t)(walk.first + lane));
            const int32_t i = first_element(&walk, lane);
            walk.bias = channel.bias;
            walk.multiplier = channel.multiplier;
            sum_lane(&walk, lane);
            if (output.activation != NULL && channel.multiplier.shift <= 29) {
                put_outputs(&walk, i, &output);
            } else {
                put_others(&walk, i, &output, NULL);
            }
        }
    }
    if (training) {
        fqt_output_end(&output);
    }
}

// fqt_error_pass_put of each where no errors are there before. Nearly all are not greater than the greatest so far: a
// branch for those that were clipped, else a multiplication and two comparisons.
FQT_LOOP void put_lane_errors(const walk_t *walk, int32_t i, fqt_error_pass_t *pass) {
    const int32_t mantissa = walk->multiplier.mantissa;
    const int32_t scale_shift = (int32_t)walk->multiplier.shift;
    const uint32_t left_shift = scale_shift < 0 ? (uint32_t)-scale_shift : 0;
    const uint32_t shift = scale_shift < 0 ? 0 : (uint32_t)scale_shift;
    const int32_t step = walk->column_step;
    const int32_t low = pass->unclipped.low;
    const int32_t high = pass->unclipped.high;
    int32_t peak = pass->peak < INT8_MAX ? pass->peak : INT8_MAX;
    const int32_t *sums = sums_of(walk);
    for (int32_t rows = walk->rows; rows > 0; --rows, i += walk->row_step) {
        const int8_t *x = pass->activation + i;
        int8_t *error = pass->error + i;
        for (int32_t left = walk->columns; left > 0; --left, x += step, error += step, ++sums) {
            int32_t value = 0;
            if (*x > low && *x < high) {
                value = requantised((int32_t)((uint32_t)*sums << left_shift), mantissa, shift, 1);
                if (FQT_UNLIKELY(value > peak || value < -peak)) {
                    const int32_t magnitude = value < 0 ? -value : value;
                    pass->peak = magnitude > pass->peak ? magnitude : pass->peak;
                    peak = pass->peak < INT8_MAX ? pass->peak : INT8_MAX;
                    value = fqt_clamp(value, -INT8_MAX, INT8_MAX);
                }
            }
            *error = (int8_t)value;
        }
        sums += -walk->columns & (NEIGHBOURS - 1);
    }
}

// Channels that are not selected get no error. They may have errors already, which count for the peak.
static void skip_channels(fqt_error_pass_t *pass, const fqt_selection_t *selection) {
    if (!pass->adds) {
        clear_words(pass->error, (int32_t)(pass->tensor->elements + 3)); // buffers end at whole words
        return;
    }
    const uint32_t channels = pass->tensor->channels;
    uint32_t n = 0;
    for (uint32_t c = 0; c < channels; ++c) {
        if (n < selection->count && selection->channels[n] == c) {
            ++n;
            continue;
        }
        for (uint32_t i = c; i < pass->tensor->elements; i += channels) {
            fqt_error_pass_put(pass, i, 0);
        }
    }
}

// e [out_height][out_width][channels] -> d [in_height][in_width][channels]; 0 in channels that are not selected.
void fqt_depthwise_error(fqt_model_t *model, uint32_t index, const fqt_selection_t *selection) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_tensor_t *to = fqt_input_of(model, index);
    const fqt_window_t *window = &layer->window;
    const int32_t stride = window->stride_height;
    const fqt_scale_t s_e = fqt_scale_unpack(fqt_output_of(model, index)->error_scale);
    uint32_t greatest = 0;
    for (uint32_t c = 0; c < to->channels; ++c) {
        uint32_t bits = fqt_weight_scale(model, layer, c);
        greatest = bits > greatest ? bits : greatest;
    }
    fqt_error_pass_t pass;
    fqt_error_pass_begin(&pass, model, index, layer->input, fqt_scale_multiply(s_e, fqt_scale_unpack(greatest)));
    if (selection->count < to->channels) {
        skip_channels(&pass, selection);
    }
    walk_t walk = {.source = {fqt_output_of(model, index), fqt_error_of(model, index + 1), 0, window->stride_width},
        .spacing = 1,
        .kernel_width = window->kernel_width,
        .stride_height = 1,
        .stride_width = 1,
        .pad_left = window->kernel_width - 1 - window->pad_left,
        .width = to->width,
        .selection = selection,
        .result_bytes = 4,
        .weights_row_step = -stride * window->kernel_width,
        .weights_column_step = -1,
        .filter_elements = (int32_t)layer->filter_elements,
        .row_step = stride * to->width * to->channels,
        .column_step = to->channels};
    for (int32_t first_row = 0; first_row < stride && first_row < to->height; ++first_row) {
        // Windows `first` - kernel_height + 1 to `first` reach the first row of this phase.
        const int32_t first = (first_row + window->pad_top) / stride;
        const int32_t phase = first_row + window->pad_top - first * stride;
        const bool is_reached = phase < window->kernel_height;
        const int32_t last = window->kernel_height - 1;
        const int32_t last_tap = is_reached ? last - (last - phase) % stride : 0;
        walk.kernel_height = last_tap / stride + 1;
        walk.pad_top = is_reached ? walk.kernel_height - 1 - first : UINT16_MAX; // beyond e
        walk.height = (to->height - 1 - first_row) / stride + 1;
        walk.weights = fqt_weights(model, layer) + (last_tap + 1) * window->kernel_width - 1;
        walk.i = first_row * to->width * to->channels;
        begin_walk(&walk, layer, fqt_pass_scratch(model, index));
        while (next_tile(&walk)) {
            for (int32_t lane = 0; walk.lanes >> lane != 0; ++lane) {
                if ((walk.lanes >> lane & 1) == 0) {
                    continue;
                }
                const int32_t i = first_element(&walk, lane);
                fqt_error_pass_scale(&pass,
                    fqt_scale_multiply(
                        s_e, fqt_scale_unpack(fqt_weight_scale(model, layer, (uint32_t)(walk.first + lane)))));
                walk.multiplier = pass.multiplier;
                sum_lane(&walk, lane);
                const int32_t shift = (int32_t)pass.multiplier.shift;
                if (!pass.adds && shift <= 29 && shift >= -LEFT_SHIFT && layer->filter_elements <= LEFT_SHIFT_TAPS) {
                    put_lane_errors(&walk, i, &pass);
                } else {
                    put_others(&walk, i, NULL, &pass);
                }
            }
        }
    }
    fqt_error_pass_end(&pass);
}

// gradient[tap] += sum over all results of e * x, `tap` elements on; up to TERM_TAPS taps. Four results take two loads
// of e, three of x, two pairs put together and six multiply-adds for twelve products.
FQT_LOOP void add_gradients(const walk_t *walk, const int16_t *e, int32_t columns, int32_t *gradient, int32_t taps) {
    int32_t gradient_0 = 0;
    int32_t gradient_1 = 0;
    int32_t gradient_2 = 0;
    const int16_t *row = walk->x;
    const int32_t x_step = walk->stride_height * LANES * walk->pitch;
    for (int32_t rows = walk->rows; rows > 0; --rows, row += x_step, e += LANES * columns) {
        const int16_t *x = row;
        for (const int16_t *error = e; error < e + columns;) {
#if FQT_HAS_DSP
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
#else
            const int32_t now = *error++;
            gradient_0 += now * x[0];
            gradient_1 += now * x[1];
            gradient_2 += now * x[2];
            x += walk->stride_width;
#endif
        }
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
    for (; rows > 0; --rows, e += LANES * columns) {
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

void fqt_depthwise_update(
    fqt_model_t *model, uint32_t index, const fqt_selection_t *selection, fqt_scale_t learning_rate) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_tensor_t *input = fqt_input_of(model, index);
    const fqt_tensor_t *output = fqt_output_of(model, index);
    const int32_t taps = (int32_t)layer->filter_elements;
    int32_t *gradients = fqt_pass_scratch(model, index); // [LANES][taps]
    walk_t walk = walk_of(layer, 2 * LANES);
    walk.source.tensor = input;
    walk.source.values = fqt_activation(model, layer->input);
    walk.source.zero = input->zero_point;
    walk.height = output->height;
    walk.width = output->width;
    walk.selection = selection;
    walk.spacing = walk.stride_width;
    begin_walk(&walk, layer, gradients);
    int16_t *errors = walk.spread + walk.elements; // [rows][LANES][columns]
    // Errors lie as far apart as what they meet, where these are taken in pairs.
    const source_t source = {output, fqt_error_of(model, index + 1), 0, FQT_HAS_DSP ? walk.spacing : 1};
    const int32_t columns = rounded_columns((walk.tile_columns - 1) * source.dilation + 1);
    int32_t bias_gradients[LANES];
    uint32_t any_error = 0;
    fqt_update_t update;
    fqt_update_begin(&update, model, index, learning_rate);
    while (next_tile(&walk)) {
        spread_part(&walk, &source, walk.row, walk.column * source.dilation, walk.rows,
            (walk.columns - 1) * source.dilation + 1, errors, columns);
        if (walk.row == 0 && walk.column == 0) {
            clear_words(gradients, 4 * LANES * taps);
            clear_words(bias_gradients, sizeof(bias_gradients));
            any_error = 0;
        }
        const bool is_end = walk.row + walk.rows == walk.height && walk.column + walk.columns == walk.width;
        for (int32_t lane = 0; walk.lanes >> lane != 0; ++lane) {
            if ((walk.lanes >> lane & 1) == 0) {
                continue;
            }
            const int16_t *e = errors + lane * columns;
            int32_t *gradient = gradients + lane * taps;
            if (add_errors(e, walk.rows, columns, &bias_gradients[lane])) {
                any_error |= 1u << lane;
                int32_t *to = gradient;
                for (int32_t ky = 0; ky < walk.kernel_height; ++ky) {
                    walk.x = walk.spread + (ky * LANES + lane) * walk.pitch;
                    for (int32_t left = walk.kernel_width; left > 0; left -= TERM_TAPS) {
                        const int32_t count = left < TERM_TAPS ? left : TERM_TAPS;
                        add_gradients(&walk, e, columns, to, count);
                        walk.x += count;
                        to += count;
                    }
                }
            }
            if (is_end && ((any_error >> lane & 1) != 0 || update.decay != 0)) {
                fqt_update_filter(&update, (uint32_t)(walk.first + lane), gradient, bias_gradients[lane]);
            }
        }
    }
}
