// See fqt_maps.h.
#include "../fqt.h"
#include "fqt_maps.h"

FQT_NOINLINE static bool is_valid(const fqt_map_row_t *row) {
    return (row->offset & INT32_MAX) < FQT_FLOAT_INFINITY && fqt_scale_is_valid(row->scale);
}

void fqt_maps_take(const fqt_model_t *model, fqt_source_t *source, bool stores) {
    const uint32_t rows = fqt_maps_bytes(model) / FQT_MAP_ROW_BYTES;
    source->fault.layer = 0;
    for (uint32_t i = 0; i < rows; ++i) {
        fqt_map_row_t row;
        fqt_source_take(source, &row, FQT_MAP_ROW_BYTES);
        if (!is_valid(&row)) {
            fqt_fail_1(&source->fault, FQT_MESSAGE_MAP_ROW, i);
        }
        if (stores) {
            fqt_map_rows(model, model->input_map)[i] = row;
        }
    }
}

bool fqt_map_output(fqt_model_t *model, uint32_t output, uint32_t offset, uint32_t scale) {
    const fqt_map_row_t row = {offset, scale};
    if (!is_valid(&row)) {
        return false;
    }
    fqt_map_rows(model, model->output_map)[output] = row;
    return true;
}
