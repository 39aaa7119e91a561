// A layer's blobs: their lengths, their places in a file, and taking them from one.
#ifndef FQT_BLOBS_H
#define FQT_BLOBS_H

#include "fqt_kind.h"
#include "fqt_source.h"

// Where blobs are placed: at multiples of 4.
static inline uint32_t fqt_aligned(uint32_t bytes) {
    return (bytes + 3u) & ~3u;
}

// Weights are bytes, their low bits 0, 4 or 8 bits each; scales and biases are words, one a channel. A table has a
// scale alone, and bytes; an lstm or gru has four biases a unit and two scales a gate, the lstm and a limit.
static inline uint32_t fqt_blob_bytes(const fqt_model_t *model, uint32_t index, uint32_t blob, uint32_t low_bits) {
    const uint32_t channels = fqt_output_of(model, index)->channels;
    const uint32_t weights = fqt_layer(model, index)->filter_elements * channels;
    if (weights == 0) { // a table
        return blob == FQT_BLOB_LOW_BITS ? 0 : blob == FQT_BLOB_WEIGHT_SCALES ? 4 : FQT_TABLE_ENTRIES;
    }
    const uint32_t gates = fqt_gate_count(model, index);
    if (gates != 0 && blob >= FQT_BLOB_WEIGHT_SCALES) {
        return 4 * (blob == FQT_BLOB_BIASES ? FQT_GATE_BIASES * channels : 2 * gates + (gates == FQT_LSTM_GATES));
    }
    return blob == FQT_BLOB_WEIGHTS ? weights : blob == FQT_BLOB_LOW_BITS ? (weights * low_bits + 7) / 8 : 4 * channels;
}

// Where the first layer's blobs begin.
static inline uint32_t fqt_blobs_start(const fqt_model_t *model) {
    return FQT_HEADER_BYTES + (uint32_t)model->layer_count * FQT_RECORD_BYTES;
}

// Whether a file has blobs of layer `index`.
bool fqt_has_blobs(const fqt_model_t *model, uint32_t index, bool checkpoint);

// Where the blobs of layer `index` lie in a file, from `offset` on: one after another, 0 for those that are left out.
// Returns where they end.
uint32_t fqt_blobs_lay_out(const fqt_model_t *model, uint32_t index, bool checkpoint, uint32_t low_bits,
    uint32_t offset, uint32_t blobs[FQT_BLOBS]);

// The blobs end where the file's checksum begins: nothing lies between.
void fqt_blobs_end_check(fqt_source_t *source, uint32_t end);

// Take the blobs of layer `index`, the next in the source; check all values; with `stores`, put them into the arena.
void fqt_blobs_take(const fqt_model_t *model, fqt_source_t *source, uint32_t index, bool stores);

#endif
