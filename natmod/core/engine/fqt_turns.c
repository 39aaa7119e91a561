// See fqt_turns.h.
#include "fqt_turns.h"
#include "fqt_select.h"

#define ALL_STEPS (1u << 16)
#define GOLDEN_RATIO (40503) // Q16: turns of steps that follow each other lie evenly

// The share of steps in which a layer takes part, Q16: its share of the channels / the least share of a step, of itself
// and of those layers behind it that pass its error on.
static uint32_t share_of_steps(const fqt_model_t *model, uint32_t index, uint32_t rate) {
    uint32_t share = ALL_STEPS;
    for (; index + 1 < model->layer_count && rate < ALL_STEPS; ++index) {
        const uint32_t channels = fqt_output_of(model, index)->channels;
        const uint32_t least = channels > FQT_LEAST_CHANNELS ? channels : FQT_LEAST_CHANNELS;
        const uint32_t own = rate * least / FQT_LEAST_CHANNELS; // 2^16 * (2^16 - 1) before the division
        if (fqt_layer(model, index)->filter_elements != 0 && own < share) {
            share = own;
        }
    }
    return share;
}

uint32_t fqt_turns_first(const fqt_model_t *model, uint32_t rate) {
    const uint32_t turn = model->step_count * GOLDEN_RATIO & (ALL_STEPS - 1);
    uint32_t first = model->layer_count - 1;
    while (first > model->cut && share_of_steps(model, first - 1, rate) > turn) {
        --first;
    }
    return first;
}

fqt_scale_t fqt_turns_learning_rate(const fqt_pass_t *pass, uint32_t rate, fqt_scale_t learning_rate) {
    const fqt_model_t *model = pass->model;
    const uint32_t most = share_of_steps(model, pass->index, model->options.greatest_rate);
    return fqt_scale_multiply(learning_rate, fqt_scale_ratio(most, share_of_steps(model, pass->index, rate)));
}
