// See fqt_window.h.
#include "fqt_window.h"

static bool extent_check(uint32_t input, uint32_t output, uint32_t kernel, uint32_t stride, uint32_t before,
    uint32_t after, fqt_error_t *error) {
    if (kernel == 0 || stride == 0 || before >= kernel || after >= kernel) {
        return fqt_fail(error,
            "kernel #, stride #, padding #: kernel and stride are at least 1, padding is below kernel", kernel, stride,
            before > after ? before : after);
    }
    if (kernel > input + before + after) {
        return fqt_fail(error, "kernel # is larger than the input # with its padding #", kernel, input, before + after);
    }
    uint32_t expected = (input + before + after - kernel) / stride + 1;
    if (output != expected) {
        return fqt_fail(error, "output extent is #, the window makes #", output, expected, 0);
    }
    return true;
}

bool fqt_window_check(const fqt_model_t *model, uint32_t index, fqt_error_t *error) {
    const fqt_tensor_t *from = fqt_input_of(model, index);
    const fqt_tensor_t *to = fqt_output_of(model, index);
    const fqt_window_t *window = &fqt_layer(model, index)->window;
    return extent_check(from->height, to->height, window->kernel_height, window->stride_height, window->pad_top,
               window->pad_bottom, error)
           && extent_check(from->width, to->width, window->kernel_width, window->stride_width, window->pad_left,
               window->pad_right, error);
}

bool fqt_no_window_check(const fqt_model_t *model, uint32_t index, fqt_error_t *error) {
    const fqt_window_t *window = &fqt_layer(model, index)->window;
    if (window->kernel_height != 1 || window->kernel_width != 1 || window->stride_height != 1
        || window->stride_width != 1 || window->pad_top != 0 || window->pad_bottom != 0 || window->pad_left != 0
        || window->pad_right != 0) {
        return fqt_fail(error, "it has a window, this layer slides none", 0, 0, 0);
    }
    return true;
}

bool fqt_one_pixel_check(const fqt_model_t *model, uint32_t index, fqt_error_t *error) {
    const fqt_tensor_t *to = fqt_output_of(model, index);
    return (to->height == 1 && to->width == 1)
           || fqt_fail(error, "output is # x #, this layer's is 1 x 1", to->height, to->width, 0);
}

bool fqt_same_channels_check(const fqt_model_t *model, uint32_t index, fqt_error_t *error) {
    uint32_t in_channels = fqt_input_of(model, index)->channels;
    uint32_t out_channels = fqt_output_of(model, index)->channels;
    return in_channels == out_channels
           || fqt_fail(error, "# channels in, # out: this layer keeps them", in_channels, out_channels, 0);
}

bool fqt_pool_check(const fqt_model_t *model, uint32_t index, fqt_error_t *error) {
    fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_window_t *window = &layer->window;
    layer->passes_error_scale =
        window->stride_height >= window->kernel_height && window->stride_width >= window->kernel_width;
    return fqt_same_channels_check(model, index, error) && fqt_window_check(model, index, error);
}

uint32_t fqt_no_scratch(const fqt_model_t *model, uint32_t index) {
    (void)model;
    (void)index;
    return 0;
}

int32_t fqt_first_window(int32_t i, int32_t pad, int32_t kernel, int32_t stride) {
    const int32_t distance = i + pad - kernel + 1;
    return distance > 0 ? (distance + stride - 1) / stride : 0;
}
