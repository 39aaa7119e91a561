// The maps between the user's units and the network's, and the texts (fqt_file.h): where they are, and taking them from
// a file. model/fqt_values.c calculates with the maps.
#ifndef FQT_MAPS_H
#define FQT_MAPS_H

#include "fqt_model.h"
#include "fqt_source.h"

// A row: float32 bits.
typedef struct {
    uint32_t offset; // finite
    uint32_t scale; // a valid scale
} fqt_map_row_t;

_Static_assert(sizeof(fqt_map_row_t) == FQT_MAP_ROW_BYTES, "as in the file");

// Of all rows and the texts, in the file as in the arena, where targets follow.
static inline uint32_t fqt_maps_bytes(const fqt_model_t *model) {
    return model->targets - model->input_map;
}

// The rows that lie at an offset in the arena.
static inline fqt_map_row_t *fqt_map_rows(const fqt_model_t *model, uint32_t offset) {
    return (fqt_map_row_t *)(void *)(model->arena + offset);
}

// Take the maps, the next in the source; check all values; with `stores`, put them into the arena.
void fqt_maps_take(const fqt_model_t *model, fqt_source_t *source, bool stores);

// The same of the texts, which follow. They are stored as they come, and checked at their end: only of a model that is
// made, which is dropped when they are wrong.
void fqt_texts_take(const fqt_model_t *model, fqt_source_t *source, bool stores);

#endif
