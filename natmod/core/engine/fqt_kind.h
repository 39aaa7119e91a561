// A layer kind: what the engine asks of it. To add one, write its file and enter it in fqt_kind.c.
#ifndef FQT_KIND_H
#define FQT_KIND_H

#include "fqt_pass.h"
#include "fqt_select.h"

typedef struct {
    char name[FQT_NAME_BYTES + 1];
    bool has_weights;
    bool has_activation; // may have one
    bool has_second_input;
    bool is_alias; // output and input are the same bytes
    bool keeps_scale; // output has the input's scale and zero point; else it is requantised
    bool reads_input_for_error; // the error pass needs the input's values

    // Check the shapes of layer `index` (from 0), whose record is read; fill layer->filter_elements and
    // layer->passes_error_scale.
    void (*check)(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault);

    // Scratch bytes for forward, error and update of layer `index`.
    uint32_t (*scratch_bytes)(const fqt_model_t *model, uint32_t index);

    // Input tensor -> output tensor (the last layer: -> logits in the scratch). When training, layer->fill is set.
    void (*forward)(fqt_pass_t *pass);

    // Error of the output -> error of the inputs that need one. With weights: of the selected channels.
    void (*error)(fqt_pass_t *pass);

    // Gradient and update of the parameters of the selected channels, from the error of the output. NULL without weights.
    void (*update)(fqt_pass_t *pass);
} fqt_kind_t;

// The parts of a training step between the layers' passes: fqt_train_step runs them, and so does a profiler that takes
// the step apart. Forward from layer `first`; loss of the outputs in the scratch, and its error; the channels of a layer
// that take part in its backward pass; all of that pass; at the end, the batch's update and the scales' movement.
void fqt_step_forward(fqt_model_t *model, uint32_t first);
int32_t fqt_step_loss(fqt_model_t *model, uint32_t label);
void fqt_step_set_error_scale(fqt_model_t *model, uint32_t scale); // of the outputs' error; all others grow with it
void fqt_step_select(fqt_pass_t *pass, int32_t loss);
void fqt_step_backward(fqt_model_t *model, int32_t loss, fqt_scale_t learning_rate);
void fqt_step_end(fqt_model_t *model, fqt_scale_t learning_rate);

// Whether layer `index` has an input that needs an error.
bool fqt_passes_error(const fqt_model_t *model, uint32_t index);

// Give the outputs of layers that keep their input's scale that scale, after scales moved.
void fqt_pass_scales_on(const fqt_model_t *model);

// NULL for a number that is no kind.
const fqt_kind_t *fqt_kind(uint32_t number);

// The kind of layer `index`.
const fqt_kind_t *fqt_kind_of(const fqt_model_t *model, uint32_t index);

#endif
