// The update of convolutions, plain: what ../fast/fqt_conv2d_update.c computes faster, with the same bits. Tests
// compare them.
#include "../fqt_kernels.h"
#include "../../engine/fqt_update.h"

// gradient[ky][kx][c] = sum over positions of e[oy, ox, o] * (x[iy, ix, c] - zx), taps inside the input.
// Gives the bias gradient, the sum of e; any_error tells whether one error was not 0.
static int32_t filter_gradient(const fqt_shape_t *shape, const int8_t *x, int32_t zx, const int8_t *e, int32_t o,
    int32_t *gradient, bool *any_error) {
    const fqt_sliding_t *window = &shape->window;
    const int32_t filter_elements = window->kernel_height * window->kernel_width * shape->in_channels;
    int32_t bias_gradient = 0;
    *any_error = false;
    for (int32_t i = 0; i < filter_elements; ++i) {
        gradient[i] = 0;
    }
    e += o;
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
            int32_t run = (columns.end - columns.begin) * shape->in_channels;
            for (int32_t ky = rows.begin; ky < rows.end; ++ky) {
                const int8_t *x_run = x + ((iy + ky) * shape->in_width + ix + columns.begin) * shape->in_channels;
                int32_t *g_run = gradient + (ky * window->kernel_width + columns.begin) * shape->in_channels;
                for (int32_t i = 0; i < run; ++i) {
                    g_run[i] += error * (x_run[i] - zx);
                }
            }
        }
    }
    return bias_gradient;
}

void fqt_conv2d_update(fqt_pass_t *pass) {
    const fqt_selection_t *selection = &pass->selection;
    const int32_t zx = pass->input->zero_point;
    int32_t *gradient = pass->scratch;
    fqt_update_t update;
    fqt_update_begin(&update, pass);
    for (uint32_t n = 0; n < selection->count; ++n) {
        int32_t o = selection->channels[n];
        bool any_error;
        int32_t bias_gradient = filter_gradient(&pass->shape, pass->x, zx, pass->e, o, gradient, &any_error);
        if (any_error || update.decay != 0) {
            fqt_update_filter(&update, (uint32_t)o, gradient, bias_gradient);
        }
    }
}
