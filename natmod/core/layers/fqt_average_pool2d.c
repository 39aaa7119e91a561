// Average pooling: each output is the mean of its window, at a scale of its own (the mean of many values takes a
// smaller range than they do). Windows lie inside the input. docs/arithmetic.md, sections 4 and 6.
#include "../kernels/fqt_kernels.h"
#include "../engine/fqt_errors.h"
#include "../model/fqt_window.h"

#define MOST_ZEROS (16)
#define POOLED_CHANNELS (64) // at a time

static fqt_scale_t window_area(const fqt_sliding_t *window) {
    return fqt_scale_from_int((uint32_t)(window->kernel_height * window->kernel_width));
}

// Sum over the window's taps of (x[iy + ky, ix + kx, c] - zx); x points to the first of them.
static int32_t sum_of_taps(const fqt_shape_t *shape, const int8_t *x, int32_t zx) {
    int32_t sum = 0;
    for (int32_t ky = 0; ky < shape->window.kernel_height; ++ky) {
        const int8_t *row = x + ky * shape->in_width * shape->in_channels;
        for (int32_t kx = 0; kx < shape->window.kernel_width; ++kx, row += shape->in_channels) {
            sum += *row - zx;
        }
    }
    return sum;
}

// x [in_height][in_width][channels] -> y [out_height][out_width][channels] = sum of taps / taps
//
// Where y has the scale of x, a mean that lies halfway between two int8 numbers goes away from 0, as LiteRT rounds it:
// sums are in quarters, and one quarter more in the direction of the mean's sign decides.
static void average_pool2d_forward(fqt_pass_t *pass) {
    const fqt_shape_t *shape = &pass->shape;
    const fqt_sliding_t *window = &shape->window;
    const int32_t zx = pass->input->zero_point;
    fqt_activations_t output;
    fqt_activations_begin(&output, pass);
    const fqt_multiplier_t multiplier =
        fqt_multiplier(fqt_scale_shifted(fqt_scale_divide(output.scale_ratio, window_area(window)), -2));
    const int32_t zero = -zx * window->kernel_height * window->kernel_width; // the sum of taps that are all 0
    const int32_t quarter = pass->input->scale == pass->output->scale;
    uint32_t i = 0;
    for (int32_t oy = 0; oy < shape->out_height; ++oy) {
        for (int32_t ox = 0; ox < shape->out_width; ++ox) {
            const int8_t *first =
                pass->x
                + (oy * window->stride_height * shape->in_width + ox * window->stride_width) * shape->in_channels;
            for (int32_t c = 0; c < shape->out_channels; ++c) {
                const int32_t sum = sum_of_taps(shape, first + c, zx);
                fqt_activations_put(&output, &multiplier, i++, 4 * sum + (sum < zero ? -quarter : quarter));
            }
        }
    }
    fqt_activations_end(&output, pass);
}

// The windows [begin, end) that cover row or column `i`.
FQT_NOINLINE static fqt_taps_t windows_of(int32_t i, int32_t kernel, int32_t stride, int32_t count) {
    const int32_t end = i / stride + 1;
    return (fqt_taps_t) {fqt_first_window(i, 0, kernel, stride), end < count ? end : count};
}

// sums[c] = the errors of the windows that cover a place, times 2^zeros; e points to the first channel.
static void sum_window_errors(const fqt_shape_t *shape, const int8_t *e, const fqt_taps_t *rows,
    const fqt_taps_t *columns, uint32_t zeros, int32_t *sums, int32_t count) {
    fqt_clear(sums, (uint32_t)count);
    for (int32_t oy = rows->begin; oy < rows->end; ++oy) {
        for (int32_t ox = columns->begin; ox < columns->end; ++ox) {
            const int8_t *error = e + (oy * shape->out_width + ox) * shape->out_channels;
            for (int32_t c = 0; c < count; ++c) {
                sums[c] += (int32_t)((uint32_t)(int32_t)error[c] << zeros);
            }
        }
    }
}

// e [out_height][out_width][channels] -> d [in_height][in_width][channels] = sum of errors / taps
static void average_pool2d_error(fqt_pass_t *pass) {
    const fqt_shape_t *shape = &pass->shape;
    const fqt_sliding_t *window = &shape->window;
    fqt_errors_t errors;
    fqt_errors_begin(&errors, pass, fqt_scale_divide(fqt_scale_unpack(pass->output->error_scale), window_area(window)));
    // Where the scale is handed on, a single error is all there is.
    const uint32_t zeros = errors.keeps_scale ? fqt_errors_take_zeros(&errors, MOST_ZEROS) : 0;
    for (int32_t first = 0; first < shape->in_channels; first += POOLED_CHANNELS) {
        const int32_t left = shape->in_channels - first;
        const int32_t count = left < POOLED_CHANNELS ? left : POOLED_CHANNELS;
        uint32_t i = (uint32_t)first;
        for (int32_t iy = 0; iy < shape->in_height; ++iy) {
            const fqt_taps_t rows = windows_of(iy, window->kernel_height, window->stride_height, shape->out_height);
            fqt_taps_t summed = {-1, -1};
            int32_t sums[POOLED_CHANNELS];
            for (int32_t ix = 0; ix < shape->in_width; ++ix, i += (uint32_t)shape->in_channels) {
                const fqt_taps_t columns = windows_of(ix, window->kernel_width, window->stride_width, shape->out_width);
                if (columns.begin != summed.begin || columns.end != summed.end) {
                    sum_window_errors(shape, pass->e + first, &rows, &columns, zeros, sums, count);
                    summed = columns;
                }
                fqt_errors_put_all(&errors, i, sums, count);
            }
        }
    }
    fqt_errors_end(&errors);
}

static void average_pool2d_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    const fqt_window_t *window = &fqt_layer(model, index)->window;
    if (window->pad_top != 0 || window->pad_bottom != 0 || window->pad_left != 0 || window->pad_right != 0) {
        fqt_fail(fault, FQT_MESSAGE_POOL_PADDING);
    }
    fqt_pool_check(model, index, fault);
}

const fqt_kind_t fqt_kind_average_pool2d = {
    .name = "average_pool2d",
    .check = average_pool2d_check,
    .forward = average_pool2d_forward,
    .error = average_pool2d_error,
};
