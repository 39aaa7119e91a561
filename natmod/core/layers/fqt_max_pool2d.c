// Max pooling: each output is the greatest value of its window; its error goes to the first that reached it.
// docs/arithmetic.md, sections 4 and 6.
#include "../kernels/fqt_kernels.h"
#include "../engine/fqt_errors.h"
#include "../model/fqt_window.h"

// The position [in_height * in_width] of the first greatest value of the window at (oy, ox); x points to its channel.
static uint32_t first_greatest(const fqt_shape_t *shape, const int8_t *x, int32_t oy, int32_t ox) {
    const fqt_sliding_t *window = &shape->window;
    const int32_t iy = oy * window->stride_height - window->pad_top;
    const int32_t ix = ox * window->stride_width - window->pad_left;
    const fqt_taps_t rows = fqt_taps(iy, window->kernel_height, shape->in_height);
    const fqt_taps_t columns = fqt_taps(ix, window->kernel_width, shape->in_width);
    int32_t best = (iy + rows.begin) * shape->in_width + ix + columns.begin;
    for (int32_t ky = rows.begin; ky < rows.end; ++ky) {
        for (int32_t kx = columns.begin; kx < columns.end; ++kx) {
            const int32_t i = (iy + ky) * shape->in_width + ix + kx;
            best = x[i * shape->in_channels] > x[best * shape->in_channels] ? i : best;
        }
    }
    return (uint32_t)best;
}

// x [in_height][in_width][channels] -> y [out_height][out_width][channels]
static void max_pool2d_forward(fqt_pass_t *pass) {
    const fqt_shape_t *shape = &pass->shape;
    int8_t *y = pass->y;
    for (int32_t oy = 0; oy < shape->out_height; ++oy) {
        for (int32_t ox = 0; ox < shape->out_width; ++ox) {
            for (int32_t c = 0; c < shape->out_channels; ++c) {
                const int8_t *x = pass->x + c;
                *y++ = x[first_greatest(shape, x, oy, ox) * (uint32_t)shape->in_channels];
            }
        }
    }
}

// e [out_height][out_width][channels] -> d [in_height][in_width][channels]. Each window is looked through once, as in
// the forward pass; a channel's errors are summed for as many rows of the input as a window has: that of position p at
// p modulo their length.
static void max_pool2d_error(fqt_pass_t *pass) {
    const fqt_shape_t *shape = &pass->shape;
    const int32_t channels = shape->in_channels;
    const uint32_t length = (uint32_t)(shape->window.kernel_height * shape->in_width);
    int32_t *sums = pass->scratch;
    fqt_errors_t errors;
    fqt_errors_begin(&errors, pass, fqt_scale_unpack(pass->output->error_scale));
    fqt_clear(sums, length);
    for (int32_t c = 0; c < channels; ++c) {
        const int8_t *e = pass->e + c;
        int32_t position = 0;
        int32_t *sum = sums; // of the position
        for (int32_t oy = 0; oy < shape->out_height; ++oy) {
            for (int32_t ox = 0; ox < shape->out_width; ++ox, e += channels) {
                if (*e != 0) {
                    sums[first_greatest(shape, pass->x + c, oy, ox) % length] += *e;
                }
            }
            // The rows that no window behind reaches.
            const int32_t next = (oy + 1) * shape->window.stride_height - shape->window.pad_top;
            const int32_t rows = oy + 1 < shape->out_height ? next : shape->in_height;
            for (; position < rows * shape->in_width; ++position) {
                fqt_errors_put(&errors, (uint32_t)(position * channels + c), *sum);
                *sum = 0;
                sum = sum + 1 < sums + length ? sum + 1 : sums;
            }
        }
    }
    fqt_errors_end(&errors);
}

static void max_pool2d_scratch(const fqt_model_t *model, uint32_t index, fqt_scratch_t *bytes) {
    bytes->error = 4u * fqt_layer(model, index)->window.kernel_height * fqt_input_of(model, index)->width;
}

const fqt_kind_t fqt_kind_max_pool2d = {
    .name = "max_pool2d",
    .keeps_scale = true,
    .reads_input_for_error = true,
    .check = fqt_pool_check,
    .scratch = max_pool2d_scratch,
    .forward = max_pool2d_forward,
    .error = max_pool2d_error,
};
