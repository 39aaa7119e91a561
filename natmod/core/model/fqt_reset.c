// New random weights for a layer: docs/arithmetic.md, section 10.
#include "../fqt.h"
#include "fqt_blobs.h"
#include "../base/fqt_random.h"

// Uniform in +-sqrt(6 / inputs) (He et al. 2015): every step of the int8 range is used, at one scale.
void fqt_reset(fqt_model_t *model, uint32_t index) {
    fqt_layer_t *layer = fqt_layer(model, index);
    const uint32_t channels = fqt_output_of(model, index)->channels;
    const uint32_t count = layer->filter_elements * channels;
    fqt_scale_t variance = fqt_scale_ratio(6, layer->filter_elements);
    uint32_t scale = fqt_scale_pack(fqt_scale_divide(fqt_scale_square_root(variance), fqt_scale_from_int(INT8_MAX)));
    int8_t *weights = (int8_t *)fqt_trained_blob(model, layer, FQT_BLOB_WEIGHTS);
    for (uint32_t j = 0; j < count; ++j) {
        weights[j] = (int8_t)((int32_t)((fqt_random_draw(&model->random_state) >> 16) * 255u >> 16) - INT8_MAX);
    }
    fqt_fill_zero(fqt_trained_blob(model, layer, FQT_BLOB_LOW_BITS),
        fqt_blob_bytes(model, index, FQT_BLOB_LOW_BITS, fqt_low_bits(model, layer)));
    if (layer->sums != 0) {
        fqt_fill_zero(model->arena + layer->sums, 4 * (count + channels));
    }
    for (uint32_t o = 0; o < channels; ++o) {
        fqt_write_u32(fqt_trained_blob(model, layer, FQT_BLOB_WEIGHT_SCALES) + 4 * o, scale);
        fqt_write_u32(fqt_trained_blob(model, layer, FQT_BLOB_BIASES) + 4 * o, 0);
    }
    layer->bias_scale = fqt_input_of(model, index)->scale;
    layer->stuck_steps = 0;
    model->diverged = 0;
    model->greatest_loss = 0;
}
