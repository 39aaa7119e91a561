// Reading a model file: every field and length is checked here before anything uses it.
#ifndef FQT_READ_H
#define FQT_READ_H

#include "fqt_model.h"

#include <stddef.h>

// A layer's blobs, in the order of the file.
enum { FQT_BLOB_WEIGHTS, FQT_BLOB_LOW_BYTES, FQT_BLOB_WEIGHT_SCALES, FQT_BLOB_BIASES, FQT_BLOBS };

// Where they lie in a file; 0 for those that it has not. The model's own offsets count from the arena.
typedef struct {
    uint32_t at[FQT_BLOBS];
} fqt_blobs_t;

// The field of a layer that says where a blob lies.
static inline uint32_t *fqt_blob_field(fqt_layer_t *layer, uint32_t blob) {
    static const uint8_t fields[FQT_BLOBS] = {
        offsetof(fqt_layer_t, weights),
        offsetof(fqt_layer_t, low_bytes),
        offsetof(fqt_layer_t, weight_scales),
        offsetof(fqt_layer_t, biases),
    };
    return (uint32_t *)(void *)((uint8_t *)layer + fields[blob]);
}

// Low bytes are as many as weights; scales and biases are words, one a channel.
static inline uint32_t fqt_blob_bytes(const fqt_model_t *model, uint32_t index, uint32_t blob) {
    const uint32_t channels = fqt_output_of(model, index)->channels;
    return (blob <= FQT_BLOB_LOW_BYTES ? fqt_layer(model, index)->filter_elements : 4) * channels;
}

// Copy bytes of the file; the range was checked against source->bytes before.
void fqt_source_read(fqt_source_t *source, uint32_t offset, void *destination, uint32_t bytes);

// The header, checked, as it stands in the file.
void fqt_read_header(fqt_source_t *source, uint8_t header[FQT_HEADER_BYTES]);

// The checksum over the whole file.
void fqt_read_checksum(fqt_source_t *source);

// The record of layer `index` as it stands in the file.
void fqt_read_record(fqt_source_t *source, uint32_t index, uint8_t record[FQT_RECORD_BYTES]);

// Where the blobs of layer `index` lie, checked against the file's length. The layer's table entry is filled.
void fqt_read_blobs(const fqt_model_t *model, fqt_source_t *source, uint32_t index,
    const uint8_t record[FQT_RECORD_BYTES], fqt_blobs_t *blobs);

// The scales and the range of layer `index`, which training moves.
void fqt_read_state(const fqt_model_t *model, uint32_t index, const uint8_t record[FQT_RECORD_BYTES]);
void fqt_state_check(const uint8_t record[FQT_RECORD_BYTES], fqt_error_t *error);

// What a record says of layer `index`, but for its blobs.
void fqt_fill_record(const fqt_model_t *model, uint32_t index, uint8_t record[FQT_RECORD_BYTES]);

// Errors from here on concern layer `index`.
void fqt_at_layer(const fqt_model_t *model, uint32_t index, fqt_error_t *error);

#endif
