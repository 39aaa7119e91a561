// What recurrent layers share: the sums of their gates over the input and over the state of the step before, the gates'
// functions in 16 bits, computed in integers as LiteRT does, and their checks. docs/arithmetic.md, section 4.
#ifndef FQT_GATES_H
#define FQT_GATES_H

#include "../engine/fqt_pass.h"

#define FQT_GATE_BITS (3) // before the point, of what goes into a gate's function

typedef struct {
    const int8_t *weights; // [gates][units][features, then units]
    const uint8_t *biases; // int32 [FQT_GATE_BIASES][units]
    const fqt_tensor_t *input;
    const fqt_tensor_t *output;
    const int8_t *hidden; // the output of the step before
    fqt_scale_t scales[2 * FQT_LSTM_GATES]; // of each gate's sums over the input, and over that output, to Q12
    fqt_scale_t to_output;
} fqt_gates_t;

// state: int16 [units], then int8 [units], which becomes as it is before the first step. point: so many bits of what
// fqt_gates_output() takes lie behind the point.
void fqt_gates_begin(fqt_gates_t *gates, const fqt_pass_t *pass, int16_t *state, int32_t point);

int32_t fqt_gates_bias(const fqt_gates_t *gates, uint32_t place, uint32_t unit);

// A gate's sums, Q12: over the input x of this step, which fits 16 bits, and over int8 numbers of the output's scale,
// within +-2^17. bias: in units of the latter sums.
int32_t fqt_gates_from_input(const fqt_gates_t *gates, uint32_t gate, uint32_t unit, const int8_t *x);
int32_t fqt_gates_from_state(
    const fqt_gates_t *gates, uint32_t gate, uint32_t unit, const int8_t *values, int32_t bias);

// Both of a gate that reads the output of the step before, through the sigmoid or tanh, Q15.
int32_t fqt_gates_value(const fqt_gates_t *gates, uint32_t gate, uint32_t unit, const int8_t *x, bool is_tanh);

int8_t fqt_gates_output(const fqt_gates_t *gates, int32_t value);

// The sigmoid, Q15, of a number with FQT_GATE_BITS bits before the point; or tanh, with so many.
int32_t fqt_squash(int32_t value, uint32_t bits, bool is_tanh);

// value / 2^shift, rounded to nearest, halves away from 0. shift: at most 31.
int32_t fqt_round_away(int32_t value, uint32_t shift);

static inline int32_t fqt_limit16(int32_t value) {
    return fqt_clamp(value, INT16_MIN, INT16_MAX);
}

// Shapes, sums that fit 32 bits, and that nothing in front of layer `index` trains; fills layer->filter_elements.
void fqt_gates_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault);

#endif
