// The arena's layout, planned when a model is opened.
//
//   trainable parameters       for each layer: weights, low bytes (master=16), weight scales, biases, sums (mini-batches)
//   targets                    of losses that compare with them
//   activations and errors     placed by their lifetimes: two buffers share bytes when they never live at the same time
//   scratch                    what one pass of one layer needs beside them; the greatest need of all layers
//
// Time runs through one step: 0 the input arrives, i + 1 layer i (from 0) runs forward, n + 1 the loss, 2n + 1 - i layer i
// runs backward. An activation is kept for the backward pass only where something reads it again: a trainable layer's
// update, the mask of a ReLU, the search for a pooling maximum.
#include "fqt_plan.h"
#include "fqt_kind.h"
#include "fqt_read.h"

#define ALIGNED(bytes) (((bytes) + 3u) & ~3u)

typedef struct {
    uint32_t bytes; // 0: no buffer
    uint32_t birth; // first and last moment, both included
    uint32_t death;
} lifetime_t;

// When layer `index` last reads tensor `tensor`.
static uint32_t last_read(const fqt_model_t *model, uint32_t index, uint32_t tensor) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_tensor_t *from = fqt_tensor(model, tensor);
    bool masks =
        from->needs_error && (from->clips != FQT_ACTIVATION_NONE || fqt_kind_of(model, index)->reads_input_for_error);
    return layer->trainable || masks ? 2 * model->layer_count + 1 - index : index + 1;
}

// Buffer 2t is tensor t's activation, buffer 2t + 1 its error. Aliases live in their source's buffer.
static lifetime_t lifetime(const fqt_model_t *model, uint32_t buffer) {
    const uint32_t n = model->layer_count;
    const uint32_t first = buffer / 2;
    uint32_t last = first; // the last alias: a flatten's input has no other reader
    lifetime_t life = {0, first, 0};
    for (uint32_t t = first; t <= n; ++t) {
        if (fqt_tensor(model, t)->same_as != first) {
            continue;
        }
        last = t;
        for (uint32_t i = t; i < n; ++i) {
            const uint32_t read = fqt_reads(fqt_layer(model, i), t) ? last_read(model, i, t) : 0;
            life.death = read > life.death ? read : life.death;
        }
    }
    const fqt_tensor_t *tensor = fqt_tensor(model, last);
    const bool is_error = buffer % 2 != 0;
    // The last layer gives logits, no activation.
    if (fqt_tensor(model, first)->same_as == first && (is_error ? tensor->needs_error : first < n)) {
        life.bytes = ALIGNED(tensor->elements);
    }
    if (is_error) {
        life.birth = last == n ? n + 1 : 2 * n + 1 - tensor->last_reader;
        life.death = 2 * n + 2 - first;
    }
    return life;
}

static uint32_t *placement(const fqt_model_t *model, uint32_t buffer) {
    fqt_tensor_t *tensor = fqt_tensor(model, buffer / 2);
    return buffer % 2 == 0 ? &tensor->activation : &tensor->error;
}

// The lowest offset from `start` where `buffer` meets no placed buffer that lives at the same time.
static uint32_t lowest_free(const fqt_model_t *model, uint32_t buffer, uint32_t start) {
    const lifetime_t life = lifetime(model, buffer);
    uint32_t offset = start;
    for (uint32_t other = 0; other < 2 * (model->layer_count + 1u); ++other) {
        uint32_t placed = *placement(model, other);
        if (placed == FQT_NO_BUFFER) {
            continue;
        }
        lifetime_t there = lifetime(model, other);
        bool together = there.bytes != 0 && life.birth <= there.death && there.birth <= life.death;
        if (together && offset < placed + there.bytes && placed < offset + life.bytes) {
            offset = placed + there.bytes;
            other = (uint32_t)-1; // look at all of them again from the new offset
        }
    }
    return offset;
}

// Greatest first, each at the lowest free place.
static uint32_t place_tensors(fqt_model_t *model, uint32_t start) {
    const uint32_t buffers = 2 * (model->layer_count + 1u);
    uint32_t end = start;
    for (uint32_t buffer = 0; buffer < buffers; ++buffer) {
        *placement(model, buffer) = FQT_NO_BUFFER;
    }
    for (;;) {
        uint32_t greatest = 0;
        uint32_t greatest_bytes = 0;
        for (uint32_t buffer = 0; buffer < buffers; ++buffer) {
            uint32_t bytes = lifetime(model, buffer).bytes;
            if (*placement(model, buffer) == FQT_NO_BUFFER && bytes > greatest_bytes) {
                greatest = buffer;
                greatest_bytes = bytes;
            }
        }
        if (greatest_bytes == 0) {
            break;
        }
        uint32_t offset = lowest_free(model, greatest, start);
        *placement(model, greatest) = offset;
        end = offset + greatest_bytes > end ? offset + greatest_bytes : end;
    }
    for (uint32_t t = 0; t <= model->layer_count; ++t) {
        fqt_tensor_t *tensor = fqt_tensor(model, t);
        tensor->activation = fqt_tensor(model, tensor->same_as)->activation;
        tensor->error = fqt_tensor(model, tensor->same_as)->error;
    }
    return end;
}

static uint32_t place_parameters(fqt_model_t *model, bool all) {
    uint32_t offset = 0;
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        fqt_layer_t *layer = fqt_layer(model, i);
        if (!fqt_kind_of(model, i)->has_weights || !(layer->trainable || all)) {
            continue;
        }
        layer->in_arena = true;
        for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
            const bool is_left_out = blob == FQT_BLOB_LOW_BYTES && !(layer->trainable && model->master == 16);
            *fqt_blob_field(layer, blob) = is_left_out ? 0 : offset;
            offset += is_left_out ? 0 : ALIGNED(fqt_blob_bytes(model, i, blob));
        }
        if (layer->trainable && model->batch > 1) {
            layer->sums = offset;
            offset += 4 * (layer->filter_elements + 1) * fqt_output_of(model, i)->channels;
        }
    }
    model->targets = offset;
    if (fqt_has_targets(model)) {
        offset += 4 * fqt_output_elements(model);
    }
    return offset;
}

void fqt_plan(fqt_model_t *model, bool all_in_arena) {
    uint32_t end = place_parameters(model, all_in_arena);
    model->scratch = place_tensors(model, end);
    uint32_t scratch_bytes = 0;
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        uint32_t bytes = fqt_kind_of(model, i)->scratch_bytes(model, i);
        scratch_bytes = bytes > scratch_bytes ? bytes : scratch_bytes;
    }
    model->arena_bytes = model->scratch + ALIGNED(scratch_bytes);
}
