// Filling the arena from a model file or a checkpoint.
#include "fqt_kind.h"
#include "fqt_read.h"

// Copy the blobs of layer `index` to their places in the arena.
static bool load_blobs(const fqt_model_t *model, const fqt_source_t *source, uint32_t index, const fqt_blobs_t *blobs,
    fqt_error_t *error) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    const uint32_t channels = fqt_output_of(model, index)->channels;
    const uint32_t weights = layer->filter_elements * channels;
    if (layer->low_bytes != 0) {
        int8_t *low_bytes = (int8_t *)model->arena + layer->low_bytes;
        if (blobs->low_bytes == 0) {
            fqt_fill_zero(low_bytes, weights);
        } else if (!fqt_source_read(source, blobs->low_bytes, low_bytes, weights, error)) {
            return false;
        }
    }
    return fqt_source_read(source, blobs->weights, model->arena + layer->weights, weights, error)
           && fqt_source_read(source, blobs->weight_scales, model->arena + layer->weight_scales, 4 * channels, error)
           && fqt_source_read(source, blobs->biases, model->arena + layer->biases, 4 * channels, error);
}

// Begin a mini-batch anew.
static void clear_sums(fqt_model_t *model) {
    model->batch_steps = 0;
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        const fqt_layer_t *layer = fqt_layer(model, i);
        if (layer->sums != 0) {
            fqt_fill_zero(
                model->arena + layer->sums, 4 * (layer->filter_elements + 1) * fqt_output_of(model, i)->channels);
        }
    }
}

bool fqt_model_load(fqt_model_t *model, const fqt_source_t *source, void *arena, fqt_error_t *error) {
    model->arena = arena;
    error->layer = 0;
    clear_sums(model);
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        uint8_t record[FQT_RECORD_BYTES];
        fqt_blobs_t blobs;
        const fqt_layer_t *layer = fqt_layer(model, i);
        if (layer->in_arena
            && !(fqt_read_record(source, i, record, error) && fqt_read_blobs(model, source, i, record, &blobs, error)
                 && load_blobs(model, source, i, &blobs, error))) {
            return fqt_at_layer(model, i, error);
        }
    }
    return true;
}

// Whether a record describes the same layer as the model's.
static bool record_fits(const fqt_model_t *model, uint32_t index, const uint8_t *record) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_tensor_t *to = fqt_output_of(model, index);
    const fqt_window_t *window = &layer->window;
    return record[0] == layer->kind && record[1] == layer->activation
           && (record[2] & FQT_LAYER_TRAINABLE) == layer->trainable && (int8_t)record[3] == to->zero_point
           && fqt_read_u16(record + 4) == layer->input && fqt_read_u16(record + 6) == fqt_second_input_field(layer)
           && fqt_read_u16(record + 8) == to->height && fqt_read_u16(record + 10) == to->width
           && fqt_read_u16(record + 12) == to->channels && record[14] == window->kernel_height
           && record[15] == window->kernel_width && record[16] == window->stride_height
           && record[17] == window->stride_width && record[18] == window->pad_top && record[20] == window->pad_left;
}

static bool state_check(const fqt_model_t *model, uint32_t index, const uint8_t *record, fqt_error_t *error) {
    uint32_t error_scale = fqt_read_u32(record + 32);
    int32_t range = (int32_t)fqt_read_u32(record + 36);
    if (!record_fits(model, index, record)) {
        return fqt_fail(error, "the checkpoint describes another layer here", 0, 0, 0);
    }
    if (!fqt_scale_is_valid(fqt_read_u32(record + 24)) || (error_scale != 0 && !fqt_scale_is_valid(error_scale))
        || (fqt_layer(model, index)->trainable && !fqt_scale_is_valid(fqt_read_u32(record + 28))) || range < 1
        || range > 1 << 30) {
        return fqt_fail(error, "one of its scales is out of range", 0, 0, 0);
    }
    return true;
}

bool fqt_model_restore(fqt_model_t *model, const fqt_source_t *source, fqt_error_t *error) {
    uint8_t header[FQT_HEADER_BYTES];
    uint8_t record[FQT_RECORD_BYTES];
    fqt_blobs_t blobs;
    error->layer = 0;
    if (!fqt_read_header(source, header, error) || !fqt_read_checksum(source, error)) {
        return false;
    }
    if (fqt_read_u32(header + 32) != model->identity || fqt_read_u16(header + 12) != model->layer_count) {
        return fqt_fail(error, "the checkpoint is of another model", 0, 0, 0);
    }
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        if (!fqt_read_record(source, i, record, error) || !state_check(model, i, record, error)
            || (fqt_layer(model, i)->trainable && !fqt_read_blobs(model, source, i, record, &blobs, error))) {
            return fqt_at_layer(model, i, error);
        }
    }
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        fqt_layer_t *layer = fqt_layer(model, i);
        if (!fqt_read_record(source, i, record, error)) {
            return fqt_at_layer(model, i, error);
        }
        fqt_tensor_t *output = fqt_output_of(model, i);
        output->scale = fqt_read_u32(record + 24);
        output->error_scale = fqt_read_u32(record + 32);
        output->next_error_scale = 0;
        layer->stuck_steps = 0;
        layer->output_range = (int32_t)fqt_read_u32(record + 36);
        if (layer->trainable) {
            layer->bias_scale = fqt_read_u32(record + 28);
            if (!fqt_read_blobs(model, source, i, record, &blobs, error)
                || !load_blobs(model, source, i, &blobs, error)) {
                return fqt_at_layer(model, i, error);
            }
        }
    }
    fqt_pass_scales_on(model);
    model->random_state = fqt_read_u32(header + 28);
    model->step_count = fqt_read_u32(header + 36);
    model->greatest_loss = (int32_t)(fqt_read_u32(header + 56) & INT32_MAX);
    model->diverged = 0;
    clear_sums(model);
    return true;
}
