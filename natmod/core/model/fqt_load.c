// Filling the arena from a model file or a checkpoint.
#include "fqt_graph.h"
#include "fqt_read.h"

// Copy the blobs of layer `index` to their places in the arena.
static void load_blobs(const fqt_model_t *model, fqt_source_t *source, uint32_t index, const fqt_record_t *record) {
    fqt_layer_t *layer = fqt_layer(model, index);
    for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
        uint8_t *to = model->arena + *fqt_blob_field(layer, blob);
        const uint32_t bytes = fqt_blob_bytes(model, index, blob);
        if (blob == FQT_BLOB_LOW_BYTES && layer->low_bytes == 0) {
            continue;
        }
        if (record->blobs[blob] == 0) { // low bytes that the file has not
            fqt_fill_zero(to, bytes);
        } else {
            fqt_source_read(source, record->blobs[blob], to, bytes);
        }
    }
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

void fqt_model_load(fqt_model_t *model, fqt_source_t *source, void *arena) {
    model->arena = arena;
    clear_sums(model);
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        fqt_record_t record;
        if (fqt_layer(model, i)->in_arena) {
            fqt_at_layer(model, i, &source->fault);
            fqt_read_record(source, i, &record);
            fqt_blobs_check(model, source, i, &record);
            load_blobs(model, source, i, &record);
        }
    }
}

// Whether a record describes the same layer as the model's, up to where its scales begin.
static bool record_fits(const fqt_model_t *model, uint32_t index, const fqt_record_t *record) {
    fqt_record_t own;
    fqt_fill_record(model, index, &own);
    own.flags |= record->flags & FQT_LAYER_LOW_BYTES; // master may differ
    return fqt_same_bytes(&own, record, offsetof(fqt_record_t, output_scale));
}

// Read what a checkpoint says of layer `index`: to check it, or to take it.
static void restore_layer(fqt_model_t *model, fqt_source_t *source, uint32_t index, bool takes) {
    fqt_record_t record;
    const bool has_blobs = fqt_layer(model, index)->trainable;
    fqt_at_layer(model, index, &source->fault);
    fqt_read_record(source, index, &record);
    if (!record_fits(model, index, &record)) {
        fqt_fail(&source->fault, FQT_MESSAGE_OTHER_LAYER);
    }
    fqt_state_check(model, &record, &source->fault);
    if (has_blobs) {
        fqt_blobs_check(model, source, index, &record);
    }
    if (takes) {
        if (has_blobs) {
            load_blobs(model, source, index, &record);
        }
        fqt_read_state(model, index, &record);
    }
}

void fqt_model_restore(fqt_model_t *model, fqt_source_t *source) {
    fqt_header_t header;
    fqt_read_header(source, &header);
    fqt_read_checksum(source);
    if (header.identity != model->identity || header.layer_count != model->layer_count) {
        fqt_fail(&source->fault, FQT_MESSAGE_OTHER_MODEL);
    }
    for (uint32_t i = 0; i < 2u * model->layer_count; ++i) {
        const bool takes = i >= model->layer_count; // when all are checked
        restore_layer(model, source, takes ? i - model->layer_count : i, takes);
    }
    fqt_pass_scales_on(model);
    fqt_take_progress(model, &header);
    model->diverged = 0;
    clear_sums(model);
}
