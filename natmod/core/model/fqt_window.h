// The shape rule of every layer that slides a window (convolution, pooling).
#ifndef FQT_WINDOW_H
#define FQT_WINDOW_H

#include "fqt_model.h"

// So many positions of an output that sums of e * (x - zx) over them fit 32 bits: * 127 * 255 < 2^31.
#define FQT_MAX_POSITIONS (66000)

// output = (input + padding - kernel) / stride + 1 in both directions, padding < kernel on every side.
void fqt_window_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault);

// The output's height or width is what the window makes.
void fqt_extent_check(uint32_t output, uint32_t expected, fqt_fault_t *fault);

// The output has the shape of the (first) input, and there is no window.
void fqt_same_shape_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault);

// A layer without a window: kernel and stride 1, no padding.
void fqt_no_window_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault);

// Output 1 x 1.
void fqt_one_pixel_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault);

// As many channels out as in.
void fqt_same_channels_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault);

// A layer's two inputs differ.
void fqt_other_inputs_check(const fqt_layer_t *layer, fqt_fault_t *fault);

// A layer with two inputs and no window: they differ, and have the output's shape; with by_channel the second may have
// one value a channel.
void fqt_two_inputs_check(const fqt_model_t *model, uint32_t index, bool by_channel, fqt_fault_t *fault);

// A pooling layer's checks; its input's errors have one source each where windows do not overlap.
void fqt_pool_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault);

#endif
