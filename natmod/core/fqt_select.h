// Dynamic partial updates: which structures (output channels) of a layer take part in a step's backward pass.
// docs/arithmetic.md, section 10.
#ifndef FQT_SELECT_H
#define FQT_SELECT_H

#include "fqt_pass.h"

// Bytes of the scratch that a selection takes from its start.
static inline uint32_t fqt_selection_bytes(uint32_t channels) {
    return (2u * channels + 3) & ~3u;
}

// Select channels for a layer's backward pass: all, or the share `rate` (Q16) of them, at least one: those whose errors have the
// greatest L1 norms, or channels drawn in proportion to that norm, whose errors are scaled for those that are left out.
void fqt_select(fqt_pass_t *pass, uint32_t rate);

// The share of structures to update, Q16: it falls from greatest_rate to least_rate as the loss falls.
uint32_t fqt_update_rate(const fqt_model_t *model, int32_t loss);

#endif
