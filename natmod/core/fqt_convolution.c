// Plain convolution; see fqt_convolution.h.
#include "fqt_convolution.h"
#include "fqt_error_pass.h"
#include "fqt_output.h"

#define MAX_FILTER_ELEMENTS (33000) // * 255 * 128 < 2^30
#define MAX_UNIT (256)

fqt_shape_t fqt_shape(const fqt_model_t *model, uint32_t index) {
    const fqt_tensor_t *from = fqt_input_of(model, index);
    const fqt_tensor_t *to = fqt_output_of(model, index);
    const fqt_layer_t *layer = fqt_layer(model, index);
    fqt_shape_t shape = {from->height, from->width, from->channels, to->height, to->width, to->channels, layer->window};
    if (layer->kind == FQT_KIND_DENSE) {
        shape.in_height = 1;
        shape.in_width = 1;
        shape.in_channels = (int32_t)from->elements;
    }
    return shape;
}

// Sum over the taps inside the input of (x[iy, ix, c] - zx) * filter[ky, kx, c].
static int32_t convolve(
    const fqt_shape_t *shape, const int8_t *x, int32_t zx, const int8_t *filter, int32_t oy, int32_t ox) {
    const fqt_window_t *window = &shape->window;
    int32_t iy = oy * window->stride_height - window->pad_top;
    int32_t ix = ox * window->stride_width - window->pad_left;
    fqt_taps_t rows = fqt_taps(iy, window->kernel_height, shape->in_height);
    fqt_taps_t columns = fqt_taps(ix, window->kernel_width, shape->in_width);
    int32_t run = (columns.end - columns.begin) * shape->in_channels; // contiguous in x and in the filter
    int32_t sum = 0;
    for (int32_t ky = rows.begin; ky < rows.end; ++ky) {
        const int8_t *x_run = x + ((iy + ky) * shape->in_width + ix + columns.begin) * shape->in_channels;
        const int8_t *w_run = filter + (ky * window->kernel_width + columns.begin) * shape->in_channels;
        for (int32_t i = 0; i < run; ++i) {
            sum += (x_run[i] - zx) * w_run[i];
        }
    }
    return sum;
}

// x [in_height][in_width][in_channels] -> y [out_height][out_width][out_channels]
void fqt_convolution_forward(fqt_model_t *model, uint32_t index, bool training) {
    const fqt_shape_t shape = fqt_shape(model, index);
    const int8_t *x = fqt_activation(model, fqt_layer(model, index)->input);
    const int32_t zx = fqt_input_of(model, index)->zero_point;
    const int8_t *filter = fqt_weights(model, fqt_layer(model, index));
    const uint32_t filter_elements = fqt_layer(model, index)->filter_elements;
    fqt_output_t output;
    fqt_output_begin(&output, model, index);
    for (int32_t o = 0; o < shape.out_channels; ++o, filter += filter_elements) {
        int32_t bias = fqt_output_channel(&output, o);
        uint32_t i = o;
        for (int32_t oy = 0; oy < shape.out_height; ++oy) {
            for (int32_t ox = 0; ox < shape.out_width; ++ox, i += shape.out_channels) {
                fqt_output_put(&output, i, bias + convolve(&shape, x, zx, filter, oy, ox));
            }
        }
    }
    if (training) {
        fqt_output_end(&output);
    }
}

// The greatest integer that weight scales of a layer are brought to: the products stay in 16 bits, their sum in 32.
static int32_t common_unit(const fqt_shape_t *shape) {
    int32_t terms = shape->window.kernel_height * shape->window.kernel_width * shape->out_channels;
    int32_t unit = INT32_MAX / (127 * 128) / terms;
    return unit < MAX_UNIT ? unit : MAX_UNIT;
}

// m[n], of the n-th selected channel o: weight scales relative to the greatest, in units of 1 / unit. Gives what one unit of
// e * m * w means.
static fqt_scale_t bring_to_common_unit(
    const fqt_model_t *model, uint32_t index, const fqt_selection_t *selection, int32_t unit, int16_t *m) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    uint32_t channels = fqt_output_of(model, index)->channels;
    uint32_t greatest = 0; // positive floats compare like their bits
    for (uint32_t o = 0; o < channels; ++o) {
        uint32_t bits = fqt_weight_scale(model, layer, o);
        greatest = bits > greatest ? bits : greatest;
    }
    fqt_scale_t s_greatest = fqt_scale_unpack(greatest);
    for (uint32_t n = 0; n < selection->count; ++n) {
        uint32_t bits = fqt_weight_scale(model, layer, selection->channels[n]);
        m[n] = (int16_t)fqt_fixed_multiply(unit, fqt_scale_divide(fqt_scale_unpack(bits), s_greatest));
    }
    fqt_scale_t s_e = fqt_scale_unpack(fqt_output_of(model, index)->error_scale);
    return fqt_scale_divide(fqt_scale_multiply(s_e, s_greatest), fqt_scale_from_int((uint32_t)unit));
}

