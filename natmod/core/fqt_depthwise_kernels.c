// Depthwise convolution: forward, error and update with one inner loop. docs/arithmetic.md, sections 4, 6, 7; the plain
// version with the same bits is plain/fqt_depthwise_kernels.c.
//
// Channels lie next to each other, so that all three are sums of products of two rows of channels, one term after another:
//     forward   (x - zx) at each tap of a window, times the weights of that tap
//     error     e of each window that reads a place, times the weights of the tap that reads it
//     update    (x - zx) at one tap of each window, times e of the window: the gradient of that tap
// For each place the terms are listed, then four channels at a time take them, their sums in registers: with DSP instructions
// a term takes two loads, four extractions, two subtractions and four multiply-adds. The weights of a few channels at a time
// are transposed first, from [channel][tap] to [tap][channel].
#include "fqt_convolution.h"
#include "fqt_error_pass.h"
#include "fqt_output.h"
#include "fqt_simd.h"
#include "fqt_update.h"
#include "fqt_window.h"

#define GROUP (4) // channels in registers
#define CHANNELS (32) // at a time
#define PRODUCTS (24) // listed at a time

// One term for all channels: (a[c] - za) * b[c].
typedef struct {
    const int8_t *a;
    const int8_t *b;
} product_t;

typedef struct {
    int32_t za;
    int32_t channels; // up to CHANNELS
    uint32_t groups; // a bit for each group of channels that is wanted
    int32_t count; // of products listed
    product_t products[PRODUCTS];
    int32_t sums[CHANNELS]; // those of the groups that are not wanted stay 0
} products_t;

static uint32_t channels_of_block(const fqt_layer_t *layer) {
    return layer->filter_elements <= 32 ? CHANNELS : GROUP;
}

uint32_t fqt_depthwise_bytes(const fqt_layer_t *layer) {
    return 4 * layer->filter_elements * channels_of_block(layer); // gradients; the transposed weights take a quarter
}

static void begin_sums(products_t *list) {
    for (int32_t c = 0; c < CHANNELS; ++c) {
        list->sums[c] = 0;
    }
}

// sums[c] += sum over the listed products of (a[c] - za) * b[c]
FQT_LOOP void add_list(products_t *list) {
    const product_t *end = list->products + list->count;
    for (int32_t c = 0; c < list->channels; c += GROUP) {
        if ((list->groups >> (c / GROUP) & 1) == 0) {
            continue;
        }
        int32_t *sums = list->sums + c;
#if FQT_HAS_DSP
        if (c + GROUP <= list->channels) {
            const uint32_t za = fqt_lower_halves((uint32_t)list->za, (uint32_t)list->za);
            int32_t sum_0 = sums[0];
            int32_t sum_1 = sums[1];
            int32_t sum_2 = sums[2];
            int32_t sum_3 = sums[3];
            for (const product_t *product = list->products; product < end; ++product) {
                const uint32_t a = fqt_load4(product->a + c);
                const uint32_t b = fqt_load4(product->b + c);
                const uint32_t a_even = fqt_subtract_pair(fqt_even_bytes(a), za);
                const uint32_t b_even = fqt_even_bytes(b);
                sum_0 = fqt_multiply_add_low((int32_t)a_even, b_even, sum_0);
                sum_2 = fqt_multiply_add_upper(a_even, b_even, sum_2);
                const uint32_t a_odd = fqt_subtract_pair(fqt_odd_bytes(a), za);
                const uint32_t b_odd = fqt_odd_bytes(b);
                sum_1 = fqt_multiply_add_low((int32_t)a_odd, b_odd, sum_1);
                sum_3 = fqt_multiply_add_upper(a_odd, b_odd, sum_3);
            }
            sums[0] = sum_0;
            sums[1] = sum_1;
            sums[2] = sum_2;
            sums[3] = sum_3;
            continue;
        }
#endif
        for (int32_t i = 0; i < GROUP && c + i < list->channels; ++i) {
            int32_t sum = sums[i];
            for (const product_t *product = list->products; product < end; ++product) {
                sum += (product->a[c + i] - list->za) * product->b[c + i];
            }
            sums[i] = sum;
        }
    }
    list->count = 0;
}

FQT_INLINE void list_product(products_t *list, const int8_t *a, const int8_t *b) {
    list->products[list->count].a = a;
    list->products[list->count].b = b;
    if (++list->count == PRODUCTS) {
        add_list(list);
    }
}

// weights [channel][tap] -> [tap][block], `count` channels from `first`.
static void transpose(
    const int8_t *weights, uint32_t taps, uint32_t first, uint32_t count, uint32_t block, int8_t *to) {
    weights += first * taps;
    for (uint32_t c = 0; c < count; ++c) {
        for (uint32_t tap = 0; tap < taps; ++tap) {
            to[tap * block + c] = *weights++;
        }
    }
}

