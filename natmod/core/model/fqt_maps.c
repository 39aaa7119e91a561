// See fqt_maps.h.
#include "../fqt.h"
#include "fqt_maps.h"
#include "fqt_name.h"

FQT_NOINLINE static bool is_valid(const fqt_map_row_t *row) {
    return (row->offset & INT32_MAX) < FQT_FLOAT_INFINITY && fqt_scale_is_valid(row->scale);
}

void fqt_maps_take(const fqt_model_t *model, fqt_source_t *source, bool stores) {
    const uint32_t rows = (model->texts - model->input_map) / FQT_MAP_ROW_BYTES;
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

// A text for each class and the note, each ended by a zero; zeros up to a multiple of 4.
void fqt_texts_take(const fqt_model_t *model, fqt_source_t *source, bool stores) {
    uint32_t left = model->text_bytes != 0 ? model->classes + 1 : 0; // texts that have not ended
    uint32_t behind = 0;
    bool is_valid = true;
    fqt_utf8_t utf8 = {0, 0, 0};
    for (uint32_t i = 0; i < model->text_bytes; ++i) {
        uint8_t byte;
        fqt_source_take(source, &byte, 1);
        if (left > 0) {
            is_valid &= fqt_utf8_take(&utf8, byte);
            left -= byte == 0;
        } else {
            behind += byte == 0 ? 1 : 4;
        }
        if (stores) {
            model->arena[model->texts + i] = byte;
        }
    }
    if (!is_valid || left > 0 || behind > 3) {
        fqt_fail_1(&source->fault, FQT_MESSAGE_TEXTS, model->classes + 1);
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
