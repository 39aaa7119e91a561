// The error scales in hindsight; see fqt_errors.h.
#include "fqt_errors.h"

#define DECAY (128) // a peak of 0 lowers the scale by 1 / DECAY

void fqt_errors_begin(fqt_errors_t *errors, const fqt_pass_t *pass, fqt_scale_t accumulator_scale) {
    fqt_tensor_t *tensor = pass->input;
    errors->tensor = tensor;
    errors->activation = pass->x;
    errors->error = (int8_t *)pass->model->arena + tensor->error;
    errors->unclipped = fqt_unclipped(tensor);
    errors->adds = tensor->last_reader != pass->index;
    errors->keeps_scale = tensor->readers == 1 && pass->layer->passes_error_scale;
    errors->peak = 0;
    if (errors->keeps_scale || tensor->error_scale == 0) {
        tensor->error_scale = fqt_scale_pack(accumulator_scale);
    }
    fqt_errors_scale(errors, accumulator_scale);
}

uint32_t fqt_errors_take_zeros(fqt_errors_t *errors, int32_t most) {
    const int32_t shift = (int32_t)errors->multiplier.shift;
    const uint32_t zeros = shift < 0 && shift >= -most ? (uint32_t)-shift : 0;
    errors->multiplier.shift += zeros;
    return zeros;
}

static FQT_NOINLINE void put_errors_one_by_one(
    fqt_errors_t *errors, uint32_t i, const int32_t *accumulator, int32_t count) {
    for (; count > 0; --count, ++accumulator, ++i) {
        fqt_errors_put(errors, i, *accumulator);
    }
}

#if FQT_HAS_DSP
// Greater magnitudes, in each of four bytes, may be a new peak or beyond the range. A saturated error has one of 127 or
// 128.
static uint32_t usual_magnitudes(const fqt_errors_t *errors) {
    return fqt_four_bytes(errors->peak < INT8_MAX - 1 ? errors->peak : INT8_MAX - 1);
}

// Errors of a tensor's only reader by the short way, four at a time: 12 cycles each on Cortex-M4. The rare fours with
// an unusual magnitude go one by one, and so do those that are left. Gives how many that is.
FQT_LOOP int32_t put_errors(fqt_errors_t *errors, uint32_t i, const int32_t *accumulator, int32_t count) {
    const int32_t least = errors->unclipped.low + 1;
    const int32_t greatest = errors->unclipped.high <= INT8_MAX ? errors->unclipped.high - 1 : INT8_MAX;
    const uint32_t least_four = fqt_four_bytes(least);
    const uint32_t greatest_four = fqt_four_bytes(greatest);
    const fqt_multiplier_t multiplier = errors->multiplier;
    const int8_t *x = errors->activation + i;
    const int32_t to = (int32_t)(errors->error - errors->activation); // one pointer less
    uint32_t usual = usual_magnitudes(errors);
    if (least > INT8_MAX || greatest < INT8_MIN) {
        return count; // nothing passes
    }
    for (const int32_t *end = accumulator + (count & ~3); accumulator < end; accumulator += 4, x += 4) {
        int32_t value_0 = accumulator[0];
        int32_t value_1 = accumulator[1];
        int32_t value_2 = accumulator[2];
        int32_t value_3 = accumulator[3];
        FQT_TOGETHER(value_0, value_1, value_2, value_3);
        value_0 = fqt_saturated(fqt_requantise_short(value_0, &multiplier));
        value_1 = fqt_saturated(fqt_requantise_short(value_1, &multiplier));
        value_0 = fqt_pack_two(value_0, value_1);
        value_2 = fqt_saturated(fqt_requantise_short(value_2, &multiplier));
        value_3 = fqt_saturated(fqt_requantise_short(value_3, &multiplier));
        value_2 = fqt_pack_two(value_2, value_3);
        uint32_t four = fqt_lower_halves((uint32_t)value_0, (uint32_t)value_2);
        four = fqt_where_between(four, fqt_load4(x), least_four, greatest_four);
        if (FQT_UNLIKELY(fqt_any_above(fqt_magnitudes(four), usual))) {
            put_errors_one_by_one(errors, (uint32_t)(x - errors->activation), accumulator, 4);
            usual = usual_magnitudes(errors);
            continue;
        }
        fqt_store4((int8_t *)x + to, four);
    }
    return count & 3;
}
#elif FQT_VECTORS
// Errors of a tensor's only reader by the short way, in a loop of which compilers make vectors. Gives how many are
// left: none.
static int32_t put_errors(fqt_errors_t *errors, uint32_t i, const int32_t *accumulator, int32_t count) {
    const int32_t low = errors->unclipped.low;
    const int32_t high = errors->unclipped.high;
    const fqt_multiplier_t multiplier = errors->multiplier;
    const int8_t *x = errors->activation + i;
    int8_t *to = errors->error + i;
    int32_t peak = errors->peak;
    for (int32_t n = 0; n < count; ++n) {
        const bool passes = (x[n] > low) & (x[n] < high);
        const int32_t value = passes ? fqt_requantise_short(accumulator[n], &multiplier) : 0;
        const int32_t magnitude = value < 0 ? -value : value;
        peak = magnitude > peak ? magnitude : peak;
        to[n] = (int8_t)fqt_clamp(value, -INT8_MAX, INT8_MAX);
    }
    errors->peak = peak;
    return 0;
}
#endif

