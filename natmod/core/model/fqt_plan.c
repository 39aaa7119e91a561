// The arena's layout, planned when a model is opened.
//
//   trainable parameters       for each layer: weights, low bits, weight scales, biases, sums of a batch
//   maps, texts                as in the file
//   targets                    numbers or labels that the loss compares with; a single label is not stored
//   activations and errors     placed by their lifetimes: two buffers share bytes when they never live at the same time
//   scratch                    what one pass of one layer needs beside them; the greatest need of all layers
//
// Time runs through one step: 0 the input arrives, i + 1 layer i (from 0) runs forward, n + 1 the loss, 2n + 1 - i
// layer i runs backward. An activation is kept for the backward pass only where something reads it again: a trainable
// layer's update, the mask of a ReLU, the search for a pooling maximum, the other factor of a product.
#include "fqt_plan.h"
#include "fqt_blobs.h"
#include "fqt_graph.h"
#include "fqt_kind.h"

// Of a tensor's lifetimes two moments do not follow from its place: the death of its activation, and the birth of its
// error in the upper half.
#define BIRTH_SHIFT (16)
#define DEATH_MASK (0xFFFFu)

static uint32_t *found_moments(const fqt_model_t *model, uint32_t tensor) {
    return &fqt_tensor(model, tensor)->next_error_scale;
}

// Keep tensor `tensor` until layer `index` last reads it.
static void keep(const fqt_model_t *model, uint32_t index, uint32_t tensor) {
    const fqt_tensor_t *from = fqt_tensor(model, tensor);
    const bool masks = from->needs_error && from->clips != FQT_ACTIVATION_NONE;
    const bool is_read = fqt_kind_of(model, index)->reads_input_for_error && fqt_passes_error(model, index);
    const bool backward = fqt_layer(model, index)->trainable || masks || is_read;
    const uint32_t read = backward ? 2u * model->layer_count + 1 - index : index + 1;
    uint32_t *found = found_moments(model, from->same_as);
    if (read > (*found & DEATH_MASK)) {
        *found = (*found & ~DEATH_MASK) | read;
    }
}

void fqt_lifetimes_find(const fqt_model_t *model) {
    const uint32_t n = model->layer_count;
    for (uint32_t t = 0; t <= n; ++t) {
        const fqt_tensor_t *tensor = fqt_tensor(model, t);
        // A flatten's output comes behind its input, which it shares the buffer with: its reader counts.
        *found_moments(model, tensor->same_as) = (t == n ? n + 1 : 2 * n + 1 - tensor->last_reader) << BIRTH_SHIFT;
    }
    for (uint32_t i = 0; i < n; ++i) {
        const fqt_layer_t *layer = fqt_layer(model, i);
        keep(model, i, layer->input);
        if (layer->second_input != FQT_NO_INPUT) {
            keep(model, i, layer->second_input);
        }
    }
}

fqt_lifetime_t fqt_lifetime(const fqt_model_t *model, uint32_t buffer) {
    const uint32_t t = buffer / 2;
    const uint32_t found = *found_moments(model, t);
    if (buffer % 2 == 0) {
        return (fqt_lifetime_t) {t, found & DEATH_MASK};
    }
    return (fqt_lifetime_t) {found >> BIRTH_SHIFT, 2u * model->layer_count + 2 - t};
}

void fqt_lifetimes_forget(const fqt_model_t *model) {
    for (uint32_t t = 0; t <= model->layer_count; ++t) {
        *found_moments(model, t) = 0;
    }
}

uint32_t fqt_buffer_bytes(const fqt_model_t *model, uint32_t buffer) {
    const uint32_t t = buffer / 2;
    const fqt_tensor_t *tensor = fqt_tensor(model, t);
    // The last layer returns logits, no activation.
    const bool is_there = buffer % 2 != 0 ? tensor->needs_error : t < model->layer_count;
    return tensor->same_as == t && is_there ? fqt_aligned(tensor->elements) : 0;
}

static uint32_t *placement(const fqt_model_t *model, uint32_t buffer) {
    fqt_tensor_t *tensor = fqt_tensor(model, buffer / 2);
    return buffer % 2 == 0 ? &tensor->activation : &tensor->error;
}

