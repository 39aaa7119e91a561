// The arena's layout, planned when a model is opened.
//
//   trainable parameters       for each layer: weights, low bits, weight scales, biases, sums of a batch
//   maps, texts                as in the file
//   targets                    numbers or labels that the loss compares with; a single label is not stored
//   buffers                    of tensors and passes, placed by their lifetimes: two share bytes when they never live
//                              at the same time
//
// Time runs through one step: 0 the input arrives, i + 1 layer i (from 0) runs forward, n + 1 the loss, 2n + 1 - i
// layer i runs backward. An activation is kept for the backward pass only where something reads it again: a trainable
// layer's update, the mask of a ReLU, the search for a pooling maximum, the other factor of a product. Scratch lives
// while its pass runs, the logits until the loss was taken.
//
// Buffers are placed one after another, each at the lowest free place: first what takes most bytes for most moments,
// by powers of two. Where that takes more than what lives at one moment, further orders are tried, in which some
// buffers count for a half, a quarter or an eighth. They depend on the model alone: it takes the same RAM everywhere.
#include "fqt_plan.h"
#include "../base/fqt_random.h"
#include "../base/fqt_target.h"
#include "fqt_blobs.h"
#include "fqt_graph.h"
#include "fqt_kind.h"

// Of a tensor's lifetimes two moments do not follow from its place: the death of its activation, and the birth of its
// error in the upper half.
#define BIRTH_SHIFT (16)
#define DEATH_MASK (0xFFFFu)

#define NOT_PLACED (UINT32_MAX) // beyond what any buffer meets
#define MOST_PLACED (2048) // buffers of all orders that are tried

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

