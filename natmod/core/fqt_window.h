// The shape rule of every layer that slides a window (convolution, pooling).
#ifndef FQT_WINDOW_H
#define FQT_WINDOW_H

#include "fqt_model.h"

// output = (input + padding - kernel) / stride + 1 in both directions, padding < kernel on every side.
bool fqt_window_check(const fqt_model_t *model, uint32_t index, fqt_error_t *error);

// A layer without a window: kernel and stride 1, no padding, output 1 x 1.
bool fqt_no_window_check(const fqt_model_t *model, uint32_t index, fqt_error_t *error);

#endif