// The lowest offset from `start` where `buffer` meets no placed buffer that lives at the same time.
static uint32_t lowest_free(const fqt_model_t *model, uint32_t buffer, uint32_t bytes, uint32_t start) {
    const fqt_lifetime_t life = fqt_lifetime(model, buffer);
    const uint32_t buffers = 2 * (model->layer_count + 1u);
    uint32_t offset = start;
    uint32_t other = 0;
    // Around, until none of all stands in the way.
    for (uint32_t passed = 0; passed < buffers; ++passed) {
        const uint32_t placed = *placement(model, other);
        const fqt_lifetime_t others = fqt_lifetime(model, other);
        if (placed != FQT_NO_BUFFER && life.birth <= others.death && others.birth <= life.death
            && placed < offset + bytes && offset < placed + fqt_buffer_bytes(model, other)) {
            offset = placed + fqt_buffer_bytes(model, other);
            passed = 0;
        }
        other = other + 1 < buffers ? other + 1 : 0;
    }
    return offset;
}

// No sum wraps: a layer's parts (of a file of at most FQT_MAX_FILE_BYTES) and a tensor have less than 2^31 bytes.
static uint32_t bounded(uint32_t bytes, fqt_fault_t *fault) {
    if (bytes > FQT_MAX_ARENA_BYTES) {
        fault->layer = 0;
        fqt_fail_1(fault, FQT_MESSAGE_MUCH_MEMORY, FQT_MAX_ARENA_BYTES);
    }
    return bytes;
}

// Greatest first, each at the lowest free place.
static uint32_t place_tensors(fqt_model_t *model, uint32_t start, fqt_fault_t *fault) {
    const uint32_t buffers = 2 * (model->layer_count + 1u);
    uint32_t end = start;
    fqt_lifetimes_find(model);
    for (uint32_t buffer = 0; buffer < buffers; ++buffer) {
        *placement(model, buffer) = FQT_NO_BUFFER;
    }
    for (;;) {
        uint32_t greatest = 0;
        uint32_t greatest_bytes = 0;
        for (uint32_t buffer = 0; buffer < buffers; ++buffer) {
            const uint32_t bytes = fqt_buffer_bytes(model, buffer);
            if (bytes > greatest_bytes && *placement(model, buffer) == FQT_NO_BUFFER) {
                greatest = buffer;
                greatest_bytes = bytes;
            }
        }
        if (greatest_bytes == 0) {
            break;
        }
        const uint32_t offset = lowest_free(model, greatest, greatest_bytes, start);
        *placement(model, greatest) = offset;
        end = offset + greatest_bytes > end ? bounded(offset + greatest_bytes, fault) : end;
    }
    for (uint32_t t = 0; t <= model->layer_count; ++t) {
        fqt_tensor_t *tensor = fqt_tensor(model, t);
        tensor->activation = fqt_tensor(model, tensor->same_as)->activation;
        tensor->error = fqt_tensor(model, tensor->same_as)->error;
    }
    fqt_lifetimes_forget(model);
    return end;
}

uint32_t fqt_targets_bytes(const fqt_model_t *model) {
    if (fqt_has_targets(model)) {
        return 4 * fqt_output_elements(model);
    }
    return fqt_is_pixelwise(model) ? fqt_aligned(model->pixels) : 0;
}

static uint32_t place_parameters(fqt_model_t *model, bool all, fqt_fault_t *fault) {
    uint32_t offset = 0;
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        fqt_layer_t *layer = fqt_layer(model, i);
        if (!fqt_has_blobs(model, i, !all)) {
            continue;
        }
        layer->in_arena = true;
        for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
            layer->blobs[blob] = offset;
            offset += fqt_aligned(fqt_blob_bytes(model, i, blob, fqt_low_bits(model, layer)));
        }
        if (layer->trainable && model->batch > 1) {
            layer->sums = offset;
            offset += 4 * (layer->filter_elements + 1) * fqt_output_of(model, i)->channels;
        }
        offset = bounded(offset, fault);
    }
    model->input_map = offset;
    offset += model->maps & FQT_MAP_INPUT ? FQT_MAP_ROW_BYTES * fqt_tensor(model, 0)->channels : 0;
    model->output_map = offset;
    offset += model->maps & FQT_MAP_OUTPUT ? FQT_MAP_ROW_BYTES * fqt_output_elements(model) : 0;
    model->texts = offset;
    offset += model->text_bytes;
    model->targets = offset;
    return offset + fqt_targets_bytes(model);
}

void fqt_plan(fqt_model_t *model, bool all_in_arena, fqt_fault_t *fault) {
    const uint32_t end = place_parameters(model, all_in_arena, fault);
    model->scratch = place_tensors(model, end, fault);
    uint32_t scratch_bytes = 0;
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        const uint32_t bytes = fqt_kind_of(model, i)->scratch_bytes(model, i);
        scratch_bytes = bytes > scratch_bytes ? bytes : scratch_bytes;
    }
    model->arena_bytes = bounded(model->scratch + fqt_aligned(scratch_bytes), fault);
}
