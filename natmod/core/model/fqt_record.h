// Layer records: what a file says of a layer, taken and checked, or filled from the model.
#ifndef FQT_RECORD_H
#define FQT_RECORD_H

#include "fqt_model.h"
#include "fqt_source.h"

// Take the next record. Faults from here on concern layer `index`.
void fqt_record_take(fqt_source_t *source, uint32_t index, fqt_record_t *record);

// Faults from here on concern layer `index`, whose kind is known.
void fqt_at_layer(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault);

// A tensor's extents, checked.
void fqt_tensor_take_shape(fqt_tensor_t *tensor, fqt_dimensions_t shape, fqt_fault_t *fault);

static inline fqt_dimensions_t fqt_shape_of(const fqt_tensor_t *tensor) {
    return (fqt_dimensions_t) {tensor->height, tensor->width, tensor->channels};
}

// Fill the table entries of layer `index` and its output from its record; check all of it but for the blobs.
void fqt_record_open(fqt_model_t *model, uint32_t index, const fqt_record_t *record, fqt_fault_t *fault);

// Check that the blobs of layer `index` lie at `offset`, as the file's writer lays them. Returns where they end.
uint32_t fqt_record_blobs(
    const fqt_model_t *model, fqt_source_t *source, uint32_t index, const fqt_record_t *record, uint32_t offset);

// The scales and the range of a layer, which training moves.
void fqt_record_state_check(const fqt_kind_t *kind, const fqt_record_t *record, const fqt_fault_t *fault);
void fqt_record_take_state(const fqt_model_t *model, uint32_t index, const fqt_record_t *record);

// What a record says of layer `index`, but for its blobs.
void fqt_record_fill(const fqt_model_t *model, uint32_t index, fqt_record_t *record);

#endif