void fqt_errors_put_all(fqt_errors_t *errors, uint32_t i, const int32_t *accumulators, int32_t count) {
    int32_t left = count;
#if FQT_HAS_DSP || FQT_VECTORS
    if (!errors->adds && fqt_multiplier_is_short(&errors->multiplier)) {
        left = put_errors(errors, i, accumulators, count);
    }
#endif
    const int32_t done = count - left;
    put_errors_one_by_one(errors, i + (uint32_t)done, accumulators + done, left);
}

#if !FQT_SPARES_TEXT
// Those of a tensor's only reader by the short way.
static FQT_NOINLINE void put_channel(
    fqt_errors_t *errors, uint32_t i, int32_t step, const int32_t *accumulator, int32_t count) {
    const int32_t low = errors->unclipped.low;
    const int32_t high = errors->unclipped.high;
    const fqt_multiplier_t multiplier = errors->multiplier;
    const int8_t *x = errors->activation + i;
    const int32_t to = (int32_t)(errors->error - errors->activation); // one pointer less
    int32_t peak = errors->peak;
    for (; count > 0; --count, x += step, ++accumulator) {
        int32_t value = 0;
        if (*x > low && *x < high) {
            value = fqt_requantise_short(*accumulator, &multiplier);
            const int32_t magnitude = value < 0 ? -value : value;
            peak = magnitude > peak ? magnitude : peak;
            value = fqt_clamp(value, -INT8_MAX, INT8_MAX);
        }
        ((int8_t *)x)[to] = (int8_t)value;
    }
    errors->peak = peak;
}

void fqt_errors_put_channel(
    fqt_errors_t *errors, uint32_t i, int32_t step, const int32_t *accumulators, int32_t count) {
    if (!errors->adds && fqt_multiplier_is_short(&errors->multiplier)) {
        put_channel(errors, i, step, accumulators, count);
        return;
    }
    for (; count > 0; --count, i += (uint32_t)step) {
        fqt_errors_put(errors, i, *accumulators++);
    }
}
#endif

void fqt_errors_end(const fqt_errors_t *errors) {
    fqt_tensor_t *tensor = errors->tensor;
    if (errors->keeps_scale) {
        return;
    }
    uint32_t numerator = (uint32_t)errors->peak;
    uint32_t denominator = INT8_MAX;
    if (errors->peak <= INT8_MAX) {
        numerator += INT8_MAX * (DECAY - 1);
        denominator *= DECAY;
    }
    fqt_scale_t factor = fqt_scale_ratio(numerator, denominator);
    uint32_t scale = fqt_scale_pack(fqt_scale_multiply_stored(factor, tensor->error_scale));
    if (!errors->adds || scale > tensor->next_error_scale) { // of all readers, the greatest peak
        tensor->next_error_scale = scale;
    }
}

void fqt_errors_pass_on(const fqt_pass_t *pass, uint32_t first) {
    const fqt_tensor_t *to = pass->input;
    if (!to->needs_error) {
        return;
    }
    fqt_errors_t errors;
    fqt_errors_begin(&errors, pass, fqt_scale_unpack(pass->output->error_scale));
    const uint32_t behind = pass->output->channels - to->channels;
    const int8_t *e = pass->e + first;
    for (uint32_t i = 0; i < to->elements; e += behind) {
        for (const uint32_t end = i + to->channels; i < end; ++i) {
            fqt_errors_put(&errors, i, *e++);
        }
    }
    fqt_errors_end(&errors);
}
