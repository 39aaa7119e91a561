// See fqt_weighted.h.
#include "fqt_weighted.h"
#include "../engine/fqt_pass.h"
#include "../model/fqt_window.h"

#define MAX_FILTER_ELEMENTS (33000) // * 255 * 127 < 2^30: with a bias of 2^30 less than 2^31

void fqt_positions_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    const fqt_tensor_t *to = fqt_output_of(model, index);
    uint32_t positions = (uint32_t)to->height * to->width;
    if (positions > FQT_MAX_POSITIONS && fqt_layer(model, index)->trainable) {
        fqt_fail_2(fault, FQT_MESSAGE_POSITIONS, positions, FQT_MAX_POSITIONS);
    }
}

void fqt_filter_check(uint32_t filter_elements, fqt_fault_t *fault) {
    if (filter_elements > MAX_FILTER_ELEMENTS) {
        fqt_fail_2(fault, FQT_MESSAGE_FILTER, filter_elements, MAX_FILTER_ELEMENTS);
    }
}

void fqt_convolution_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    const fqt_shape_t shape = fqt_shape(model, index);
    const uint32_t area = (uint32_t)shape.window.kernel_height * (uint32_t)shape.window.kernel_width;
    const uint32_t elements = area * (uint32_t)shape.in_channels;
    fqt_filter_check(elements, fault);
    const fqt_window_t *window = &fqt_layer(model, index)->window;
    const uint32_t terms = (uint32_t)window->kernel_height * window->kernel_width * (uint32_t)shape.out_channels;
    if (terms > INT32_MAX / (127 * 128)) {
        fqt_fail_2(fault, FQT_MESSAGE_TAPS, terms, INT32_MAX / (127 * 128));
    }
    fqt_layer(model, index)->filter_elements = elements;
}
