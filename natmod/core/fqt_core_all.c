// The whole core as one translation unit. A native module must be one: with several object files some loaders read the
// wrong constants. In the order of the rooms: each uses itself and those above alone (tests/core/test_direction.py).
#include "base/fqt_fault.c"
#include "base/fqt_bytes.c"
#include "base/fqt_crc.c"
#include "base/fqt_scale.c"
#include "base/fqt_exponential.c"
#include "base/fqt_schedule.c"
#include "base/fqt_spread.c"
#include "base/fqt_taps.c"

#include "model/fqt_model.c"
#include "model/fqt_window.c"
#include "model/fqt_graph.c"
#include "model/fqt_plan.c"
#include "model/fqt_name.c"
#include "model/fqt_source.c"
#include "model/fqt_blobs.c"
#include "model/fqt_maps.c"
#include "model/fqt_record.c"
#include "model/fqt_progress.c"
#include "model/fqt_open.c"
#include "model/fqt_checkpoint.c"
#include "model/fqt_write.c"
#include "model/fqt_values.c"
#include "model/fqt_reset.c"

#include "engine/fqt_pass.c"
#include "engine/fqt_activations.c"
#include "engine/fqt_errors.c"
#include "engine/fqt_loss.c"
#include "engine/fqt_select.c"
#include "engine/fqt_turns.c"
#include "engine/fqt_update.c"
#include "engine/fqt_step.c"

#include "kernels/fqt_common_unit.c"
#include "kernels/fqt_scratch.c"
#include "kernels/fqt_update_filter.c"
#ifdef FQT_PLAIN // for tests
#include "kernels/plain/fqt_conv2d_update.c"
#include "kernels/plain/fqt_convolution.c"
#include "kernels/plain/fqt_depthwise.c"
#include "kernels/plain/fqt_update_weights.c"
#else
#include "kernels/fast/fqt_column.c"
#include "kernels/fast/fqt_products.c"
#include "kernels/fast/fqt_listed.h"
#if FQT_HAS_LISTED_INPUTS
#include "kernels/fast/fqt_listed.c"
#endif
#if !FQT_HAS_DSP
#include "kernels/fast/fqt_terms.c"
#endif
#if FQT_HAS_DSP || FQT_VECTORS
#include "kernels/fast/fqt_conv2d_update.c"
#else
#include "kernels/fast/fqt_conv2d_update_sparse.c"
#endif
#if FQT_HAS_WANTED_ERRORS
#include "kernels/fast/fqt_wanted_errors.c"
#endif
#include "kernels/fast/fqt_strip.c"
#include "kernels/fast/fqt_convolution.c"
#include "kernels/fast/fqt_error_sums.c"
#include "kernels/fast/fqt_tiles.c"
#include "kernels/fast/fqt_tiles_sums.c"
#include "kernels/fast/fqt_depthwise_forward.c"
#include "kernels/fast/fqt_depthwise_error.c"
#include "kernels/fast/fqt_depthwise_update.c"
#include "kernels/fast/fqt_update_weights.c"
#if FQT_VECTORS
#include "kernels/fast/fqt_decayed_row.c"
#endif
#endif
#include "kernels/fqt_convolution_error.c"

#include "layers/fqt_weighted.c"
#include "layers/fqt_dense.c"
#include "layers/fqt_conv2d.c"
#include "layers/fqt_depthwise_conv2d.c"
#include "layers/fqt_max_pool2d.c"
#include "layers/fqt_average_pool2d.c"
#include "layers/fqt_flatten.c"
#include "layers/fqt_add.c"
#include "layers/fqt_multiply.c"
#include "layers/fqt_table.c"
#include "layers/fqt_concatenate.c"
#include "layers/fqt_upsample2d.c"
#include "layers/fqt_gates.c"
#include "layers/fqt_lstm.c"
#include "layers/fqt_gru.c"
#include "layers/fqt_kinds.c"
