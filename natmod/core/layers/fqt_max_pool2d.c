// Max pooling: each output is the greatest value of its window; its error goes to the first that reached it.
// docs/arithmetic.md, sections 4 and 6.
#include "../kernels/fqt_kernels.h"
#include "../engine/fqt_errors.h"
#include "../model/fqt_window.h"

// The index in x of the first greatest value of the window at (oy, ox), channel c.
static uint32_t first_greatest(const fqt_shape_t *shape, const int8_t *x, int32_t oy, int32_t ox, int32_t c) {
    const fqt_sliding_t *window = &shape->window;
    int32_t iy = oy * window->stride_height - window->pad_top;
    int32_t ix = ox * window->stride_width - window->pad_left;
    fqt_taps_t rows = fqt_taps(iy, window->kernel_height, shape->in_height);
    fqt_taps_t columns = fqt_taps(ix, window->kernel_width, shape->in_width);
    uint32_t best = (uint32_t)(((iy + rows.begin) * shape->in_width + ix + columns.begin) * shape->in_channels + c);
    for (int32_t ky = rows.begin; ky < rows.end; ++ky) {
        for (int32_t kx = columns.begin; kx < columns.end; ++kx) {
            uint32_t i = (uint32_t)(((iy + ky) * shape->in_width + ix + kx) * shape->in_channels + c);
            best = x[i] > x[best] ? i : best;
        }
    }
    return best;
}

// x [in_height][in_width][channels] -> y [out_height][out_width][channels]
static void max_pool2d_forward(fqt_pass_t *pass) {
    const fqt_shape_t *shape = &pass->shape;
    const int8_t *x = pass->x;
    int8_t *y = pass->y;
    for (int32_t oy = 0; oy < shape->out_height; ++oy) {
        for (int32_t ox = 0; ox < shape->out_width; ++ox) {
            for (int32_t c = 0; c < shape->out_channels; ++c) {
                *y++ = x[first_greatest(shape, x, oy, ox, c)];
            }
        }
    }
}

// Sum of the errors of the windows whose first greatest value is input element i, at (iy, ix, c).
static int32_t sum_of_errors(
    const fqt_shape_t *shape, const int8_t *x, const int8_t *e, int32_t iy, int32_t ix, int32_t c) {
    const fqt_sliding_t *window = &shape->window;
    const uint32_t i = (uint32_t)((iy * shape->in_width + ix) * shape->in_channels + c);
    int32_t sum = 0;
    int32_t oy = fqt_first_window(iy, window->pad_top, window->kernel_height, window->stride_height);
    for (; oy < shape->out_height && oy * window->stride_height - window->pad_top <= iy; ++oy) {
        int32_t ox = fqt_first_window(ix, window->pad_left, window->kernel_width, window->stride_width);
        for (; ox < shape->out_width && ox * window->stride_width - window->pad_left <= ix; ++ox) {
            int32_t error = e[(oy * shape->out_width + ox) * shape->out_channels + c];
            if (error != 0 && first_greatest(shape, x, oy, ox, c) == i) {
                sum += error;
            }
        }
    }
    return sum;
}

// e [out_height][out_width][channels] -> d [in_height][in_width][channels]
static void max_pool2d_error(fqt_pass_t *pass) {
    const fqt_shape_t *shape = &pass->shape;
    fqt_errors_t errors;
    fqt_errors_begin(&errors, pass, fqt_scale_unpack(pass->output->error_scale));
    uint32_t i = 0;
    for (int32_t iy = 0; iy < shape->in_height; ++iy) {
        for (int32_t ix = 0; ix < shape->in_width; ++ix) {
            for (int32_t c = 0; c < shape->in_channels; ++c) {
                fqt_errors_put(&errors, i++, sum_of_errors(shape, pass->x, pass->e, iy, ix, c));
            }
        }
    }
    fqt_errors_end(&errors);
}

const fqt_kind_t fqt_kind_max_pool2d = {
    .name = "max_pool2d",
    .keeps_scale = true,
    .reads_input_for_error = true,
    .check = fqt_pool_check,
    .scratch_bytes = fqt_no_scratch,
    .forward = max_pool2d_forward,
    .error = max_pool2d_error,
};
