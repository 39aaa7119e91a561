// Average pooling: each output is the mean of its window, at a scale of its own (the mean of many values takes a smaller
// range than they do). Windows lie inside the input. docs/arithmetic.md, sections 4 and 6.
#include "fqt_convolution.h"
#include "fqt_error_pass.h"
#include "fqt_kind.h"
#include "fqt_window.h"

static fqt_scale_t window_area(const fqt_window_t *window) {
    return fqt_scale_from_int((uint32_t)window->kernel_height * window->kernel_width);
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
static void average_pool2d_forward(fqt_model_t *model, uint32_t index, bool training) {
    const fqt_shape_t shape = fqt_shape(model, index);
    const fqt_window_t *window = &shape.window;
    const int8_t *x = fqt_activation(model, fqt_layer(model, index)->input);
    const int32_t zx = fqt_input_of(model, index)->zero_point;
    fqt_output_t output;
    fqt_output_begin(&output, model, index);
    const fqt_multiplier_t multiplier = fqt_multiplier(fqt_scale_divide(output.scale_ratio, window_area(window)));
    uint32_t i = 0;
    for (int32_t oy = 0; oy < shape.out_height; ++oy) {
        for (int32_t ox = 0; ox < shape.out_width; ++ox) {
            const int8_t *first =
                x + (oy * window->stride_height * shape.in_width + ox * window->stride_width) * shape.in_channels;
            for (int32_t c = 0; c < shape.out_channels; ++c) {
                fqt_output_put(&output, &multiplier, i++, sum_of_taps(&shape, first + c, zx));
            }
        }
    }
    if (training) {
        fqt_output_end(&output);
    }
}

// Sum of the errors of the windows that cover (iy, ix), channel c.
static int32_t sum_of_window_errors(const fqt_shape_t *shape, const int8_t *e, int32_t iy, int32_t ix, int32_t c) {
    const fqt_window_t *window = &shape->window;
    int32_t sum = 0;
    int32_t oy = fqt_first_window(iy, 0, window->kernel_height, window->stride_height);
    for (; oy < shape->out_height && oy * window->stride_height <= iy; ++oy) {
        int32_t ox = fqt_first_window(ix, 0, window->kernel_width, window->stride_width);
        for (; ox < shape->out_width && ox * window->stride_width <= ix; ++ox) {
            sum += e[(oy * shape->out_width + ox) * shape->out_channels + c];
        }
    }
    return sum;
}

// e [out_height][out_width][channels] -> d [in_height][in_width][channels] = sum of errors / taps
static void average_pool2d_error(fqt_model_t *model, uint32_t index, const fqt_selection_t *selection) {
    (void)selection;
    const fqt_shape_t shape = fqt_shape(model, index);
    const int8_t *e = fqt_error_of(model, index + 1);
    fqt_scale_t s_e = fqt_scale_unpack(fqt_output_of(model, index)->error_scale);
    fqt_error_pass_t pass;
    fqt_error_pass_begin(
        &pass, model, index, fqt_layer(model, index)->input, fqt_scale_divide(s_e, window_area(&shape.window)));
    uint32_t i = 0;
    for (int32_t iy = 0; iy < shape.in_height; ++iy) {
        for (int32_t ix = 0; ix < shape.in_width; ++ix) {
            for (int32_t c = 0; c < shape.in_channels; ++c) {
                fqt_error_pass_put(&pass, i++, sum_of_window_errors(&shape, e, iy, ix, c));
            }
        }
    }
    fqt_error_pass_end(&pass);
}

static bool average_pool2d_check(const fqt_model_t *model, uint32_t index, fqt_error_t *error) {
    const fqt_window_t *window = &fqt_layer(model, index)->window;
    if (window->pad_top != 0 || window->pad_bottom != 0 || window->pad_left != 0 || window->pad_right != 0) {
        return fqt_fail(error, "average pooling takes no padding", 0, 0, 0);
    }
    return fqt_pool_check(model, index, error);
}

const fqt_kind_t fqt_kind_average_pool2d = {
    .name = "average_pool2d",
    .check = average_pool2d_check,
    .scratch_bytes = fqt_no_scratch,
    .forward = average_pool2d_forward,
    .error = average_pool2d_error,
};
