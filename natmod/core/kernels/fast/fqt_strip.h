// Strips: the windows of an output row as runs of 16-bit numbers that overlap, for convolutions whose windows do
// not come in fours.
#ifndef FQT_STRIP_H
#define FQT_STRIP_H

#include "../fqt_kernels.h"
#include "../../base/fqt_simd.h"
#include "../../engine/fqt_activations.h"

#if FQT_HAS_DSP
// The outputs of `count` channels from `first` on, at all positions. channels: their constants; sums: memory for a sum
// of each and three more. Returns false, and does nothing, where the arena has no room behind them for filters and
// strip beside the activations: it is as large as other passes make it. Or where columns take less time.
bool fqt_strip_forward(const fqt_pass_t *pass, fqt_activations_t *output, const fqt_channel_t *channels, uint32_t first,
    int32_t count, int32_t *sums);
#endif

#endif
