// See fqt_graph.h.
#include "../fqt.h"
#include "fqt_graph.h"
#include "fqt_kind.h"
#include "fqt_record.h"

static void read_by(const fqt_model_t *model, uint32_t tensor, uint32_t index) {
    ++fqt_tensor(model, tensor)->readers;
    fqt_tensor(model, tensor)->last_reader = (uint8_t)index;
}

void fqt_graph_link(fqt_model_t *model, fqt_fault_t *fault) {
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        const fqt_layer_t *layer = fqt_layer(model, i);
        read_by(model, layer->input, i);
        if (layer->second_input != FQT_NO_INPUT) {
            read_by(model, layer->second_input, i);
        }
    }
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        fqt_at_layer(model, i, fault);
        if (i + 1 < model->layer_count && fqt_output_of(model, i)->readers == 0) {
            fqt_fail(fault, FQT_MESSAGE_NO_READER);
        }
        if (fqt_kind_of(model, i)->is_alias && fqt_input_of(model, i)->readers > 1) {
            fqt_fail(fault, FQT_MESSAGE_OTHER_READER);
        }
    }
}

// The last tensor up to `limit` that separates the layers before it from those behind: none of them reads an earlier
// one.
static uint32_t last_cut(const fqt_model_t *model, uint32_t limit) {
    uint32_t cut = limit;
    for (uint32_t i = model->layer_count; i-- > cut;) {
        const fqt_layer_t *layer = fqt_layer(model, i);
        uint32_t earliest = layer->input < layer->second_input ? layer->input : layer->second_input;
        if (earliest < cut) {
            cut = earliest;
            i = model->layer_count; // more layers lie behind it now
        }
    }
    return cut;
}

bool fqt_passes_error(const fqt_model_t *model, uint32_t index) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    return fqt_tensor(model, layer->input)->needs_error
           || (layer->second_input != FQT_NO_INPUT && fqt_tensor(model, layer->second_input)->needs_error);
}

void fqt_graph_mark(fqt_model_t *model) {
    uint32_t first_update = model->layer_count;
    fqt_tensor(model, 0)->needs_error = false;
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        const fqt_layer_t *layer = fqt_layer(model, i);
        fqt_output_of(model, i)->needs_error = layer->updates || fqt_passes_error(model, i);
        if (layer->updates && i < first_update) {
            first_update = i;
        }
    }
    model->cut = (uint8_t)(first_update < model->layer_count ? last_cut(model, first_update) : 0);
}

void fqt_freeze(fqt_model_t *model, uint32_t index, bool frozen) {
    fqt_layer_t *layer = fqt_layer(model, index);
    layer->updates = layer->trainable && !frozen;
    fqt_graph_mark(model);
}

void fqt_pass_scales_on(const fqt_model_t *model) {
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        if (fqt_kind_of(model, i)->keeps_scale) {
            fqt_output_of(model, i)->scale = fqt_input_of(model, i)->scale;
        }
    }
}
