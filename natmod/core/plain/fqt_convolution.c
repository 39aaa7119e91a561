// Convolution and dense layers, plain: what ../fqt_convolution.c computes faster, with the same bits. Tests compare them.
#include "../fqt_convolution.h"
#include "../fqt_error_pass.h"
#include "../fqt_output.h"

// The channels of one input pixel whose errors are formed at a time (in accumulators on the stack).
#define CHANNEL_BLOCK (32)

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
void fqt_convolution_forward(fqt_pass_t *pass) {
    const fqt_shape_t *shape = &pass->shape;
    const int32_t zx = pass->input->zero_point;
    const int8_t *filter = fqt_weights(pass->model, pass->layer);
    fqt_output_t output;
    fqt_output_begin(&output, pass);
    for (int32_t o = 0; o < shape->out_channels; ++o, filter += pass->layer->filter_elements) {
        const fqt_channel_t channel = fqt_output_channel(&output, o);
        uint32_t i = o;
        for (int32_t oy = 0; oy < shape->out_height; ++oy) {
            for (int32_t ox = 0; ox < shape->out_width; ++ox, i += shape->out_channels) {
                fqt_output_put(
                    &output, &channel.multiplier, i, channel.bias + convolve(shape, pass->x, zx, filter, oy, ox));
            }
        }
    }
    fqt_output_end(&output, pass);
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
void fqt_convolution_error(fqt_pass_t *pass) {
    const fqt_shape_t *shape = &pass->shape;
    const int8_t *weights = fqt_weights(pass->model, pass->layer);
    int16_t *m = pass->scratch;
    fqt_error_pass_t errors;
    fqt_error_pass_begin(&errors, pass, fqt_common_unit(pass, m));
    uint32_t i = 0;
    for (int32_t iy = 0; iy < shape->in_height; ++iy) {
        for (int32_t ix = 0; ix < shape->in_width; ++ix) {
            for (int32_t channel = 0; channel < shape->in_channels; channel += CHANNEL_BLOCK) {
                int32_t sum[CHANNEL_BLOCK];
                int32_t count = shape->in_channels - channel;
                count = count < CHANNEL_BLOCK ? count : CHANNEL_BLOCK;
                gather(shape, pass->e, &pass->selection, m, weights, iy, ix, channel, count, sum);
                for (int32_t c = 0; c < count; ++c) {
                    fqt_error_pass_put(&errors, i++, sum[c]);
                }
            }
        }
    }
    fqt_error_pass_end(&errors);
}

uint32_t fqt_convolution_error_bytes(const fqt_model_t *model, uint32_t index) {
    return 2u * fqt_output_of(model, index)->channels;
}
