// Gated recurrent unit, forward alone: it is frozen, and so is all in front of it. Each position of the input is a
// step. The state is 16 bits wide, since it has no cell beside it that would keep what changes slowly; gates read it in
// 8 bits. docs/arithmetic.md, section 4.
#include "fqt_gates.h"

enum { RESET_GATE, UPDATE_GATE, NEW_GATE };
#define NEW_STATE_BIAS (NEW_GATE + 1) // the new gate's second bias
_Static_assert(NEW_GATE + 1 == FQT_GRU_GATES && NEW_STATE_BIAS + 1 == FQT_GATE_BIASES, "as in the file");

// What a unit's state would become, Q15. reset: the state of the step before through the reset gates, of all units;
// NULL: the reset gate is behind the weights.
static int32_t new_state(const fqt_gates_t *gru, uint32_t unit, const int8_t *x, const int8_t *reset) {
    const int32_t bias = fqt_gates_bias(gru, NEW_STATE_BIAS, unit);
    int32_t from_state = fqt_gates_from_state(gru, NEW_GATE, unit, reset != NULL ? reset : gru->hidden, bias);
    if (reset == NULL) {
        const int32_t gate = fqt_gates_value(gru, RESET_GATE, unit, x, false);
        from_state = fqt_round_away(gate * fqt_limit16(from_state), 15);
    }
    const int32_t sum = fqt_limit16(fqt_gates_from_input(gru, NEW_GATE, unit, x) + from_state);
    return fqt_squash(sum, FQT_GATE_BITS, true);
}

// x [height][width][features], a step each -> h of each [height][width][units], or of the last one [1][1][units]
static void gru_forward(fqt_pass_t *pass) {
    const uint32_t units = pass->output->channels;
    int16_t *states = pass->scratch;
    int8_t *hidden = (int8_t *)(states + units);
    int8_t *reset = pass->layer->activation == FQT_GRU_RESET_BEFORE ? hidden + units : NULL;
    fqt_gates_t gru;
    fqt_gates_begin(&gru, pass, states, 15);
    const uint32_t moves = pass->output->elements > units ? units : 0;
    int8_t *y = pass->y;
    for (uint32_t at = 0; at < pass->input->elements; at += pass->input->channels, y += moves) {
        const int8_t *x = pass->x + at;
        for (uint32_t unit = 0; reset != NULL && unit < units; ++unit) {
            const int32_t gate = fqt_gates_value(&gru, RESET_GATE, unit, x, false);
            reset[unit] = fqt_gates_output(&gru, fqt_round_away(gate * states[unit], 15));
        }
        for (uint32_t unit = 0; unit < units; ++unit) {
            const int32_t kept = fqt_gates_value(&gru, UPDATE_GATE, unit, x, false);
            const int32_t new = new_state(&gru, unit, x, reset);
            states[unit] = (int16_t)fqt_round_away(kept * states[unit] + ((1 << 15) - kept) * new, 15);
            y[unit] = fqt_gates_output(&gru, states[unit]);
        }
        fqt_copy(hidden, y, units);
    }
}

static void gru_scratch(const fqt_model_t *model, uint32_t index, fqt_scratch_t *bytes) {
    const uint32_t unit_bytes = fqt_layer(model, index)->activation == FQT_GRU_RESET_BEFORE ? 4 : 3;
    bytes->forward = unit_bytes * fqt_output_of(model, index)->channels;
}

const fqt_kind_t fqt_kind_gru = {
    .name = "gru",
    .last_activation = FQT_GRU_RESET_BEFORE,
    .has_table = true,
    .check = fqt_gates_check,
    .scratch = gru_scratch,
    .forward = gru_forward,
};
