// Filling the arena from a model file or a checkpoint.
#include "fqt_kind.h"
#include "fqt_read.h"

// Copy the blobs of layer `index` to their places in the arena.
static bool load_blobs(const fqt_model_t *model, const fqt_source_t *source, uint32_t index, const fqt_blobs_t *blobs,
    fqt_error_t *error) {
    fqt_layer_t *layer = fqt_layer(model, index);
    for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
        uint8_t *to = model->arena + *fqt_blob_field(layer, blob);
        const uint32_t bytes = fqt_blob_bytes(model, index, blob);
        if (blob == FQT_BLOB_LOW_BYTES && layer->low_bytes == 0) {
            continue;
        }
        if (blobs->at[blob] == 0) { // low bytes that the file has not
            fqt_fill_zero(to, bytes);
        } else if (!fqt_source_read(source, blobs->at[blob], to, bytes, error)) {
            return false;
        }
    }
    return true;
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

// Whether a record describes the same layer as the model's, up to where its scales begin.
static bool record_fits(const fqt_model_t *model, uint32_t index, const uint8_t *record) {
    uint8_t own[FQT_RECORD_BYTES];
    fqt_fill_record(model, index, own);
    own[2] |= record[2] & FQT_LAYER_LOW_BYTES; // master may differ
    uint32_t same = 0;
    while (same < 24 && own[same] == record[same]) {
        ++same;
    }
    return same == 24;
}

static bool state_check(const fqt_model_t *model, uint32_t index, const uint8_t *record, fqt_error_t *error) {
    return record_fits(model, index, record) ? fqt_state_check(record, error)
                                             : fqt_fail(error, "the checkpoint describes another layer here", 0, 0, 0);
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
        if (!fqt_read_record(source, i, record, error)
            || (fqt_layer(model, i)->trainable
                && !(fqt_read_blobs(model, source, i, record, &blobs, error)
                     && load_blobs(model, source, i, &blobs, error)))) {
            return fqt_at_layer(model, i, error);
        }
        fqt_read_state(model, i, record);
    }
    fqt_pass_scales_on(model);
    model->random_state = fqt_read_u32(header + 28);
    model->step_count = fqt_read_u32(header + 36);
    model->greatest_loss = (int32_t)(fqt_read_u32(header + 56) & INT32_MAX);
    model->diverged = 0;
    clear_sums(model);
    return true;
}
