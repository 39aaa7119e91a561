// What the layer kinds with weights share: limits that keep every accumulator in 32 bits.
#ifndef FQT_WEIGHTED_H
#define FQT_WEIGHTED_H

#include "../model/fqt_model.h"

// So many output positions that a filter's gradient fits 32 bits.
void fqt_positions_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault);

// So few inputs that an output's accumulator fits 32 bits.
void fqt_filter_check(uint32_t filter_elements, fqt_fault_t *fault);

// Both for a convolution or dense layer, and so few terms an error; fills layer->filter_elements.
void fqt_convolution_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault);

#endif
