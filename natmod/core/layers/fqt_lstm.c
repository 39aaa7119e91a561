// Long short-term memory, forward alone: it is frozen, and so is all in front of it. Each position of the input is a
// step; the cell state is 16 bits wide. docs/arithmetic.md, section 4.
#include "fqt_gates.h"

enum { INPUT_GATE, FORGET_GATE, CELL_GATE, OUTPUT_GATE };
_Static_assert(OUTPUT_GATE + 1 == FQT_LSTM_GATES, "as in the file");

// x [height][width][features], a step each -> h of each [height][width][units], or of the last one [1][1][units]
static void lstm_forward(fqt_pass_t *pass) {
    const uint32_t units = pass->output->channels;
    const uint32_t bits = pass->layer->activation; // of the cell state, before the point
    int16_t *cells = pass->scratch;
    int8_t *hidden = (int8_t *)(cells + units);
    fqt_gates_t lstm;
    fqt_gates_begin(&lstm, pass, cells, 30);
    const fqt_scale_t most = fqt_scale_unpack(fqt_weight_scale(pass->model, pass->layer, 2 * FQT_LSTM_GATES));
    const int32_t limit = fqt_limited_multiply(fqt_scale_shifted(most, 15 - (int32_t)bits), 1, INT16_MAX);
    const uint32_t moves = pass->output->elements > units ? units : 0;
    int8_t *y = pass->y;
    for (uint32_t at = 0; at < pass->input->elements; at += pass->input->channels, y += moves) {
        for (uint32_t unit = 0; unit < units; ++unit) {
            int32_t gates[FQT_LSTM_GATES];
            for (uint32_t gate = 0; gate < FQT_LSTM_GATES; ++gate) {
                gates[gate] = fqt_gates_value(&lstm, gate, unit, pass->x + at, gate == CELL_GATE);
            }
            const int32_t kept = fqt_round_away(gates[FORGET_GATE] * cells[unit], 15);
            const int32_t new = fqt_round_away(gates[INPUT_GATE] * gates[CELL_GATE], 15 + bits);
            const int32_t cell = fqt_clamp(fqt_limit16(kept + new), -limit, limit);
            cells[unit] = (int16_t)cell;
            y[unit] = fqt_gates_output(&lstm, gates[OUTPUT_GATE] * fqt_squash(cell, bits, true));
        }
        fqt_copy(hidden, y, units);
    }
}

static void lstm_scratch(const fqt_model_t *model, uint32_t index, fqt_scratch_t *bytes) {
    bytes->forward = 3u * fqt_output_of(model, index)->channels;
}

const fqt_kind_t fqt_kind_lstm = {
    .name = "lstm",
    .last_activation = FQT_LSTM_CELL_BITS,
    .has_table = true,
    .check = fqt_gates_check,
    .scratch = lstm_scratch,
    .forward = lstm_forward,
};
