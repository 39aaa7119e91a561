// Dynamic partial updates: which structures (output channels) of a layer take part in a step's backward pass.
// docs/arithmetic.md, section 10.
#ifndef FQT_SELECT_H
#define FQT_SELECT_H

#include "fqt_model.h"

// Ascending indices of output channels, in the scratch in front of what error and update passes use.
typedef struct {
    uint32_t count;
    const uint16_t *channels;
} fqt_selection_t;

// Bytes of the scratch that a selection takes from its start.
static inline uint32_t fqt_selection_bytes(const fqt_model_t *model, uint32_t index) {
    return (2u * fqt_output_of(model, index)->channels + 3) & ~3u;
}

// The scratch behind the selection: what the error and update passes of layer `index` use.
static inline void *fqt_pass_scratch(const fqt_model_t *model, uint32_t index) {
    return (uint8_t *)fqt_scratch(model) + fqt_selection_bytes(model, index);
}

// All channels of layer `index`, or the share `rate` (Q16) of them, at least one: those whose errors have the greatest L1
// norms, or channels drawn in proportion to that norm, whose errors are scaled for those that are left out.
fqt_selection_t fqt_select(fqt_model_t *model, uint32_t index, uint32_t rate);

// The share of structures to update, Q16: it falls from greatest_rate to least_rate as the loss falls.
uint32_t fqt_update_rate(const fqt_model_t *model, int32_t loss);

#endif
