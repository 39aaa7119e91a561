// The model in memory: its structures, and how to find things in them. What can be done with it is in ../fqt.h.
//
// Two blocks of memory hold everything: `tables` (one entry a layer and a tensor) and `arena` (trainable parameters,
// activations, errors, scratch). Both are sized before they are allocated, hold no pointers, and have the same layout
// on 32-bit and 64-bit machines, so that the host can tell to the byte what a board will need. Nothing is allocated
// later.
//
// In a structure bytes come first, then halves, then words, and what is rarely read last: Arm's short load and store
// instructions reach bytes up to 31, halves up to 62, words up to 124.
#ifndef FQT_MODEL_H
#define FQT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/fqt_bytes.h"
#include "../base/fqt_fault.h"
#include "../base/fqt_scale.h"
#include "fqt_file.h"

typedef struct fqt_kind fqt_kind_t; // fqt_kind.h

// A tensor between two layers: 0 is the model's input, i the output of layer i (from 1).
typedef struct {
    uint16_t height;
    uint16_t width;
    uint16_t channels;
    int8_t zero_point;
    uint8_t clips; // the activation of the layer that made it: errors are masked where it clipped
    uint8_t same_as; // a flatten's output lies where its input lies: that tensor's index, else its own
    uint8_t readers; // layers that read it
    uint8_t last_reader; // the index of the last of them: going backward it comes first
    bool needs_error : 1; // a layer that updates lies before it
    bool keeps_range : 1; // its scale never moves: a table was made of it, or for it
    uint32_t elements;
    uint32_t scale; // float32 bits, as all scales here
    uint32_t error_scale; // of its error in this step
    uint32_t next_error_scale; // in the next
    uint32_t activation; // offset in the arena; of the last tensor, of its outputs (fqt_outputs)
    uint32_t error; // offset in the arena, where an error is formed
} fqt_tensor_t;

#define FQT_NO_INPUT (0xFFu)

typedef struct {
    uint8_t kind;
    uint8_t activation;
    bool trainable;
    bool updates; // trainable, and not frozen for now
    bool in_arena; // blobs lie in the arena, else in the file
    bool passes_error_scale; // each error has one source: its scale follows from the output's error, none is kept
    uint8_t input; // the tensors that it reads
    uint8_t second_input; // FQT_NO_INPUT: none
    fqt_window_t window;
    uint32_t filter_elements; // weights of one output channel
    uint32_t blobs[FQT_BLOBS]; // where they lie; low bits: in the arena, or 0: none (master=8)
    uint32_t bias_scale;
    uint32_t forward_scratch; // offset in the arena
    uint32_t backward_scratch;
    int32_t output_range; // Q16
    int32_t fill; // of this step, Q16
    uint32_t
        stuck_steps; // training steps whose output was far beyond its range, or all 0, less those that make up for them
    uint32_t sums; // mini-batches: arena offset of the summed steps, int32 [weights], then [out_channels]
    char name[FQT_NAME_BYTES];
} fqt_layer_t;

// How training goes; not saved.
typedef struct {
    uint32_t least_rate; // share of each layer's structures that a step updates, Q16: with no loss
    uint32_t greatest_rate; // with the greatest loss of late, or a greater one
    uint32_t weight_decay; // float32 bits
    bool standardizes; // gradients to mean 0 and deviation 1, by structure
    bool samples; // structures are drawn in proportion to their errors; else those with the greatest
} fqt_options_t;

typedef struct fqt_model fqt_model_t;

struct fqt_model {
    uint16_t layer_count;
    uint16_t text_bytes;
    uint8_t cut; // tensor that a frozen front part gives: layers before it never change, those behind read no other
    uint8_t diverged; // number of the layer (from 1) that was seen to diverge; 0: none
    bool silent; // that layer's output was 0, which may pass: steps go on, and look again
    uint8_t master; // bits kept of a trainable weight: 8, 12 or 16
    uint8_t input_type;
    uint8_t loss; // FQT_LOSS_...
    uint8_t maps; // FQT_MAP_...: those that there are
    const fqt_kind_t *const *kinds; // by their numbers
    const uint8_t *file; // where frozen blobs lie; NULL when all are in the arena
    uint8_t *tables;
    uint8_t *arena;
    uint32_t file_bytes;
    uint32_t tables_bytes;
    uint32_t arena_bytes;
    uint32_t random_state;
    uint32_t sampling; // random in each step, for the channels that are drawn
    uint32_t identity;
    uint32_t step_count;
    int32_t greatest_loss; // of late, Q16 (fqt_follow_greatest_loss)
    uint32_t input_map; // arena offsets of the maps' rows, one behind the other (fqt_maps.h)
    uint32_t output_map;
    uint32_t texts; // arena offset
    uint32_t pixels; // places of the output with a class of its own each; 1, but for pixelwise cross-entropy
    uint32_t classes; // what each chooses from: outputs, or with pixelwise cross-entropy channels
    uint32_t targets; // arena offset of what the loss compares with (fqt_targets, fqt_pixel_labels)
    uint32_t batch; // steps whose gradients are summed before an update; 1: each updates at once
    uint32_t work; // since the last pause, in about 1000 multiply-adds
    void (*pause)(fqt_model_t *model); // NULL: none (fqt.h)
    uint32_t batch_steps; // steps summed so far
    uint32_t clipped; // elements of the last sample that lay beyond the input's range
    fqt_options_t options;
    char name[FQT_NAME_BYTES];
};

