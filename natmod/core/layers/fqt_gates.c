// See fqt_gates.h.
#include "fqt_gates.h"
#include "../model/fqt_window.h"

#define MAX_GATE_INPUTS (32000) // of a gate: sums fit 32 bits, and so do all weights' bytes
#define ONE (32767) // Q15
#define THIRD (10923)
#define EXP_OF_EIGHTH (28918) // exp(-1 / 8), Q15

// exp(-2^k), Q15, for k = -2 and up; the last, of k = 4, is 0.
static const int16_t powers[] = {25520, 19875, 12055, 4435, 600, 11, 0};

FQT_NOINLINE int32_t fqt_round_away(int32_t value, uint32_t shift) {
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
    return fqt_round_away(
        fqt_fixed_multiply(fqt_scale(fqt_scale_mantissa(scale), -31), value), shift > 31 ? 31u : (uint32_t)shift);
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
    const int32_t terms = q15_product(fqt_round_away(q15_product(x2, x2), 2) + q15_product(x2, x), THIRD) + x2;
    int32_t y = EXP_OF_EIGHTH + q15_product(EXP_OF_EIGHTH, x + fqt_round_away(terms, 1));
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

FQT_NOINLINE int32_t fqt_squash(int32_t value, uint32_t bits, bool is_tanh) {
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

void fqt_gates_begin(fqt_gates_t *gates, const fqt_pass_t *pass, int16_t *state, int32_t point) {
    const uint32_t units = pass->output->channels;
    int8_t *hidden = (int8_t *)(state + units);
    gates->weights = (const int8_t *)fqt_blob(pass->model, pass->layer, FQT_BLOB_WEIGHTS);
    gates->biases = fqt_blob(pass->model, pass->layer, FQT_BLOB_BIASES);
    gates->input = pass->input;
    gates->output = pass->output;
    gates->hidden = hidden;
    for (uint32_t i = 0; i < 2 * fqt_gate_count(pass->model, pass->index); ++i) {
        const fqt_scale_t weights = fqt_scale_unpack(fqt_weight_scale(pass->model, pass->layer, i));
        const uint32_t values = i & 1 ? pass->output->scale : pass->input->scale;
        gates->scales[i] = fqt_scale_shifted(fqt_scale_multiply_stored(weights, values), 12);
    }
    gates->to_output = fqt_scale_shifted(fqt_scale_divide_stored(fqt_scale_from_int(1), pass->output->scale), -point);
    fqt_fill_zero(state, 2 * units);
    for (uint32_t unit = 0; unit < units; ++unit) {
        hidden[unit] = pass->output->zero_point;
    }
}

// sum + the products of weights and values less their zero point
FQT_LOOP int32_t gate_sum(
    int32_t sum, const int8_t *weights, const int8_t *values, int32_t zero_point, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
        sum += weights[i] * (values[i] - zero_point);
    }
    return sum;
}

static const int8_t *weights_of(const fqt_gates_t *gates, uint32_t gate, uint32_t unit) {
    const uint32_t units = gates->output->channels;
    return gates->weights + (gate * units + unit) * (gates->input->channels + units);
}

FQT_NOINLINE int32_t fqt_gates_bias(const fqt_gates_t *gates, uint32_t place, uint32_t unit) {
    const uint32_t row = place * gates->output->channels + unit;
    return fqt_limited_bias((int32_t)fqt_read_u32(gates->biases + 4 * row));
}

FQT_NOINLINE int32_t fqt_gates_from_input(const fqt_gates_t *gates, uint32_t gate, uint32_t unit, const int8_t *x) {
    const fqt_tensor_t *input = gates->input;
    const int32_t sum = gate_sum(
        fqt_gates_bias(gates, gate, unit), weights_of(gates, gate, unit), x, input->zero_point, input->channels);
    return fqt_limit16(requantise_twice(sum, gates->scales[2 * gate]));
}

FQT_NOINLINE int32_t fqt_gates_from_state(
    const fqt_gates_t *gates, uint32_t gate, uint32_t unit, const int8_t *values, int32_t bias) {
    const fqt_tensor_t *output = gates->output;
    const int32_t sum = gate_sum(
        bias, weights_of(gates, gate, unit) + gates->input->channels, values, output->zero_point, output->channels);
    return fqt_clamp(requantise_twice(sum, gates->scales[2 * gate + 1]), -(1 << 17), 1 << 17);
}

FQT_NOINLINE int32_t fqt_gates_value(
    const fqt_gates_t *gates, uint32_t gate, uint32_t unit, const int8_t *x, bool is_tanh) {
    const int32_t from_x = fqt_gates_from_input(gates, gate, unit, x);
    const int32_t from_state = fqt_gates_from_state(gates, gate, unit, gates->hidden, 0);
    return fqt_squash(fqt_limit16(from_x + from_state), FQT_GATE_BITS, is_tanh);
}

int8_t fqt_gates_output(const fqt_gates_t *gates, int32_t value) {
    const int32_t zero_point = gates->output->zero_point;
    value = fqt_clamp(requantise_twice(value, gates->to_output), -512, 512) + zero_point;
    return (int8_t)fqt_clamp(value, INT8_MIN, INT8_MAX);
}

void fqt_gates_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
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
    layer->filter_elements = fqt_gate_count(model, index) * inputs;
}
