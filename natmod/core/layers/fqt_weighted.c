// See fqt_weighted.h.
#include "fqt_weighted.h"
#include "../engine/fqt_select.h"
#include "../model/fqt_window.h"

#define MAX_FILTER_ELEMENTS (33000) // * 255 * 127 < 2^30: with a bias of 2^30 less than 2^31

static uint32_t greater(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

uint32_t fqt_weighted_scratch_bytes(const fqt_model_t *model, uint32_t index, const fqt_pass_bytes_t *bytes) {
    const fqt_tensor_t *to = fqt_output_of(model, index);
    uint32_t forward = bytes->forward;
    uint32_t backward = 0;
    if (to->needs_error) {
        backward = greater(4u * to->channels, bytes->error); // norms of the selection
        if (fqt_layer(model, index)->trainable) {
            backward = greater(backward, bytes->update);
        }
        backward += fqt_selection_bytes(to->channels);
    }
    if (index + 1 == model->layer_count) {
        forward += 4 * to->elements; // logits
    }
    return greater(forward, backward);
}

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