// sum[c] = sum over (ky, kx) and the selected o of e[oy, ox, o] * m[o] * w[o, ky, kx, c], where the window at (oy, ox) reads
// (iy, ix) with (ky, kx), for `count` channels from `channel`.
static void gather(const fqt_shape_t *shape, const int8_t *e, const fqt_selection_t *selection, const int16_t *m,
    const int8_t *weights, int32_t iy, int32_t ix, int32_t channel, int32_t count, int32_t *sum) {
    const fqt_window_t *window = &shape->window;
    const int32_t filter_elements = window->kernel_height * window->kernel_width * shape->in_channels;
    for (int32_t c = 0; c < count; ++c) {
        sum[c] = 0;
    }
    for (int32_t ky = 0; ky < window->kernel_height; ++ky) {
        int32_t y = iy + window->pad_top - ky;
        if (y < 0 || y % window->stride_height != 0 || y / window->stride_height >= shape->out_height) {
            continue;
        }
        for (int32_t kx = 0; kx < window->kernel_width; ++kx) {
            int32_t x = ix + window->pad_left - kx;
            if (x < 0 || x % window->stride_width != 0 || x / window->stride_width >= shape->out_width) {
                continue;
            }
            int32_t position = y / window->stride_height * shape->out_width + x / window->stride_width;
            const int8_t *e_pixel = e + position * shape->out_channels;
            const int8_t *w_tap = weights + (ky * window->kernel_width + kx) * shape->in_channels + channel;
            for (uint32_t n = 0; n < selection->count; ++n) {
                int32_t o = selection->channels[n];
                int32_t error = e_pixel[o] * m[n];
                if (error == 0) {
                    continue;
                }
                const int8_t *w = w_tap + o * filter_elements;
                for (int32_t c = 0; c < count; ++c) {
                    sum[c] += error * w[c];
                }
            }
        }
    }
}

// e [out_height][out_width][out_channels] -> d [in_height][in_width][in_channels]
void fqt_convolution_error(fqt_model_t *model, uint32_t index, const fqt_selection_t *selection) {
    const fqt_shape_t shape = fqt_shape(model, index);
    const int8_t *e = fqt_error_of(model, index + 1);
    const int8_t *weights = fqt_weights(model, fqt_layer(model, index));
    int16_t *m = fqt_pass_scratch(model, index);
    fqt_scale_t accumulator_scale = bring_to_common_unit(model, index, selection, common_unit(&shape), m);
    fqt_error_pass_t pass;
    fqt_error_pass_begin(&pass, model, index, fqt_layer(model, index)->input, accumulator_scale);
    uint32_t i = 0;
    for (int32_t iy = 0; iy < shape.in_height; ++iy) {
        for (int32_t ix = 0; ix < shape.in_width; ++ix) {
            for (int32_t channel = 0; channel < shape.in_channels; channel += FQT_CHANNEL_BLOCK) {
                int32_t sum[FQT_CHANNEL_BLOCK];
                int32_t count = shape.in_channels - channel;
                count = count < FQT_CHANNEL_BLOCK ? count : FQT_CHANNEL_BLOCK;
                gather(&shape, e, selection, m, weights, iy, ix, channel, count, sum);
                for (int32_t c = 0; c < count; ++c) {
                    fqt_error_pass_put(&pass, i++, sum[c]);
                }
            }
        }
    }
    fqt_error_pass_end(&pass);
}

uint32_t fqt_weighted_scratch_bytes(const fqt_model_t *model, uint32_t index, uint32_t update_bytes) {
    const fqt_tensor_t *to = fqt_output_of(model, index);
    uint32_t bytes = 0;
    if (to->needs_error) {
        bytes = 4u * to->channels; // norms; m takes half of it
        bytes = bytes < update_bytes ? update_bytes : bytes;
        bytes += fqt_selection_bytes(model, index);
    }
    if (index + 1 == model->layer_count && bytes < 4 * to->elements) {
        bytes = 4 * to->elements; // logits
    }
    return bytes;
}

bool fqt_filter_check(uint32_t filter_elements, fqt_error_t *error) {
    return filter_elements <= MAX_FILTER_ELEMENTS
           || fqt_fail(error, "# inputs a filter, at most # fit 32-bit sums", filter_elements, MAX_FILTER_ELEMENTS, 0);
}

bool fqt_convolution_check(const fqt_model_t *model, uint32_t index, fqt_error_t *error) {
    const fqt_shape_t shape = fqt_shape(model, index);
    const uint32_t area = (uint32_t)shape.window.kernel_height * shape.window.kernel_width;
    if (!fqt_filter_check(area * shape.in_channels, error)) {
        return false;
    }
    uint32_t terms = area * shape.out_channels;
    if (terms > INT32_MAX / (127 * 128)) {
        return fqt_fail(
            error, "# kernel taps times output channels, at most # fit 32-bit sums", terms, INT32_MAX / (127 * 128), 0);
    }
    fqt_layer(model, index)->filter_elements = area * shape.in_channels;
    return true;
}
