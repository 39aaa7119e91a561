// Taking a checkpoint's state. The file is gone through twice: all is checked first, so that a bad one changes nothing,
// and then taken, checked again as it is. A stream that changes between the two raises, and leaves a model with some of
// the checkpoint's values and some of its own, each of them valid.
#include "../fqt.h"
#include "fqt_blobs.h"
#include "fqt_graph.h"
#include "fqt_kind.h"
#include "fqt_maps.h"
#include "fqt_progress.h"
#include "fqt_record.h"
#include "fqt_source.h"

// Whether a record describes the same layer as the model's, up to where its scales begin.
static bool record_fits(const fqt_model_t *model, uint32_t index, const fqt_record_t *record) {
    fqt_record_t own;
    fqt_record_fill(model, index, &own);
    if (fqt_kind_of(model, index)->has_weights) {
        own.flags |= record->flags & (FQT_LAYER_LOW_BYTES | FQT_LAYER_LOW_HALVES); // master may differ
    }
    return fqt_same_bytes(&own, record, offsetof(fqt_record_t, output_scale));
}

// Go through the file behind its header: to check it, or to take it.
static void go_through(const fqt_model_t *model, fqt_source_t *source, bool takes) {
    uint32_t end = fqt_blobs_start(model);
    fqt_source_turn_back(source);
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        fqt_record_t record;
        fqt_record_take(source, i, &record);
        fqt_at_layer(model, i, &source->fault);
        if (!record_fits(model, i, &record)) {
            fqt_fail(&source->fault, FQT_MESSAGE_OTHER_LAYER);
        }
        fqt_record_state_check(fqt_kind_of(model, i), &record, &source->fault);
        end = fqt_record_blobs(model, source, i, &record, end);
        if (takes) {
            fqt_record_take_state(model, i, &record);
            fqt_pass_scales_on(model);
        }
    }
    fqt_blobs_end_check(source, end + fqt_maps_bytes(model));
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        fqt_blobs_take(model, source, i, takes && fqt_layer(model, i)->trainable);
    }
    fqt_maps_take(model, source, takes);
    fqt_texts_take(model, source, false); // nothing changes a model's own
    fqt_source_end(source);
}

void fqt_model_restore(fqt_model_t *model, fqt_source_t *source) {
    const fqt_header_t *header = &source->header;
    fqt_source_take_header(source);
    fqt_source_check(source);
    if (header->identity != model->identity || header->layer_count != model->layer_count || header->maps != model->maps
        || header->text_bytes != model->text_bytes) {
        fqt_fail(&source->fault, FQT_MESSAGE_OTHER_MODEL);
    }
    go_through(model, source, false);
    go_through(model, source, true);
    fqt_take_progress(model, header);
    model->diverged = 0;
    fqt_clear_sums(model);
}