// x [in_height][in_width][channels] -> y [out_height][out_width][channels]
FQT_HOT void fqt_depthwise_forward(fqt_model_t *model, uint32_t index, bool training) {
    const fqt_shape_t shape = fqt_shape(model, index);
    const fqt_window_t *window = &shape.window;
    const fqt_layer_t *layer = fqt_layer(model, index);
    const int32_t block = (int32_t)channels_of_block(layer);
    int8_t *weights = fqt_scratch(model);
    products_t list = {.za = fqt_input_of(model, index)->zero_point, .groups = UINT32_MAX};
    fqt_output_t output;
    fqt_output_begin(&output, model, index);
    for (int32_t first = 0; first < shape.out_channels; first += block) {
        const int8_t *x = fqt_activation(model, layer->input) + first;
        fqt_channel_t channels[CHANNELS];
        list.channels = shape.out_channels - first < block ? shape.out_channels - first : block;
        for (int32_t c = 0; c < list.channels; ++c) {
            channels[c] = fqt_output_channel(&output, first + c);
        }
        transpose(fqt_weights(model, layer), layer->filter_elements, first, list.channels, block, weights);
        uint32_t i = first;
        for (int32_t oy = 0; oy < shape.out_height; ++oy) {
            const int32_t iy = oy * window->stride_height - window->pad_top;
            const fqt_taps_t rows = fqt_taps(iy, window->kernel_height, shape.in_height);
            for (int32_t ox = 0; ox < shape.out_width; ++ox, i += shape.out_channels) {
                const int32_t ix = ox * window->stride_width - window->pad_left;
                const fqt_taps_t columns = fqt_taps(ix, window->kernel_width, shape.in_width);
                begin_sums(&list);
                for (int32_t ky = rows.begin; ky < rows.end; ++ky) {
                    const int8_t *a = x + ((iy + ky) * shape.in_width + ix + columns.begin) * shape.in_channels;
                    const int8_t *b = weights + (ky * window->kernel_width + columns.begin) * block;
                    for (int32_t kx = columns.begin; kx < columns.end; ++kx, a += shape.in_channels, b += block) {
                        list_product(&list, a, b);
                    }
                }
                add_list(&list);
                fqt_output_put_all(&output, channels, i, list.sums, list.channels);
            }
        }
    }
    if (training) {
        fqt_output_end(&output);
    }
}

// The groups of channels from `first` on in which channels are selected; n: the place in the selection, moved behind them.
static uint32_t selected_groups(const fqt_selection_t *selection, uint32_t *n, int32_t first, int32_t count) {
    uint32_t groups = 0;
    for (; *n < selection->count && selection->channels[*n] < first + count; ++*n) {
        groups |= 1u << (selection->channels[*n] - first) / GROUP;
    }
    return groups;
}

// e [out_height][out_width][channels] -> d [in_height][in_width][channels]; 0 in channels that are not selected.
FQT_HOT void fqt_depthwise_error(fqt_model_t *model, uint32_t index, const fqt_selection_t *selection) {
    const fqt_shape_t shape = fqt_shape(model, index);
    const fqt_window_t *window = &shape.window;
    const fqt_layer_t *layer = fqt_layer(model, index);
    const int32_t block = (int32_t)channels_of_block(layer);
    const fqt_scale_t s_e = fqt_scale_unpack(fqt_output_of(model, index)->error_scale);
    int8_t *weights = fqt_pass_scratch(model, index);
    uint32_t greatest = 0;
    for (int32_t c = 0; c < shape.out_channels; ++c) {
        uint32_t bits = fqt_weight_scale(model, layer, c);
        greatest = bits > greatest ? bits : greatest;
    }
    fqt_error_pass_t pass;
    fqt_error_pass_begin(&pass, model, index, layer->input, fqt_scale_multiply(s_e, fqt_scale_unpack(greatest)));
    products_t list = {.za = 0};
    uint32_t n = 0;
    for (int32_t first = 0; first < shape.in_channels; first += block) {
        const uint32_t first_selected = n;
        fqt_multiplier_t multipliers[CHANNELS];
        list.channels = shape.in_channels - first < block ? shape.in_channels - first : block;
        list.groups = selected_groups(selection, &n, first, list.channels);
        for (int32_t c = 0; c < list.channels; ++c) {
            multipliers[c] = (fqt_multiplier_t) {0, 0}; // of channels that are not selected
        }
        for (uint32_t s = first_selected; s < n; ++s) {
            const uint32_t c = selection->channels[s];
            fqt_error_pass_scale(&pass, fqt_scale_multiply(s_e, fqt_scale_unpack(fqt_weight_scale(model, layer, c))));
            multipliers[c - first] = pass.multiplier;
        }
        transpose(fqt_weights(model, layer), layer->filter_elements, first, list.channels, block, weights);
        const int8_t *e = fqt_error_of(model, index + 1) + first;
        uint32_t i = first;
        for (int32_t iy = 0; iy < shape.in_height; ++iy) {
            const int32_t first_oy =
                fqt_first_window(iy, window->pad_top, window->kernel_height, window->stride_height);
            for (int32_t ix = 0; ix < shape.in_width; ++ix, i += shape.in_channels) {
                const int32_t first_ox =
                    fqt_first_window(ix, window->pad_left, window->kernel_width, window->stride_width);
                int32_t ky = iy + window->pad_top - first_oy * window->stride_height;
                begin_sums(&list);
                for (int32_t oy = first_oy; oy < shape.out_height && ky >= 0; ++oy, ky -= window->stride_height) {
                    int32_t kx = ix + window->pad_left - first_ox * window->stride_width;
                    for (int32_t ox = first_ox; ox < shape.out_width && kx >= 0; ++ox, kx -= window->stride_width) {
                        list_product(&list, e + (oy * shape.out_width + ox) * shape.out_channels,
                            weights + (ky * window->kernel_width + kx) * block);
                    }
                }
                add_list(&list);
                fqt_error_pass_put_channels(&pass, multipliers, i, list.sums, list.channels);
            }
        }
    }
    fqt_error_pass_end(&pass);
}

