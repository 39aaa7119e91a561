// A layer kind: what the engine asks of it. To add one, write its file and enter it in fqt_kind.c.
#ifndef FQT_KIND_H
#define FQT_KIND_H

#include "fqt_model.h"

typedef struct {
    char name[FQT_NAME_BYTES];
    bool has_weights;
    bool is_alias; // output and input are the same bytes
    bool keeps_scale; // output has the input's scale and zero point
    bool reads_input_for_error; // the error pass needs the input's values

    // Check the shapes of layer `index` (from 0), whose record is read; fill layer->filter_elements and
    // layer->passes_error_scale.
    bool (*check)(const fqt_model_t *model, uint32_t index, fqt_error_t *error);

    // Scratch bytes for forward, error and update of layer `index`.
    uint32_t (*scratch_bytes)(const fqt_model_t *model, uint32_t index);

    // Tensor `index` -> tensor `index + 1` (the last layer: -> logits in the scratch). When training, layer->fill is set.
    void (*forward)(fqt_model_t *model, uint32_t index, bool training);

    // Error of tensor `index + 1` -> error of tensor `index`. Needs no trainable layer to be this one.
    void (*error)(fqt_model_t *model, uint32_t index);

    // Gradient and update of the layer's parameters, from the error of tensor `index + 1`. NULL without weights.
    void (*update)(fqt_model_t *model, uint32_t index, fqt_scale_t learning_rate);
} fqt_kind_t;

// The parts of a training step between the layers' passes: fqt_train_step runs them, and so does a profiler that takes
// the step apart. Loss of the logits in the scratch, and its error; then, at the step's end, the scales' movement.
int32_t fqt_step_loss(fqt_model_t *model, uint32_t label);
void fqt_step_end(fqt_model_t *model);

// Give the outputs of layers that keep their input's scale that scale, after scales moved.
void fqt_pass_scales_on(const fqt_model_t *model);

// NULL for a number that is no kind.
const fqt_kind_t *fqt_kind(uint32_t number);

#endif
