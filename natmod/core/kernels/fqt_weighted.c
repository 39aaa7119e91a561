// What every layer with weights shares, whatever computes it; see fqt_kernels.h.
#include "fast/fqt_column.h"
#include "../engine/fqt_select.h"
#include "fqt_kernels.h"

#define MAX_FILTER_ELEMENTS (33000) // * 255 * 128 < 2^30
#define MAX_UNIT (256)
#define GRADIENT_BYTES (2560) // of the filters at a time, or half as many as the layer has weights

uint32_t fqt_greatest_weight_scale(const fqt_pass_t *pass) {
    uint32_t greatest = 0; // positive floats compare like their bits
    for (uint32_t o = 0; o < pass->output->channels; ++o) {
        const uint32_t bits = fqt_weight_scale(pass->model, pass->layer, o);
        greatest = bits > greatest ? bits : greatest;
    }
    return greatest;
}

// The greatest integer that weight scales of a layer are brought to: the products stay in 16 bits, their sum in 32.
static int32_t common_unit(const fqt_pass_t *pass) {
    const fqt_window_t *window = &pass->layer->window;
    int32_t terms = window->kernel_height * window->kernel_width * pass->output->channels;
    int32_t unit = INT32_MAX / (127 * 128) / terms;
    return unit < MAX_UNIT ? unit : MAX_UNIT;
}

fqt_scale_t fqt_common_unit(const fqt_pass_t *pass, int16_t *m) {
    const int32_t unit = common_unit(pass);
    const fqt_scale_t s_greatest = fqt_scale_unpack(fqt_greatest_weight_scale(pass));
    for (uint32_t n = 0; n < pass->selection.count; ++n) {
        const uint32_t bits = fqt_weight_scale(pass->model, pass->layer, pass->selection.channels[n]);
        m[n] = (int16_t)fqt_fixed_multiply(unit, fqt_scale_divide(fqt_scale_unpack(bits), s_greatest));
    }
    const fqt_scale_t s_e = fqt_scale_unpack(pass->output->error_scale);
    return fqt_scale_divide(fqt_scale_multiply(s_e, s_greatest), fqt_scale_from_int((uint32_t)unit));
}

uint32_t fqt_weighted_scratch_bytes(const fqt_model_t *model, uint32_t index, uint32_t update_bytes) {
    const fqt_tensor_t *to = fqt_output_of(model, index);
    uint32_t bytes = 0;
    if (to->needs_error) {
        bytes = 4u * to->channels; // norms; m takes half of it
        bytes = bytes < update_bytes ? update_bytes : bytes;
        const uint32_t error_bytes = fqt_convolution_error_bytes(model, index);
        bytes = bytes < error_bytes ? error_bytes : bytes;
        bytes += fqt_selection_bytes(to->channels);
    }
    const fqt_layer_t *layer = fqt_layer(model, index);
    const bool is_depthwise = layer->kind == FQT_KIND_DEPTHWISE_CONV2D;
    uint32_t forward_bytes = is_depthwise ? fqt_depthwise_bytes(layer) : fqt_columns_bytes(layer->filter_elements, to);
    if (index + 1 == model->layer_count) {
        forward_bytes += 4 * to->elements; // logits
    }
    return bytes < forward_bytes ? forward_bytes : bytes;
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
    uint32_t terms = (uint32_t)(window->kernel_height * window->kernel_width * shape.out_channels);
    if (terms > INT32_MAX / (127 * 128)) {
        fqt_fail_2(fault, FQT_MESSAGE_TAPS, terms, INT32_MAX / (127 * 128));
    }
    fqt_layer(model, index)->filter_elements = elements;
}

uint32_t fqt_filters_at_a_time(uint32_t elements, uint32_t channels) {
    const uint32_t half = elements * channels / 2;
    const uint32_t count = (half > GRADIENT_BYTES ? half : GRADIENT_BYTES) / (4 * elements);
    return count < 1 ? 1 : count > FQT_UPDATE_FILTERS ? FQT_UPDATE_FILTERS : count;
}
