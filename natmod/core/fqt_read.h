// Reading a model file: every field and length is checked here before anything uses it.
#ifndef FQT_READ_H
#define FQT_READ_H

#include "fqt_model.h"

// What the records say about where blobs lie in the file; the model's own offsets count from the arena.
typedef struct {
    uint32_t weights;
    uint32_t low_bytes;
    uint32_t weight_scales;
    uint32_t biases;
} fqt_blobs_t;

// Copy bytes of the file; the range was checked against source->bytes before.
bool fqt_source_read(
    const fqt_source_t *source, uint32_t offset, void *destination, uint32_t bytes, fqt_error_t *error);

// The header, checked, as it stands in the file.
bool fqt_read_header(const fqt_source_t *source, uint8_t header[FQT_HEADER_BYTES], fqt_error_t *error);

// The checksum over the whole file.
bool fqt_read_checksum(const fqt_source_t *source, fqt_error_t *error);

// The record of layer `index` as it stands in the file.
bool fqt_read_record(const fqt_source_t *source, uint32_t index, uint8_t record[FQT_RECORD_BYTES], fqt_error_t *error);

// Where the blobs of layer `index` lie, checked against the file's length. The layer's table entry is filled.
bool fqt_read_blobs(const fqt_model_t *model, const fqt_source_t *source, uint32_t index,
    const uint8_t record[FQT_RECORD_BYTES], fqt_blobs_t *blobs, fqt_error_t *error);

// second_input as the file has it.
static inline uint32_t fqt_second_input_field(const fqt_layer_t *layer) {
    return layer->second_input == FQT_NO_INPUT ? FQT_NO_SECOND_INPUT : layer->second_input;
}

// Name the layer in an error.
bool fqt_at_layer(const fqt_model_t *model, uint32_t index, fqt_error_t *error);

#endif
