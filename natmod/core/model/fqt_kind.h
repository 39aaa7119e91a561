// A layer kind: what the model and the engine ask of it, answered by a file of layers/. To add one: its number in
// fqt_file.h, its file, and a line in layers/fqt_kinds.c.
#ifndef FQT_KIND_H
#define FQT_KIND_H

#include "fqt_model.h"

// The kinds that this was built with, a bit each.
#ifndef FQT_KINDS
#define FQT_KINDS (UINT32_MAX)
#endif
#define FQT_KIND_IS_CHOSEN(number) ((uint32_t)(FQT_KINDS) >> (number) & 1)

typedef struct fqt_pass fqt_pass_t; // engine/fqt_pass.h

// Scratch bytes of a layer's passes.
typedef struct {
    uint32_t forward;
    uint32_t error; // of layers with weights behind the selected channels, as in the update
    uint32_t update;
} fqt_scratch_t;

// Scratch bytes of selected channels (engine/fqt_select.h).
static inline uint32_t fqt_selection_bytes(uint32_t channels) {
    return (2u * channels + 3) & ~3u;
}

struct fqt_kind {
    char name[FQT_NAME_BYTES + 1];
    uint8_t last_activation; // the greatest number that a record may have there
    bool has_weights;
    bool has_table; // in place of weights, or other parameters that never train
    bool has_second_input;
    bool is_alias; // output and input are the same bytes
    bool keeps_scale; // output has the input's scale and zero point; else it is requantised
    bool reads_input_for_error; // the error pass needs the inputs' values

    // Check the shapes of layer `index` (from 0), whose record is read; fill layer->filter_elements and
    // layer->passes_error_scale.
    void (*check)(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault);

    // Fill in what scratch layer `index` needs. NULL: none.
    void (*scratch)(const fqt_model_t *model, uint32_t index, fqt_scratch_t *bytes);

    // Input tensor -> output tensor (the last layer: -> logits). When training, layer->fill is set.
    void (*forward)(fqt_pass_t *pass);

    // Error of the output -> error of the inputs that need one. With weights: of the selected channels.
    void (*error)(fqt_pass_t *pass);

    // Gradient and update of the parameters of the selected channels, from the error of the output. NULL without
    // weights.
    void (*update)(fqt_pass_t *pass);
};

// The kind of layer `index`.
static inline const fqt_kind_t *fqt_kind_of(const fqt_model_t *model, uint32_t index) {
    return model->kinds[fqt_layer(model, index)->kind];
}

// How many gates layer `index` has: 0 unless it is recurrent.
static inline uint32_t fqt_gate_count(const fqt_model_t *model, uint32_t index) {
    const uint32_t kind = fqt_layer(model, index)->kind;
    if (FQT_KIND_IS_CHOSEN(FQT_KIND_LSTM) && kind == FQT_KIND_LSTM) {
        return FQT_LSTM_GATES;
    }
    return FQT_KIND_IS_CHOSEN(FQT_KIND_GRU) && kind == FQT_KIND_GRU ? FQT_GRU_GATES : 0;
}

#endif
