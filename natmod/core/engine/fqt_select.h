// Dynamic partial updates: which structures (output channels) of a layer take part in a step's backward pass.
// docs/arithmetic.md, section 10.
#ifndef FQT_SELECT_H
#define FQT_SELECT_H

#include "fqt_pass.h"

// So many of a layer's channels take part at least; of fewer, all. What a few of them pass on is a poor direction for
// the layers before it: with fewer, training learns less at rates that stay low, and may run away. Kernels form the
// errors of as many together. Where the share is less, the layer waits for its turn instead (fqt_turns.h).
#define FQT_LEAST_CHANNELS (8)

// The positions of a tensor whose errors rank its channels: every interval-th from `first` on, which is another one in
// each step. Those errors are formed in all channels; then the selected channels' suffice, where one layer alone reads
// the tensor.
typedef struct {
    uint32_t interval; // a power of two
    uint32_t first;
} fqt_probe_t;

fqt_probe_t fqt_probe(const fqt_model_t *model, uint32_t tensor);

// Select channels for a layer's backward pass: all, as always of the last layer, or the share pass->update_rate of
// them, at least eight: those whose errors have the greatest L1 norms, or channels drawn in proportion to that norm,
// whose errors are scaled for those that are left out.
void fqt_select(fqt_pass_t *pass);

// Whether the error of the pass's source is wanted in selected channels only: a layer with weights made it, no other
// layer reads it, and at most a quarter of the channels are to take part.
bool fqt_selects_input(const fqt_pass_t *pass);

// These channels, when the errors at the probed positions are there; the fqt_select of the layer that made the tensor
// will select the same ones. Gives their count. norms: memory for one a channel.
uint32_t fqt_select_input(const fqt_pass_t *pass, uint32_t *norms, uint16_t *selected);

// Let model->greatest_loss follow a training step's loss.
void fqt_follow_greatest_loss(fqt_model_t *model, int32_t loss);

// The share of structures to update, Q16: it falls from greatest_rate to least_rate as the loss falls.
uint32_t fqt_update_rate(const fqt_model_t *model, int32_t loss);

#endif
