// Long short-term memory, forward alone: it is frozen, and so is all in front of it. Each position of the input is a
// step; gates are 16 bits wide, their functions computed in integers as LiteRT does. docs/arithmetic.md, section 4.
#include "../engine/fqt_pass.h"
#include "../model/fqt_window.h"

#define MAX_GATE_INPUTS (32000) // of a gate: sums fit 32 bits, and so do all weights' bytes
#define ONE (32767) // Q15
#define THIRD (10923)
#define EXP_OF_EIGHTH (28918) // exp(-1 / 8), Q15
#define GATE_BITS (3) // before the point, of what goes into a gate's function

enum { INPUT_GATE, FORGET_GATE, CELL_GATE, OUTPUT_GATE, GATES };
_Static_assert(GATES == FQT_LSTM_GATES, "as in the file");

// exp(-2^k), Q15, for k = -2 and up; the last, of k = 4, is 0.
static const int16_t powers[] = {25520, 19875, 12055, 4435, 600, 11, 0};

// value / 2^shift, rounded to nearest, halves away from 0. shift: at most 31.
static FQT_NOINLINE int32_t round_away(int32_t value, uint32_t shift) {
    const uint32_t magnitude = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
    const int32_t rounded = (int32_t)((magnitude + ((1u << shift) >> 1)) >> shift);
    return value < 0 ? -rounded : rounded;
}

// value * scale as LiteRT rounds it: to 31 bits of the mantissa, then to the exponent.
static FQT_NOINLINE int32_t requantise_twice(int32_t value, fqt_scale_t scale) {
    const int32_t shift = -31 - fqt_scale_exponent(scale);
    if (shift <= 0) {
        return fqt_fixed_multiply(scale, value);
    }
    return round_away(
        fqt_fixed_multiply(fqt_scale(fqt_scale_mantissa(scale), -31), value), shift > 31 ? 31u : (uint32_t)shift);
}

static int32_t limit16(int32_t value) {
    return fqt_clamp(value, INT16_MIN, INT16_MAX);
}

// Of two Q15 numbers, rounded to nearest, halves up.
static FQT_NOINLINE int32_t q15_product(int32_t a, int32_t b) {
    return (a * b + (1 << 14)) >> 15;
}

// exp(value), Q15, of a value of at most 0 with so many bits before the point: of what lies in [-1/4, 0) by its series
// around -1/8, times the powers of e that the rest is made of.
static int32_t q15_exponential(int32_t value, uint32_t bits) {
    const uint32_t fraction = 15 - bits;
    const int32_t quarter = 1 << (fraction - 2);
    const int32_t part = (value & (quarter - 1)) - quarter;
    const uint32_t rest = (uint32_t)(part - value);
    const int32_t x = part * (1 << bits) + (1 << 12);
    const int32_t x2 = q15_product(x, x);
    const int32_t terms = q15_product(round_away(q15_product(x2, x2), 2) + q15_product(x2, x), THIRD) + x2;
    int32_t y = EXP_OF_EIGHTH + q15_product(EXP_OF_EIGHTH, x + round_away(terms, 1));
    if (value == 0) {
        return ONE;
    }
    y = y < ONE ? y : ONE;
    for (uint32_t k = 0; k < bits + 2; ++k) {
        if (rest >> (fraction - 2 + k) & 1) {
            y = q15_product(y, powers[k]);
        }
    }
    return y;
}

// The sigmoid, Q15, of a value with GATE_BITS bits before the point; or tanh, with so many.
static FQT_NOINLINE int32_t squash(int32_t value, uint32_t bits, bool is_tanh) {
    if (value == 0) {
        return is_tanh ? 0 : 1 << 14;
    }
    // 2 / (1 + exp), Q13, in three steps of Newton's method from 48/17 - 32/17 * half, half = (1 + exp) / 2
    const int32_t half = (q15_exponential(value < 0 ? value : -value, bits + is_tanh) + ONE + 1) >> 1;
    int32_t x = 23130 + q15_product(half, -15420);
    for (uint32_t i = 0; i < 3; ++i) {
        x += q15_product(x, 8192 - q15_product(half, x)) * 4;
    }
    x = is_tanh ? (x - 8192) * 4 : x * 2;
    x = x < ONE ? x : ONE;
    return value > 0 ? x : is_tanh ? -x : ONE - x;
}

// sum + the products of weights and values less their zero point
static FQT_NOINLINE int32_t gate_sum(
    int32_t sum, const int8_t *weights, const int8_t *values, int32_t zero_point, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
        sum += weights[i] * (values[i] - zero_point);
    }
    return sum;
}

typedef struct {
    const int8_t *weights; // [gates][units][features, then units]
    const uint8_t *biases; // int32 [gates][units]
    const fqt_tensor_t *input;
    const fqt_tensor_t *output;
    const int8_t *hidden; // the output of the step before
    fqt_scale_t scales[2 * GATES]; // of each gate's sums over the input, and over the step before, to Q12
} lstm_t;

