// Reading a model file: every field and length is checked here before anything uses it.
#ifndef FQT_READ_H
#define FQT_READ_H

#include "fqt_model.h"

// The field of a layer that says where a blob lies: four words one after another, in the order of the file.
static inline uint32_t *fqt_blob_field(fqt_layer_t *layer, uint32_t blob) {
    return (uint32_t *)(void *)((uint8_t *)layer + offsetof(fqt_layer_t, weights)) + blob;
}

// Low bytes are as many as weights; scales and biases are words, one a channel.
static inline uint32_t fqt_blob_bytes(const fqt_model_t *model, uint32_t index, uint32_t blob) {
    const uint32_t channels = fqt_output_of(model, index)->channels;
    return (blob <= FQT_BLOB_LOW_BYTES ? fqt_layer(model, index)->filter_elements : 4) * channels;
}

// Copy bytes of the file; the range was checked against source->bytes before.
void fqt_source_read(fqt_source_t *source, uint32_t offset, void *destination, uint32_t bytes);

// The header, checked.
void fqt_read_header(fqt_source_t *source, fqt_header_t *header);

// The checksum over the whole file.
void fqt_read_checksum(fqt_source_t *source);

// The record of layer `index`.
void fqt_read_record(fqt_source_t *source, uint32_t index, fqt_record_t *record);

// Check where the blobs of layer `index` lie, against the file's length, and its weight scales. The layer's table entry is
// filled.
void fqt_blobs_check(const fqt_model_t *model, fqt_source_t *source, uint32_t index, const fqt_record_t *record);

// The scales and the range of layer `index`, which training moves.
void fqt_read_state(const fqt_model_t *model, uint32_t index, const fqt_record_t *record);
void fqt_state_check(const fqt_model_t *model, const fqt_record_t *record, fqt_fault_t *fault);

// How far training is: what a header says of it.
void fqt_take_progress(fqt_model_t *model, const fqt_header_t *header);

// What a record says of layer `index`, but for its blobs.
void fqt_fill_record(const fqt_model_t *model, uint32_t index, fqt_record_t *record);

// Errors from here on concern layer `index`.
void fqt_at_layer(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault);

#endif
