// Gradient and update of convolutions where no instruction multiplies pairs and text is scarce (Cortex-M0+): error by
// error, without columns, so that errors of 0, about half of them, cost a comparison. docs/arithmetic.md, section 7;
// the plain version with the same bits is plain/fqt_conv2d_update.c.
//
// Windows inside the input go four at a time, so that the gradient comes from memory once for four products, each a
// copy of its row's address, a load, a multiplication and an addition: 7 cycles a product. Zero points are taken off
// the gradient at the end, as they are the same for each of its elements. Windows at the border go one by one.
#include "../fqt_kernels.h"
#include "../../engine/fqt_update.h"

#define TOGETHER FQT_UPDATE_POSITIONS

// A filter's gradient while it is formed.
typedef struct {
    const fqt_shape_t *shape;
    int32_t zero_point;
    int32_t *gradient; // [kernel_height][kernel_width][in_channels]
    uint32_t waiting; // windows inside the input, each with its error, until there are enough
    int32_t errors[TOGETHER];
    const int8_t *windows[TOGETHER];
    int32_t inside_sum; // of errors of windows inside the input
} forming_t;

// gradient[i] += error * (x[i] - zx)
FQT_LOOP void add_run(int32_t *gradient, const int8_t *x, int32_t zx, int32_t error, int32_t count) {
    for (const int8_t *end = x + count; x < end; ++x, ++gradient) {
        *gradient += error * (*x - zx);
    }
}

// gradient[i] += sum over four windows of error * x[i], of neighbours
FQT_LOOP int32_t *add_four_runs(
    int32_t *gradient, const int8_t *const rows[4], const int32_t errors[4], int32_t count) {
    uint32_t saved[4];
    FQT_SAVE_HIGH_REGISTERS(saved);
    register const int8_t *first FQT_HIGH_REGISTER(8) = rows[0] + count;
    register const int8_t *second FQT_HIGH_REGISTER(9) = rows[1] + count;
    register const int8_t *third FQT_HIGH_REGISTER(10) = rows[2] + count;
    register const int8_t *fourth FQT_HIGH_REGISTER(11) = rows[3] + count;
    const int32_t error_0 = errors[0];
    const int32_t error_1 = errors[1];
    const int32_t error_2 = errors[2];
    const int32_t error_3 = errors[3];
    for (int32_t i = -count; i != 0; ++i) {
        FQT_IN_HIGH_REGISTERS(first, second, third, fourth);
        int32_t sum = *gradient;
        sum += first[i] * error_0;
        sum += second[i] * error_1;
        sum += third[i] * error_2;
        sum += fourth[i] * error_3;
        *gradient++ = sum;
    }
    FQT_RESTORE_HIGH_REGISTERS(saved);
    return gradient;
}

// Add the windows that wait. Those that are missing have errors of 0, and read where the first one does.
static void add_waiting(forming_t *forming) {
    const fqt_shape_t *shape = forming->shape;
    const int32_t row_bytes = shape->in_width * shape->in_channels;
    int32_t *gradient = forming->gradient;
    if (forming->waiting == 0) {
        return;
    }
    for (uint32_t n = forming->waiting; n < TOGETHER; ++n) {
        forming->errors[n] = 0;
        forming->windows[n] = forming->windows[0];
    }
    forming->waiting = 0;
    for (int32_t ky = 0; ky < shape->window.kernel_height; ++ky) {
        gradient =
            add_four_runs(gradient, forming->windows, forming->errors, shape->window.kernel_width * shape->in_channels);
        for (uint32_t n = 0; n < TOGETHER; ++n) {
            forming->windows[n] += row_bytes;
        }
    }
}

// Add a window that starts at (iy, ix), partly outside of the input x.
static void add_border_window(const forming_t *forming, const int8_t *x, int32_t iy, int32_t ix, int32_t error) {
    const fqt_shape_t *shape = forming->shape;
    const fqt_sliding_t *window = &shape->window;
    const fqt_taps_t rows = fqt_taps(iy, window->kernel_height, shape->in_height);
    const fqt_taps_t columns = fqt_taps(ix, window->kernel_width, shape->in_width);
    for (int32_t ky = rows.begin; ky < rows.end; ++ky) {
        add_run(forming->gradient + (ky * window->kernel_width + columns.begin) * shape->in_channels,
            x + ((iy + ky) * shape->in_width + ix + columns.begin) * shape->in_channels, forming->zero_point, error,
            (columns.end - columns.begin) * shape->in_channels);
    }
}

// The gradient of the filter of channel o, cleared before. Gives the bias gradient, the sum of e; any_error tells
// whether one error was not 0.
FQT_HOT static int32_t form_gradient(
    forming_t *forming, const int8_t *x, const int8_t *e, uint32_t elements, bool *any_error) {
    const fqt_shape_t *shape = forming->shape;
    const fqt_sliding_t *window = &shape->window;
    const int32_t room_y = shape->in_height - window->kernel_height;
    const int32_t room_x = shape->in_width - window->kernel_width;
    int32_t bias_gradient = 0;
    forming->waiting = 0;
    forming->inside_sum = 0;
    *any_error = false;
    for (int32_t oy = 0, iy = -window->pad_top; oy < shape->out_height; ++oy, iy += window->stride_height) {
        int32_t ix = -window->pad_left;
        for (int32_t ox = 0; ox < shape->out_width; ++ox, e += shape->out_channels, ix += window->stride_width) {
            const int32_t error = *e;
            if (error == 0) {
                continue;
            }
            *any_error = true;
            bias_gradient += error;
            if (iy < 0 || iy > room_y || ix < 0 || ix > room_x) {
                add_border_window(forming, x, iy, ix, error);
                continue;
            }
            forming->inside_sum += error;
            forming->errors[forming->waiting] = error;
            forming->windows[forming->waiting] = x + (iy * shape->in_width + ix) * shape->in_channels;
            if (++forming->waiting == TOGETHER) {
                add_waiting(forming);
            }
        }
    }
    add_waiting(forming);
    const int32_t excess = forming->inside_sum * forming->zero_point;
    for (uint32_t i = 0; i < elements; ++i) {
        forming->gradient[i] -= excess;
    }
    return bias_gradient;
}

void fqt_conv2d_update(fqt_pass_t *pass) {
    const fqt_selection_t *selection = &pass->selection;
    const uint32_t elements = pass->layer->filter_elements;
    forming_t forming = {.shape = &pass->shape, .zero_point = pass->input->zero_point, .gradient = pass->scratch};
    fqt_update_t update;
    fqt_update_begin(&update, pass);
    for (uint32_t n = 0; n < selection->count; ++n) {
        const uint32_t o = selection->channels[n];
        bool any_error;
        fqt_clear(forming.gradient, elements);
        const int32_t bias_gradient = form_gradient(&forming, pass->x, pass->e + o, elements, &any_error);
        if (any_error || update.decay != 0) {
            fqt_update_filter(&update, o, forming.gradient, bias_gradient);
        }
    }
}