// x: of this step
static int32_t gate_of(const lstm_t *lstm, uint32_t gate, uint32_t unit, const int8_t *x) {
    const uint32_t features = lstm->input->channels;
    const uint32_t units = lstm->output->channels;
    const uint32_t row = gate * units + unit;
    const int8_t *weights = lstm->weights + row * (features + units);
    const int32_t bias = fqt_limited_bias((int32_t)fqt_read_u32(lstm->biases + 4 * row));
    const int32_t from_x = gate_sum(bias, weights, x, lstm->input->zero_point, features);
    const int32_t from_h = gate_sum(0, weights + features, lstm->hidden, lstm->output->zero_point, units);
    const int32_t sum =
        fqt_clamp(limit16(requantise_twice(from_x, lstm->scales[2 * gate]))
                      + fqt_clamp(requantise_twice(from_h, lstm->scales[2 * gate + 1]), -(1 << 17), 1 << 17),
            INT16_MIN, INT16_MAX);
    return squash(sum, GATE_BITS, gate == CELL_GATE);
}

// x [height][width][features], a step each -> h of each [height][width][units], or of the last one [1][1][units]
static void lstm_forward(fqt_pass_t *pass) {
    const uint32_t features = pass->input->channels;
    const uint32_t units = pass->output->channels;
    const uint32_t bits = pass->layer->activation; // of the cell state, before the point
    int16_t *cells = pass->scratch;
    int8_t *hidden = (int8_t *)(cells + units);
    lstm_t lstm = {
        .weights = (const int8_t *)fqt_blob(pass->model, pass->layer, FQT_BLOB_WEIGHTS),
        .biases = fqt_blob(pass->model, pass->layer, FQT_BLOB_BIASES),
        .input = pass->input,
        .output = pass->output,
        .hidden = hidden,
    };
    for (uint32_t i = 0; i < 2 * GATES; ++i) {
        const fqt_scale_t weights = fqt_scale_unpack(fqt_weight_scale(pass->model, pass->layer, i));
        const uint32_t values = i & 1 ? pass->output->scale : pass->input->scale;
        lstm.scales[i] = fqt_scale_shifted(fqt_scale_multiply_stored(weights, values), 12);
    }
    const fqt_scale_t most = fqt_scale_unpack(fqt_weight_scale(pass->model, pass->layer, 2 * GATES));
    const int32_t limit = fqt_limited_multiply(fqt_scale_shifted(most, 15 - (int32_t)bits), 1, INT16_MAX);
    const fqt_scale_t to_output =
        fqt_scale_shifted(fqt_scale_divide_stored(fqt_scale_from_int(1), pass->output->scale), -30);
    const uint32_t all = pass->input->elements;
    const uint32_t moves = pass->output->elements > units ? units : 0;
    int8_t *y = pass->y;
    fqt_fill_zero(cells, 2 * units);
    for (uint32_t unit = 0; unit < units; ++unit) {
        hidden[unit] = pass->output->zero_point;
    }
    for (uint32_t at = 0; at < all; at += features, y += moves) {
        for (uint32_t unit = 0; unit < units; ++unit) {
            int32_t gates[GATES];
            for (uint32_t gate = 0; gate < GATES; ++gate) {
                gates[gate] = gate_of(&lstm, gate, unit, pass->x + at);
            }
            const int32_t kept = round_away(gates[FORGET_GATE] * cells[unit], 15);
            const int32_t new = round_away(gates[INPUT_GATE] * gates[CELL_GATE], 15 + bits);
            const int32_t cell = fqt_clamp(limit16(kept + new), -limit, limit);
            const int32_t made = gates[OUTPUT_GATE] * squash(cell, bits, true);
            const int32_t value = fqt_clamp(requantise_twice(made, to_output), -512, 512) + pass->output->zero_point;
            cells[unit] = (int16_t)cell;
            y[unit] = (int8_t)fqt_clamp(value, INT8_MIN, INT8_MAX);
        }
        fqt_copy(hidden, y, units);
    }
}

static uint32_t lstm_scratch_bytes(const fqt_model_t *model, uint32_t index) {
    return 3u * fqt_output_of(model, index)->channels;
}

static void lstm_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_tensor_t *from = fqt_input_of(model, index);
    const fqt_tensor_t *to = fqt_output_of(model, index);
    const uint32_t inputs = (uint32_t)from->channels + to->channels;
    if (to->elements != to->channels && !fqt_same_bytes(from, to, offsetof(fqt_tensor_t, channels))) {
        fqt_fail_1(fault, FQT_MESSAGE_OTHER_SHAPE, layer->input);
    }
    fqt_no_window_check(model, index, fault);
    if (inputs > MAX_GATE_INPUTS) {
        fqt_fail_2(fault, FQT_MESSAGE_FILTER, inputs, MAX_GATE_INPUTS);
    }
    for (uint32_t i = 0; i < index; ++i) {
        if (fqt_layer(model, i)->trainable) {
            fqt_fail_1(fault, FQT_MESSAGE_FRONT_TRAINS, i + 1);
        }
    }
    layer->filter_elements = GATES * inputs;
}

const fqt_kind_t fqt_kind_lstm = {
    .name = "lstm",
    .last_activation = FQT_LSTM_CELL_BITS,
    .has_table = true,
    .check = lstm_check,
    .scratch_bytes = lstm_scratch_bytes,
    .forward = lstm_forward,
};