// An entry of the tables: layers and tensors alternate, the last entry has no layer.
typedef struct {
    fqt_tensor_t tensor;
    fqt_layer_t layer;
} fqt_entry_t;

static inline fqt_layer_t *fqt_layer(const fqt_model_t *model, uint32_t index) {
    return &((fqt_entry_t *)(void *)model->tables)[index].layer;
}

static inline fqt_tensor_t *fqt_tensor(const fqt_model_t *model, uint32_t index) {
    return &((fqt_entry_t *)(void *)model->tables)[index].tensor;
}

static inline int8_t *fqt_activation(const fqt_model_t *model, uint32_t tensor) {
    return (int8_t *)model->arena + fqt_tensor(model, tensor)->activation;
}

static inline int8_t *fqt_error_of(const fqt_model_t *model, uint32_t tensor) {
    return (int8_t *)model->arena + fqt_tensor(model, tensor)->error;
}

static inline fqt_tensor_t *fqt_input_of(const fqt_model_t *model, uint32_t index) {
    return fqt_tensor(model, fqt_layer(model, index)->input);
}

static inline fqt_tensor_t *fqt_output_of(const fqt_model_t *model, uint32_t index) {
    return fqt_tensor(model, index + 1);
}

// A layer's blob, wherever it lies. Scales and biases may be unaligned: read them with fqt_read_u32.
static inline uint8_t *fqt_blob(const fqt_model_t *model, const fqt_layer_t *layer, uint32_t blob) {
    return (layer->in_arena ? model->arena : (uint8_t *)(uintptr_t)model->file) + layer->blobs[blob];
}

// The same of a layer that trains, whose blobs are in the arena.
static inline uint8_t *fqt_trained_blob(const fqt_model_t *model, const fqt_layer_t *layer, uint32_t blob) {
    return model->arena + layer->blobs[blob];
}

int8_t *fqt_weights(const fqt_model_t *model, const fqt_layer_t *layer);

// What a layer's weights have behind the point: 0, 4 or 8 bits each.
static inline uint32_t fqt_low_bits(const fqt_model_t *model, const fqt_layer_t *layer) {
    return layer->trainable ? model->master - 8u : 0;
}

static inline uint32_t fqt_weight_scale(const fqt_model_t *model, const fqt_layer_t *layer, uint32_t channel) {
    return fqt_read_u32(fqt_blob(model, layer, FQT_BLOB_WEIGHT_SCALES) + 4 * channel);
}

static inline uint32_t fqt_tables_bytes(uint32_t layer_count) {
    return (uint32_t)(layer_count * sizeof(fqt_entry_t) + sizeof(fqt_tensor_t));
}

static inline uint32_t fqt_output_elements(const fqt_model_t *model) {
    return fqt_tensor(model, model->layer_count)->elements;
}

// The outputs of the last layer, int32 [outputs], Q16; and what the loss makes of them.
static inline int32_t *fqt_outputs(const fqt_model_t *model) {
    return (int32_t *)(void *)fqt_activation(model, model->layer_count);
}

// The input tensor's buffer, to be filled with `elements` int8 values before a run.
static inline int8_t *fqt_input(const fqt_model_t *model) {
    return fqt_activation(model, 0);
}

// Whether each place of the output has a class of its own, a channel: a pixel.
static inline bool fqt_is_pixelwise(const fqt_model_t *model) {
    return model->loss == FQT_LOSS_PIXELWISE_CROSS_ENTROPY;
}

// The label of each pixel, uint8 [height][width], to be filled before a step; FQT_IGNORED: it does not count.
static inline uint8_t *fqt_pixel_labels(const fqt_model_t *model) {
    return model->arena + model->targets;
}

// Whether the loss compares with fqt_targets, else with labels.
static inline bool fqt_has_targets(const fqt_model_t *model) {
    return model->loss == FQT_LOSS_MEAN_SQUARED_ERROR || model->loss == FQT_LOSS_BINARY_CROSS_ENTROPY;
}

// What the outputs should be, int32 [outputs], Q16, to be filled before a step.
static inline int32_t *fqt_targets(const fqt_model_t *model) {
    return (int32_t *)(void *)(model->arena + model->targets);
}

// Whether a layer updates.
static inline bool fqt_trains(const fqt_model_t *model) {
    return fqt_tensor(model, model->layer_count)->needs_error;
}

#endif
