// Depthwise convolution, plain: what ../fast/fqt_depthwise_forward.c, _error.c and _update.c compute faster, with the
// same bits. Tests compare them.
#include "../fqt_common_unit.h"
#include "../fqt_kernels.h"
#include "../../engine/fqt_errors.h"
#include "../../engine/fqt_update.h"
#include "../../model/fqt_window.h"

uint32_t fqt_depthwise_bytes(const fqt_layer_t *layer) {
    return 4 * layer->filter_elements;
}

// x [in_height][in_width][channels] -> y [out_height][out_width][channels]:
// acc = bias + sum over the taps inside the input of (x[iy, ix, c] - zx) * w[c, ky, kx]
void fqt_depthwise_forward(fqt_pass_t *pass) {
    const fqt_shape_t *shape = &pass->shape;
    const fqt_sliding_t *window = &shape->window;
    const int32_t zx = pass->input->zero_point;
    const int8_t *w = fqt_weights(pass->model, pass->layer);
    fqt_activations_t output;
    fqt_activations_begin(&output, pass);
    for (int32_t c = 0; c < shape->out_channels; ++c, w += pass->layer->filter_elements) {
        const int8_t *x = pass->x + c;
        fqt_channel_t channel;
        fqt_activations_channels(&output, (uint32_t)c, 1, &channel);
        int32_t i = c;
        for (int32_t oy = 0; oy < shape->out_height; ++oy) {
            int32_t iy = oy * window->stride_height - window->pad_top;
            fqt_taps_t rows = fqt_taps(iy, window->kernel_height, shape->in_height);
            for (int32_t ox = 0; ox < shape->out_width; ++ox, i += shape->out_channels) {
                int32_t ix = ox * window->stride_width - window->pad_left;
                fqt_taps_t columns = fqt_taps(ix, window->kernel_width, shape->in_width);
                int32_t sum = channel.bias;
                for (int32_t ky = rows.begin; ky < rows.end; ++ky) {
                    const int8_t *x_row = x + ((iy + ky) * shape->in_width + ix) * shape->in_channels;
                    for (int32_t kx = columns.begin; kx < columns.end; ++kx) {
                        sum += (x_row[kx * shape->in_channels] - zx) * w[ky * window->kernel_width + kx];
                    }
                }
                fqt_activations_put(&output, &channel.multiplier, (uint32_t)i, sum);
            }
        }
    }
    fqt_activations_end(&output, pass);
}

// Sum over the windows that read (iy, ix) of e[oy, ox] * w[ky, kx]; e points to the channel.
static int32_t gather_channel(const fqt_shape_t *shape, const int8_t *e, const int8_t *w, int32_t iy, int32_t ix) {
    const fqt_sliding_t *window = &shape->window;
    int32_t sum = 0;
    int32_t oy = fqt_first_window(iy, window->pad_top, window->kernel_height, window->stride_height);
    for (; oy < shape->out_height; ++oy) {
        int32_t ky = iy + window->pad_top - oy * window->stride_height;
        if (ky < 0) {
            break;
        }
        int32_t ox = fqt_first_window(ix, window->pad_left, window->kernel_width, window->stride_width);
        int32_t kx = ix + window->pad_left - ox * window->stride_width;
        const int8_t *e_row = e + oy * shape->out_width * shape->out_channels;
        for (; ox < shape->out_width && kx >= 0; ++ox, kx -= window->stride_width) {
            sum += e_row[ox * shape->out_channels] * w[ky * window->kernel_width + kx];
        }
    }
    return sum;
}

// e [out_height][out_width][channels] -> d [in_height][in_width][channels]; 0 in channels that are not selected.
void fqt_depthwise_error(fqt_pass_t *pass) {
    const fqt_shape_t *shape = &pass->shape;
    const fqt_layer_t *layer = pass->layer;
    const fqt_selection_t *selection = &pass->selection;
    const fqt_scale_t s_e = fqt_scale_unpack(pass->output->error_scale);
    fqt_errors_t errors;
    fqt_errors_begin(&errors, pass, fqt_scale_multiply_stored(s_e, fqt_greatest_weight_scale(pass)));
    uint32_t n = 0;
    for (int32_t c = 0; c < shape->in_channels; ++c) {
        bool selected = n < selection->count && selection->channels[n] == c;
        n += selected;
        const int8_t *w = fqt_weights(pass->model, layer) + (uint32_t)c * layer->filter_elements;
        fqt_errors_scale(&errors, fqt_scale_multiply_stored(s_e, fqt_weight_scale(pass->model, layer, (uint32_t)c)));
        int32_t i = c;
        for (int32_t iy = 0; iy < shape->in_height; ++iy) {
            for (int32_t ix = 0; ix < shape->in_width; ++ix, i += shape->in_channels) {
                fqt_errors_put(&errors, (uint32_t)i, selected ? gather_channel(shape, pass->e + c, w, iy, ix) : 0);
            }
        }
    }
    fqt_errors_end(&errors);
}

// gradient[ky][kx] = sum over positions of e[oy, ox] * (x[iy, ix] - zx), taps inside the input; x and e point to the
// channel. Gives the bias gradient, the sum of e.
static int32_t channel_gradient(
    const fqt_shape_t *shape, const int8_t *x, int32_t zx, const int8_t *e, int32_t *gradient, bool *any_error) {
    const fqt_sliding_t *window = &shape->window;
    int32_t bias_gradient = 0;
    *any_error = false;
    for (int32_t i = 0; i < window->kernel_height * window->kernel_width; ++i) {
        gradient[i] = 0;
    }
    for (int32_t oy = 0; oy < shape->out_height; ++oy) {
        int32_t iy = oy * window->stride_height - window->pad_top;
        fqt_taps_t rows = fqt_taps(iy, window->kernel_height, shape->in_height);
        for (int32_t ox = 0; ox < shape->out_width; ++ox, e += shape->out_channels) {
            int32_t error = *e;
            if (error == 0) {
                continue;
            }
            *any_error = true;
            bias_gradient += error;
            int32_t ix = ox * window->stride_width - window->pad_left;
            fqt_taps_t columns = fqt_taps(ix, window->kernel_width, shape->in_width);
            for (int32_t ky = rows.begin; ky < rows.end; ++ky) {
                const int8_t *x_row = x + ((iy + ky) * shape->in_width + ix) * shape->in_channels;
                for (int32_t kx = columns.begin; kx < columns.end; ++kx) {
                    gradient[ky * window->kernel_width + kx] += error * (x_row[kx * shape->in_channels] - zx);
                }
            }
        }
    }
    return bias_gradient;
}

void fqt_depthwise_update(fqt_pass_t *pass) {
    const fqt_selection_t *selection = &pass->selection;
    const int32_t zx = pass->input->zero_point;
    int32_t *gradient = pass->scratch;
    fqt_update_t update;
    fqt_update_begin(&update, pass);
    for (uint32_t n = 0; n < selection->count; ++n) {
        int32_t c = selection->channels[n];
        bool any_error;
        int32_t bias_gradient = channel_gradient(&pass->shape, pass->x + c, zx, pass->e + c, gradient, &any_error);
        if (any_error || update.decay != 0) {
            fqt_update_filter(&update, (uint32_t)c, gradient, bias_gradient);
        }
    }
}
