// See fqt_window.h.
#include "fqt_window.h"

void fqt_extent_check(uint32_t output, uint32_t expected, fqt_fault_t *fault) {
    if (output != expected) {
        fqt_fail_2(fault, FQT_MESSAGE_OUTPUT_EXTENT, output, expected);
    }
}

// A kernel of 0 is no more than its padding.
static void window_extent_check(uint32_t input, uint32_t output, uint32_t kernel, uint32_t stride, uint32_t before,
    uint32_t after, fqt_fault_t *fault) {
    if (stride == 0 || before >= kernel || after >= kernel) {
        fqt_fail_3(fault, FQT_MESSAGE_KERNEL, kernel, stride, before > after ? before : after);
    }
    if (kernel > input + before + after) {
        fqt_fail_3(fault, FQT_MESSAGE_LARGE_KERNEL, kernel, input, before + after);
    }
    fqt_extent_check(output, (input + before + after - kernel) / stride + 1, fault);
}

void fqt_window_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    const fqt_tensor_t *from = fqt_input_of(model, index);
    const fqt_tensor_t *to = fqt_output_of(model, index);
    const fqt_window_t *window = &fqt_layer(model, index)->window;
    window_extent_check(from->height, to->height, window->kernel_height, window->stride_height, window->pad_top,
        window->pad_bottom, fault);
    window_extent_check(
        from->width, to->width, window->kernel_width, window->stride_width, window->pad_left, window->pad_right, fault);
}

void fqt_no_window_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    const fqt_window_t *window = &fqt_layer(model, index)->window;
    static const fqt_window_t none = {1, 1, 1, 1, 0, 0, 0, 0};
    if (!fqt_same_bytes(window, &none, sizeof(none))) {
        fqt_fail(fault, FQT_MESSAGE_NO_WINDOW);
    }
}

void fqt_one_pixel_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    const fqt_tensor_t *to = fqt_output_of(model, index);
    if (to->height != 1 || to->width != 1) {
        fqt_fail_2(fault, FQT_MESSAGE_ONE_PIXEL, to->height, to->width);
    }
}

void fqt_same_channels_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    uint32_t in_channels = fqt_input_of(model, index)->channels;
    uint32_t out_channels = fqt_output_of(model, index)->channels;
    if (in_channels != out_channels) {
        fqt_fail_2(fault, FQT_MESSAGE_SAME_CHANNELS, in_channels, out_channels);
    }
}

void fqt_pool_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_window_t *window = &layer->window;
    layer->passes_error_scale =
        window->stride_height >= window->kernel_height && window->stride_width >= window->kernel_width;
    fqt_same_channels_check(model, index, fault);
    fqt_window_check(model, index, fault);
}

static bool has_shape(const fqt_tensor_t *tensor, const fqt_tensor_t *output) {
    return fqt_same_bytes(tensor, output, offsetof(fqt_tensor_t, zero_point)); // height, width, channels
}

void fqt_same_shape_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    if (!has_shape(fqt_input_of(model, index), fqt_output_of(model, index))) {
        fqt_fail_1(fault, FQT_MESSAGE_OTHER_SHAPE, fqt_layer(model, index)->input);
    }
    fqt_no_window_check(model, index, fault);
}

void fqt_other_inputs_check(const fqt_layer_t *layer, fqt_fault_t *fault) {
    if (layer->input == layer->second_input) {
        fqt_fail_1(fault, FQT_MESSAGE_SAME_INPUTS, layer->input);
    }
}

void fqt_two_inputs_check(const fqt_model_t *model, uint32_t index, bool by_channel, fqt_fault_t *fault) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_tensor_t *second = fqt_tensor(model, layer->second_input);
    const fqt_tensor_t *output = fqt_output_of(model, index);
    const bool is_by_channel = second->channels == output->channels && second->elements == output->channels;
    fqt_same_shape_check(model, index, fault);
    if (!has_shape(second, output) && !(by_channel && is_by_channel)) {
        fqt_fail_1(fault, FQT_MESSAGE_OTHER_SHAPE, layer->second_input);
    }
    fqt_other_inputs_check(layer, fault);
}
