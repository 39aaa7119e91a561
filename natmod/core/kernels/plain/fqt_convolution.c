// Convolution and dense layers, plain: what ../fast/fqt_convolution.c and ../fast/fqt_error_sums.c compute faster, with
// the same bits. Tests compare them.
#include "../fqt_kernels.h"
#include "../../engine/fqt_activations.h"

// Sum over the taps inside the input of (x[iy, ix, c] - zx) * filter[ky, kx, c].
static int32_t convolve(
    const fqt_shape_t *shape, const int8_t *x, int32_t zx, const int8_t *filter, int32_t oy, int32_t ox) {
    const fqt_sliding_t *window = &shape->window;
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
    fqt_activations_t output;
    fqt_activations_begin(&output, pass);
    for (int32_t o = 0; o < shape->out_channels; ++o, filter += pass->layer->filter_elements) {
        fqt_channel_t channel;
        fqt_activations_channels(&output, (uint32_t)o, 1, &channel);
        int32_t i = o;
        for (int32_t oy = 0; oy < shape->out_height; ++oy) {
            for (int32_t ox = 0; ox < shape->out_width; ++ox, i += shape->out_channels) {
                fqt_activations_put(&output, &channel.multiplier, (uint32_t)i,
                    channel.bias + convolve(shape, pass->x, zx, filter, oy, ox));
            }
        }
    }
    fqt_activations_end(&output, pass);
}

// The sums of one position.
static void add_window(const fqt_pass_t *pass, const int16_t *m, int32_t iy, int32_t ix, int32_t *sums) {
    const fqt_shape_t *shape = &pass->shape;
    const fqt_sliding_t *window = &shape->window;
    const fqt_selection_t *selection = &pass->selection;
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
            const int8_t *e = pass->e + position * shape->out_channels;
            const int8_t *w_tap =
                fqt_weights(pass->model, pass->layer) + (ky * window->kernel_width + kx) * shape->in_channels;
            for (uint32_t n = 0; n < selection->count; ++n) {
                int32_t o = selection->channels[n];
                const int8_t *w = w_tap + o * (int32_t)pass->layer->filter_elements;
                for (int32_t c = 0; c < shape->in_channels; ++c) {
                    sums[c] += e[o] * m[n] * w[c];
                }
            }
        }
    }
}

void fqt_error_sums(const fqt_pass_t *pass, const int16_t *m, const fqt_part_t *part, int32_t *sums) {
    fqt_clear(sums, (uint32_t)(part->columns * pass->shape.in_channels));
    for (int32_t column = 0; column < part->columns; ++column) {
        add_window(pass, m, part->row, part->column + column, sums + column * pass->shape.in_channels);
    }
}
