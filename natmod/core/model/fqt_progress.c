// See fqt_progress.h.
#include "fqt_progress.h"

void fqt_take_progress(fqt_model_t *model, const fqt_header_t *header) {
    model->random_state = header->random_state;
    model->step_count = header->step_count;
    model->greatest_loss = (int32_t)(header->greatest_loss & INT32_MAX);
}

void fqt_clear_sums(fqt_model_t *model) {
    model->batch_steps = 0;
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        const fqt_layer_t *layer = fqt_layer(model, i);
        if (layer->sums != 0) {
            fqt_fill_zero(
                model->arena + layer->sums, 4 * (layer->filter_elements + 1) * fqt_output_of(model, i)->channels);
        }
    }
}
