// Dynamic partial updates of narrow layers: in which steps a layer takes part in the backward pass, where its share of
// the channels is less than a step can train. docs/arithmetic.md, section 10.
#ifndef FQT_TURNS_H
#define FQT_TURNS_H

#include "fqt_pass.h"

// The first layer that takes part in this step, where each layer trains a share `rate` (Q16) of its channels: the
// backward pass ends there. The last layer always does.
uint32_t fqt_turns_first(const fqt_model_t *model, uint32_t rate);

// The learning rate of a layer that takes part in this step: as many times greater as steps in which it does are rarer
// at this rate than at the greatest. So it learns from samples with a low loss as much as from others.
fqt_scale_t fqt_turns_learning_rate(const fqt_pass_t *pass, uint32_t rate, fqt_scale_t learning_rate);

#endif
