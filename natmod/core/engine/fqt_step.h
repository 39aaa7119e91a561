// The parts of a training step between the layers' passes: fqt_train_step runs them, and so does a profiler that takes
// the step apart.
#ifndef FQT_STEP_H
#define FQT_STEP_H

#include "fqt_pass.h"

// Forward from layer `first`, with the layers' fill noted.
void fqt_step_forward(fqt_model_t *model, uint32_t first);

// The loss of the outputs, Q16, and its error.
int32_t fqt_step_loss(fqt_model_t *model, uint32_t label, fqt_scale_t learning_rate);

// Set the scale of the outputs' error; all others grow with it.
void fqt_step_set_error_scale(fqt_model_t *model, uint32_t scale);

// Turn to a layer's backward pass, whose output has its error: its scratch, and the channels that take part, a share
// `rate` (Q16) of them.
void fqt_step_turn_back(fqt_pass_t *pass, uint32_t rate);

// The error and update passes of all layers that need them.
void fqt_step_backward(fqt_model_t *model, int32_t loss, fqt_scale_t learning_rate);

// The batch's update at its end, and the movement of scales.
void fqt_step_end(fqt_model_t *model, fqt_scale_t learning_rate);

#endif