static uint32_t greater(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

// The scratch of layer `index`.
static void measure_scratch(const fqt_model_t *model, uint32_t index) {
    const fqt_tensor_t *to = fqt_output_of(model, index);
    const fqt_kind_t *kind = fqt_kind_of(model, index);
    fqt_layer_t *layer = fqt_layer(model, index);
    fqt_scratch_t bytes = {0, 0, 0};
    if (kind->scratch != NULL) {
        kind->scratch(model, index, &bytes);
    }
    uint32_t backward = fqt_passes_error(model, index) ? bytes.error : 0;
    if (layer->trainable) {
        backward = greater(backward, bytes.update);
    }
    if (to->needs_error && kind->has_weights) {
        backward = fqt_selection_bytes(to->channels) + greater(backward, 4u * to->channels); // norms of the selection
    }
    layer->fill = (int32_t)fqt_aligned(bytes.forward);
    layer->stuck_steps = fqt_aligned(backward);
}

void fqt_lifetimes_find(const fqt_model_t *model) {
    const uint32_t n = model->layer_count;
    for (uint32_t t = 0; t <= n; ++t) {
        const fqt_tensor_t *tensor = fqt_tensor(model, t);
        // A flatten's output comes behind its input, which it shares the buffer with: its reader counts.
        *found_moments(model, tensor->same_as) =
            t == n ? (n + 1) << BIRTH_SHIFT | (n + 1) : (2 * n + 1 - tensor->last_reader) << BIRTH_SHIFT;
    }
    for (uint32_t i = 0; i < n; ++i) {
        const fqt_layer_t *layer = fqt_layer(model, i);
        keep(model, i, layer->input);
        if (layer->second_input != FQT_NO_INPUT) {
            keep(model, i, layer->second_input);
        }
        measure_scratch(model, i);
    }
}

void fqt_lifetimes_forget(const fqt_model_t *model) {
    for (uint32_t t = 0; t <= model->layer_count; ++t) {
        fqt_tensor_t *tensor = fqt_tensor(model, t);
        const fqt_tensor_t *source = fqt_tensor(model, tensor->same_as);
        tensor->activation = source->activation;
        tensor->error = source->error;
        tensor->next_error_scale = 0;
        if (t < model->layer_count) {
            fqt_layer(model, t)->stuck_steps = 0;
        }
    }
}

uint32_t fqt_buffers(const fqt_model_t *model) {
    return 4u * model->layer_count + 2;
}

fqt_buffer_t fqt_buffer(const fqt_model_t *model, uint32_t number) {
    const uint32_t t = number / 4;
    fqt_tensor_t *tensor = fqt_tensor(model, t);
    fqt_layer_t *layer = fqt_layer(model, t);
    const uint32_t found = *found_moments(model, t);
    const uint32_t back = 2u * model->layer_count + 1 - t;
    uint32_t bytes = found != 0 ? fqt_aligned(tensor->elements) : 0; // of an alias nothing was found
    switch (number % 4) {
        case 0:
            bytes = t == model->layer_count ? 4 * tensor->elements : bytes;
            return (fqt_buffer_t) {bytes, t, found & DEATH_MASK, &tensor->activation};
        case 1:
            return (fqt_buffer_t) {tensor->needs_error ? bytes : 0, found >> BIRTH_SHIFT, back + 1, &tensor->error};
        case 2:
            return (fqt_buffer_t) {(uint32_t)layer->fill, t + 1, t + 1, &layer->forward_scratch};
        default:
            return (fqt_buffer_t) {layer->stuck_steps, back, back, &layer->backward_scratch};
    }
}

// Bytes of the buffers that live at a moment.
static uint32_t bytes_at(const fqt_model_t *model, uint32_t moment) {
    uint32_t bytes = 0;
    for (uint32_t number = 0; number < fqt_buffers(model); ++number) {
        const fqt_buffer_t buffer = fqt_buffer(model, number);
        bytes += buffer.birth <= moment && moment <= buffer.death ? buffer.bytes : 0;
    }
    return bytes;
}

uint32_t fqt_buffers_bound(const fqt_model_t *model) {
    uint32_t peak = 0;
    for (uint32_t moment = 0; moment <= 2u * model->layer_count + 1; ++moment) {
        peak = greater(peak, bytes_at(model, moment));
    }
    return peak;
}

// The lowest offset from `start` where `buffer` meets no placed buffer that lives at the same time.
static uint32_t lowest_free(const fqt_model_t *model, const fqt_buffer_t *buffer, uint32_t start) {
    uint32_t offset = start;
    uint32_t number = 0;
    // Around, until none of all stands in the way.
    for (uint32_t passed = 0; passed < fqt_buffers(model); ++passed) {
        const fqt_buffer_t other = fqt_buffer(model, number);
        if (buffer->birth <= other.death && other.birth <= buffer->death && *other.offset < offset + buffer->bytes
            && offset < *other.offset + other.bytes) {
            offset = *other.offset + other.bytes;
            passed = 0;
        }
        number = number + 1 < fqt_buffers(model) ? number + 1 : 0;
    }
    return offset;
}

// Place all buffers from `start` on; returns where they end, or, before all are placed, that it is `limit` or more.
static uint32_t place_in_order(const fqt_model_t *model, uint32_t order, uint32_t start, uint32_t limit) {
    uint32_t end = start;
    for (uint32_t number = 0; number < fqt_buffers(model); ++number) {
        *fqt_buffer(model, number).offset = NOT_PLACED;
    }
    uint32_t least = 1u << 31;
    do {
        least >>= 1;
        for (uint32_t number = 0; number < fqt_buffers(model) && end < limit; ++number) {
            const fqt_buffer_t buffer = fqt_buffer(model, number);
            const uint32_t shift = fqt_dither(0, (number + order) * order) >> 30;
            if (*buffer.offset == NOT_PLACED && buffer.bytes * (buffer.death - buffer.birth + 1) >> shift >= least) {
                *buffer.offset = lowest_free(model, &buffer, start);
                end = greater(end, *buffer.offset + buffer.bytes);
            }
        }
    } while (least != 0);
    return end;
}

// No sum wraps: a layer's parts (of a file of at most FQT_MAX_FILE_BYTES) and a buffer have less than 2^31 bytes.
static uint32_t bounded(uint32_t bytes, fqt_fault_t *fault) {
    if (bytes > FQT_MAX_ARENA_BYTES) {
        fault->layer = 0;
        fqt_fail_1(fault, FQT_MESSAGE_MUCH_MEMORY, FQT_MAX_ARENA_BYTES);
    }
    return bytes;
}

static uint32_t place_buffers(const fqt_model_t *model, uint32_t start, fqt_fault_t *fault) {
    uint32_t least = FQT_MAX_ARENA_BYTES + 1;
    uint32_t best = 0;
    fqt_lifetimes_find(model);
    // To know the bound saves time where an early order reaches it, nothing else.
    const uint32_t bound = FQT_SPARES_TEXT ? start : start + fqt_buffers_bound(model);
    for (uint32_t order = 0; order * fqt_buffers(model) < MOST_PLACED && least > bound; ++order) {
        const uint32_t end = place_in_order(model, order, start, least);
        if (end < least) {
            least = end;
            best = order;
        }
    }
    bounded(least, fault);
    place_in_order(model, best, start, least + 1);
    fqt_lifetimes_forget(model);
    return least;
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
    model->arena_bytes = place_buffers(model, end, fault) + FQT_BYTES_BEHIND;
}