// The gradients of one tap: sums[c] = sum over positions of (x[iy, ix, c] - zx) * e[oy, ox, c], where it lies inside the input.
FQT_HOT static void tap_gradients(
    const fqt_shape_t *shape, const int8_t *x, const int8_t *e, int32_t ky, int32_t kx, products_t *list) {
    const fqt_window_t *window = &shape->window;
    begin_sums(list);
    for (int32_t oy = 0; oy < shape->out_height; ++oy) {
        const int32_t iy = oy * window->stride_height - window->pad_top + ky;
        if (iy < 0 || iy >= shape->in_height) {
            continue;
        }
        int32_t ix = kx - window->pad_left;
        const int8_t *error = e + oy * shape->out_width * shape->out_channels;
        for (int32_t ox = 0; ox < shape->out_width; ++ox, ix += window->stride_width, error += shape->out_channels) {
            if (ix >= 0 && ix < shape->in_width) {
                list_product(list, x + (iy * shape->in_width + ix) * shape->in_channels, error);
            }
        }
    }
    add_list(list);
}

// The sum of a channel's errors, and whether there is one.
static int32_t channel_errors(const fqt_shape_t *shape, const int8_t *e, bool *any_error) {
    int32_t sum = 0;
    *any_error = false;
    for (int32_t p = shape->out_height * shape->out_width; p > 0; --p, e += shape->out_channels) {
        sum += *e;
        *any_error = *any_error || *e != 0;
    }
    return sum;
}

void fqt_depthwise_update(
    fqt_model_t *model, uint32_t index, const fqt_selection_t *selection, fqt_scale_t learning_rate) {
    const fqt_shape_t shape = fqt_shape(model, index);
    const fqt_layer_t *layer = fqt_layer(model, index);
    const int32_t block = (int32_t)channels_of_block(layer);
    const int32_t taps = (int32_t)layer->filter_elements;
    const int8_t *x = fqt_activation(model, layer->input);
    const int8_t *e = fqt_error_of(model, index + 1);
    int32_t *gradients = fqt_pass_scratch(model, index); // [channel][tap]
    products_t list = {.za = fqt_input_of(model, index)->zero_point};
    fqt_update_t update;
    fqt_update_begin(&update, model, index, learning_rate);
    uint32_t n = 0;
    for (int32_t first = 0; first < shape.out_channels; first += block) {
        uint32_t s = n;
        list.channels = shape.out_channels - first < block ? shape.out_channels - first : block;
        list.groups = selected_groups(selection, &n, first, list.channels);
        if (list.groups == 0) {
            continue;
        }
        for (int32_t tap = 0; tap < taps; ++tap) {
            const int32_t ky = tap / shape.window.kernel_width;
            tap_gradients(&shape, x + first, e + first, ky, tap - ky * shape.window.kernel_width, &list);
            for (int32_t c = 0; c < list.channels; ++c) {
                gradients[c * taps + tap] = list.sums[c];
            }
        }
        for (; s < n; ++s) {
            const int32_t c = selection->channels[s];
            bool any_error;
            const int32_t bias_gradient = channel_errors(&shape, e + c, &any_error);
            if (any_error || update.decay != 0) {
                fqt_update_filter(&update, c, gradients + (c - first) * taps, bias_gradient);
            }
        }
    }
}
