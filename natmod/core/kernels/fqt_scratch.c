// The scratch that the kernels of convolution and dense layers take: the same on every core, so that a model takes the
// same RAM everywhere. Those of depthwise convolution stand beside its tiles.
#include "../engine/fqt_select.h"
#include "fqt_kernels.h"

#define ROW_SUMS (1024) // in the scratch, if a position has no more channels and a row no more positions
#define GRADIENT_BYTES (2560) // of the filters at a time, or half as many as the layer has weights

// So many columns at a time, and where windows that are gathered first lie behind their start (fqt_column.c).
#define COLUMNS(together) (3u * (together) - 1) // bytes for each element
#define COLUMNS_END (12)

// Of a block of channels the constants, and the sums at two positions, each with three that fill four; two columns
// where two positions are taken at once.
uint32_t fqt_convolution_forward_bytes(const fqt_model_t *model, uint32_t index) {
    const fqt_tensor_t *output = fqt_output_of(model, index);
    const uint32_t columns = output->height * output->width > 1 ? COLUMNS(2) : COLUMNS(1);
    const uint32_t block = output->channels < FQT_OUTPUT_BLOCK ? output->channels : FQT_OUTPUT_BLOCK;
    return FQT_CHANNEL_BYTES * block + 2 * 4 * (block + 3)
           + columns * fqt_column_elements(fqt_layer(model, index)->filter_elements) + COLUMNS_END;
}

int32_t fqt_columns_together(const fqt_shape_t *shape) {
    const int32_t columns = ROW_SUMS / shape->in_channels + 1;
    return columns < shape->in_width ? columns : shape->in_width;
}

uint32_t fqt_convolution_error_bytes(const fqt_model_t *model, uint32_t index) {
    const fqt_shape_t shape = fqt_shape(model, index);
    const int32_t sums = fqt_columns_together(&shape) * shape.in_channels;
    const int32_t terms = shape.out_channels < FQT_ERROR_TERMS ? shape.out_channels : FQT_ERROR_TERMS;
    const int32_t term_bytes = FQT_ERROR_TERM_BYTES * (terms + 2);
    const int32_t gathered_bytes = 2 * FQT_ERRORS_TOGETHER * shape.out_width;
    return fqt_selection_bytes((uint32_t)(shape.out_channels + shape.in_channels))
           + (uint32_t)(4 * (sums > shape.in_width ? sums : shape.in_width)
                        + (term_bytes > gathered_bytes ? term_bytes : gathered_bytes));
}

uint32_t fqt_filters_at_a_time(uint32_t elements, uint32_t channels) {
    const uint32_t half = elements * channels / 2;
    const uint32_t count = (half > GRADIENT_BYTES ? half : GRADIENT_BYTES) / (4 * elements);
    return count < 1 ? 1 : count > FQT_UPDATE_FILTERS ? FQT_UPDATE_FILTERS : count;
}

uint32_t fqt_conv2d_update_bytes(const fqt_model_t *model, uint32_t index) {
    const uint32_t elements = fqt_layer(model, index)->filter_elements;
    const uint32_t filters = fqt_filters_at_a_time(elements, fqt_output_of(model, index)->channels);
    return 4 * filters * elements + COLUMNS(FQT_UPDATE_POSITIONS) * fqt_column_elements(elements) + COLUMNS_END;
}
