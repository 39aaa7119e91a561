// What the layer kinds with weights share: limits that keep every accumulator in 32 bits, and the scratch of their
// passes.
#ifndef FQT_WEIGHTED_H
#define FQT_WEIGHTED_H

#include "../model/fqt_model.h"

// Scratch that the passes of a layer need for themselves.
typedef struct {
    uint32_t forward;
    uint32_t error;
    uint32_t update;
} fqt_pass_bytes_t;

// Scratch of a layer with weights: what a forward pass needs (behind the logits when the layer is the last), or the
// selected channels with what error and update passes keep behind them.
uint32_t fqt_weighted_scratch_bytes(const fqt_model_t *model, uint32_t index, const fqt_pass_bytes_t *bytes);

// So many output positions that a filter's gradient fits 32 bits.
void fqt_positions_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault);

// So few inputs that an output's accumulator fits 32 bits.
void fqt_filter_check(uint32_t filter_elements, fqt_fault_t *fault);

// Both for a convolution or dense layer, and so few terms an error; fills layer->filter_elements.
void fqt_convolution_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault);

#endif
