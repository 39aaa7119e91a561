// The core on one page: what whoever embeds it calls (the binding to MicroPython, the desk's library).
//
// Life of a model:
//   fqt_model_peek     how many layers a file has, so that tables can be allocated
//   fqt_model_open     reads and checks all that describes the model, and plans the arena, so that it can be allocated
//   fqt_model_load     fills the arena
//   fqt_input          to be filled with a sample before each run, fqt_targets or fqt_pixel_labels with what it should
//                      give; then
//   fqt_predict, fqt_logits, fqt_features, fqt_loss, fqt_train_step
//   fqt_model_write    saves, as a model file or a checkpoint
//   fqt_model_restore  takes a checkpoint's state
//
// Nothing is allocated and nothing needs to be freed: memory is the caller's, before and after. A model is not
// reentrant: one call at a time, and none from a source's or sink's callback. Different models have nothing in common.
//
// Pauses: a run calls model->pause, if it is set after fqt_model_open, between layers, about every 2^18 multiply-adds.
// It may leave the run for good: the model is valid then, and the step half done.
//
// Faults: a call that cannot go on calls fqt_fail, which the embedder defines and which does not return
// (base/fqt_fault.h).
//
// Stack: tests/host/test_objects.py holds what a training step takes.
#ifndef FQT_H
#define FQT_H

#include "model/fqt_kind.h"
#include "model/fqt_source.h"

// -- opening

// The layer kinds that this core has, by their numbers in a model file; NULL: none. All that there are; with
// -DFQT_KINDS those whose bits are set in it, bit n for number n, so that text has no others (tools/chosen_kinds.py
// tells the number).
extern const fqt_kind_t *const fqt_kinds[FQT_KIND_END];

// Check a file's header; returns its layer count, so that the caller can allocate fqt_tables_bytes(count).
uint32_t fqt_model_peek(fqt_source_t *source);

// Read and check everything, the checksum included; plan the arena. kinds: fqt_kinds. `tables` is 4-byte aligned.
// master: 8, 12 or 16; batch: at least 1.
void fqt_model_open(fqt_model_t *model, fqt_source_t *source, const fqt_kind_t *const *kinds, uint32_t master,
    uint32_t batch, void *tables);

// Fill the arena (model->arena_bytes, 4-byte aligned).
void fqt_model_load(fqt_model_t *model, fqt_source_t *source, void *arena);

// -- saving

// Takes the next bytes of a file being written; false stops the writing.
typedef bool (*fqt_sink_t)(void *context, const void *bytes, uint32_t count);

// Write the model as it is now; with `checkpoint`, without frozen layers' blobs. False when the sink stopped it.
bool fqt_model_write(const fqt_model_t *model, bool checkpoint, fqt_sink_t sink, void *context);

// Bytes of the file that fqt_model_write writes.
uint32_t fqt_model_file_bytes(const fqt_model_t *model, bool checkpoint);

// Take the trained state from a checkpoint (or a whole model file) of the same model. Everything is checked first: on
// failure the model is as it was. A stream that fails or changes between the check and the copy leaves it with some of
// the checkpoint's values and some of its own, all of them valid.
void fqt_model_restore(fqt_model_t *model, fqt_source_t *source);

// -- running

// Types of real numbers, each with its bytes.
typedef enum { FQT_UINT8 = 1, FQT_INT16 = 2, FQT_FLOAT32 = 4 } fqt_number_t;

// `count` numbers of a sample, in the user's units where the model has a map of its input, as int8 inputs. False when
// one of them is not finite. *found: how many lay beyond the range of the input; or the place of that one.
bool fqt_quantize(
    const fqt_model_t *model, const uint8_t *from, fqt_number_t type, uint32_t count, int8_t *values, uint32_t *found);

// Run forward; returns the index of the first greatest output. With one output: 1 when it is above 0, else 0.
uint32_t fqt_predict(fqt_model_t *model);

// The same at each pixel of a model with pixelwise cross-entropy: [pixels], until the next call.
const uint8_t *fqt_predict_pixels(fqt_model_t *model);

// Run layers `first` to the last forward; returns the outputs in Q16 (until the next call). first: 0,
// or model->cut when that tensor's activation was filled with what the front part gives.
const int32_t *fqt_logits(fqt_model_t *model, uint32_t first);

// What fqt_logits returned for an output as float32 bits: in the user's units where the model has a map of its outputs.
uint32_t fqt_output_float(const fqt_model_t *model, uint32_t output, int32_t value);

// Set an output's row in the map of the outputs, of which the model has one. False, and nothing changes, when these are
// no finite offset and valid scale.
bool fqt_map_output(fqt_model_t *model, uint32_t output, uint32_t offset, uint32_t scale);

// Run the layers before model->cut; returns the activation there.
const int8_t *fqt_features(fqt_model_t *model);

// -- training

// One float32 as the target of an output: in the user's units where the model has a map of its outputs. False for NaN
// and infinities, and beyond +-16383 (of the map's scales).
bool fqt_target_float(const fqt_model_t *model, uint32_t output, uint32_t float_bits, int32_t *value);

// Take the input as the target (an autoencoder). The output has as many elements.
void fqt_target_input(fqt_model_t *model);

// The loss of the sample in the input buffer, Q16; nothing changes. label < fqt_output_elements(), read with softmax
// cross-entropy.
int32_t fqt_loss(fqt_model_t *model, uint32_t label);

// One training step on the input buffer (first: as in fqt_logits); learning rate as float32 bits, finite and >= 0.
// Returns the loss in Q16. fqt_trains().
int32_t fqt_train_step(fqt_model_t *model, uint32_t first, uint32_t label, uint32_t learning_rate);

// End a mini-batch before it is full: apply what its steps have summed. Nothing changes when no step is pending.
void fqt_end_batch(fqt_model_t *model);

// Stop or start a layer's updates; only a trainable layer's can start. Call fqt_end_batch first.
void fqt_freeze(fqt_model_t *model, uint32_t index, bool frozen);

// Random weights for a trainable layer (He et al. 2015, uniform), and biases of 0.
void fqt_reset(fqt_model_t *model, uint32_t index);

#endif
