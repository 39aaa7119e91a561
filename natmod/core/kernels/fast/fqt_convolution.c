// Convolution of any kernel, stride and padding, and dense layers: forward. The plain version with the same bits is
// plain/fqt_convolution.c; the formula is there. The filters meet one column after another (fqt_products.h), where
// FQT_HAS_COLUMNS_OF_TWO two at a time.
#include "fqt_column.h"
#include "../fqt_kernels.h"
#include "../../engine/fqt_activations.h"
#include "fqt_listed.h"
#include "fqt_products.h"
#include "fqt_strip.h"
#include "../../base/fqt_simd.h"

_Static_assert(sizeof(fqt_channel_t) == FQT_CHANNEL_BYTES, "as the scratch has room for");

// x [in_height][in_width][in_channels] -> y [out_height][out_width][out_channels]. The scratch: the constants of a
// block of channels, their sums at a position and at the next one, columns.
void fqt_convolution_forward(fqt_pass_t *pass) {
    const fqt_shape_t *shape = &pass->shape;
    const uint32_t elements = pass->layer->filter_elements;
    const int32_t block = shape->out_channels < FQT_OUTPUT_BLOCK ? shape->out_channels : FQT_OUTPUT_BLOCK;
    fqt_channel_t *channels = pass->scratch;
    int32_t *sums = (int32_t *)(void *)(channels + block);
    int32_t *other_sums = sums + block + 3; // the last filter fills four
    int16_t *column = (int16_t *)(void *)(other_sums + block + 3);
    fqt_columns_t columns;
    fqt_columns_begin(&columns, pass);
    fqt_activations_t output;
    fqt_activations_begin(&output, pass);
    for (int32_t first = 0; first < shape->out_channels; first += FQT_OUTPUT_BLOCK) {
        const int32_t count = shape->out_channels - first < block ? shape->out_channels - first : block;
        const int8_t *filters = fqt_weights(pass->model, pass->layer) + (uint32_t)first * elements;
        fqt_activations_channels(&output, (uint32_t)first, count, channels);
#if FQT_HAS_DSP
        if (fqt_strip_forward(pass, &output, channels, (uint32_t)first, count, sums)) {
            continue;
        }
#endif
        uint32_t i = (uint32_t)first;
        fqt_columns_seek(&columns, 0);
        for (int32_t left = shape->out_height * shape->out_width; left > 0;
            --left, i += (uint32_t)shape->out_channels) {
#if FQT_HAS_COLUMNS_OF_TWO
            if (left > 1) {
                fqt_columns_put(&columns, 2, 2, column);
                fqt_multiply_filters_by_two(filters, elements, column, count, sums, other_sums);
                fqt_activations_put_all(&output, channels, i, sums, count);
                i += (uint32_t)shape->out_channels;
                fqt_activations_put_all(&output, channels, i, other_sums, count);
                --left;
                continue;
            }
#endif
#if FQT_HAS_LISTED_INPUTS
            const int16_t *end = fqt_columns_are_the_input(&columns)
                                     ? fqt_list_inputs(pass->x, pass->input->zero_point, elements, column)
                                     : NULL;
            if (end != NULL) {
                fqt_multiply_listed(filters, elements, column, end, count, sums);
            } else
#endif
            {
                fqt_columns_put(&columns, 1, 1, column);
                fqt_multiply_filters(filters, elements, column, count, sums);
            }
            fqt_activations_put_all(&output, channels, i, sums, count);
        }
    }
    fqt_activations_end(&output, pass);
}
