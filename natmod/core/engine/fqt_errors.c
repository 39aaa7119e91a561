// The error scales in hindsight; see fqt_errors.h.
#include "fqt_errors.h"

#define DECAY (128) // a peak of 0 lowers the scale by 1 / DECAY
#define PASSED_TOGETHER (32)
#define PASSED_ZEROS (24) // at most, behind an error: 127 << 24 < 2^31

void fqt_errors_begin(fqt_errors_t *errors, const fqt_pass_t *pass, fqt_scale_t accumulator_scale) {
    fqt_tensor_t *tensor = pass->input;
    errors->tensor = tensor;
    errors->activation = pass->x;
    errors->error = (int8_t *)pass->model->arena + tensor->error;
    errors->unclipped = fqt_unclipped(tensor);
    errors->adds = tensor->last_reader != pass->index;
    errors->keeps_scale = tensor->readers == 1 && pass->layer->passes_error_scale;
    errors->limit = errors->adds ? 1 << 30 : INT32_MAX;
    errors->step = 1;
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

static FQT_NOINLINE void put_any_errors(fqt_errors_t *errors, uint32_t i, const int32_t *accumulator, int32_t count) {
    for (; count > 0; --count, i += errors->step) {
        int32_t value = *accumulator++;
        const int32_t x = errors->activation[i];
        if (x <= errors->unclipped.low || x >= errors->unclipped.high) {
            value = 0;
        }
        if (value != 0) {
            value = fqt_requantise(value, &errors->multiplier, errors->limit);
        }
        if (errors->adds) {
            value += errors->error[i];
        }
        const int32_t magnitude = value < 0 ? -value : value;
        if (magnitude > errors->peak) {
            errors->peak = magnitude;
        }
        errors->error[i] = (int8_t)fqt_clamp(value, -INT8_MAX, INT8_MAX);
    }
}

FQT_NOINLINE void fqt_errors_put(fqt_errors_t *errors, uint32_t i, int32_t accumulator) {
    put_any_errors(errors, i, &accumulator, 1);
}

#if FQT_HAS_DSP
// Greater magnitudes, in each of four bytes, may be a new peak or beyond the range. A saturated error has one of 127 or
// 128.
static uint32_t usual_magnitudes(const fqt_errors_t *errors) {
    return fqt_four_bytes(errors->peak < INT8_MAX - 1 ? errors->peak : INT8_MAX - 1);
}

// Errors by the short way, four at a time: 12 cycles each on Cortex-M4, 15 where they add to others. The rare fours
// with an unusual magnitude go one by one, and so do those that are left. Gives how many that is.
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
        const volatile int32_t *four_accumulators = accumulator; // not two words at a time, which takes longer
        int32_t value_0 = four_accumulators[0];
        int32_t value_1 = four_accumulators[1];
        int32_t value_2 = four_accumulators[2];
        int32_t value_3 = four_accumulators[3];
        FQT_TOGETHER(value_0, value_1, value_2, value_3);
        value_0 = fqt_saturated(fqt_requantise_short(value_0, &multiplier));
        value_1 = fqt_saturated(fqt_requantise_short(value_1, &multiplier));
        value_0 = fqt_pack_two(value_0, value_1);
        value_2 = fqt_saturated(fqt_requantise_short(value_2, &multiplier));
        value_3 = fqt_saturated(fqt_requantise_short(value_3, &multiplier));
        value_2 = fqt_pack_two(value_2, value_3);
        uint32_t four = fqt_lower_halves((uint32_t)value_0, (uint32_t)value_2);
        four = fqt_where_between(four, fqt_load4(x), least_four, greatest_four);
        bool is_unusual = false;
        if (errors->adds) {
            is_unusual = fqt_any_above(fqt_magnitudes(four), fqt_four_bytes(INT8_MAX - 1));
            four = fqt_add_bytes(four, fqt_load4(x + to));
        }
        if (FQT_UNLIKELY(is_unusual || fqt_any_above(fqt_magnitudes(four), usual))) {
            put_any_errors(errors, (uint32_t)(x - errors->activation), accumulator, 4);
            usual = usual_magnitudes(errors);
            continue;
        }
        fqt_store4((int8_t *)x + to, four);
    }
    return count & 3;
}
#elif FQT_VECTORS
// The same in a loop of which compilers make vectors. Gives how many are left: none.
static int32_t put_errors(fqt_errors_t *errors, uint32_t i, const int32_t *accumulator, int32_t count) {
    const int32_t low = errors->unclipped.low;
    const int32_t high = errors->unclipped.high;
    const fqt_multiplier_t multiplier = errors->multiplier;
    const int8_t *x = errors->activation + i;
    int8_t *to = errors->error + i;
    const int32_t kept = errors->adds ? -1 : 0;
    int32_t peak = errors->peak;
    for (int32_t n = 0; n < count; ++n) {
        const bool passes = (x[n] > low) & (x[n] < high);
        const int32_t error = passes ? fqt_requantise_short(accumulator[n], &multiplier) : 0;
        const int32_t value = error + (to[n] & kept);
        const int32_t magnitude = value < 0 ? -value : value;
        peak = magnitude > peak ? magnitude : peak;
        to[n] = (int8_t)fqt_clamp(value, -INT8_MAX, INT8_MAX);
    }
    errors->peak = peak;
    return 0;
}
#endif

#if !FQT_SPARES_TEXT
// Errors by the short way; those that add to others only where there is no other short way for these (put_errors).
// Nearly all are not greater than the greatest so far and than the range; others go their own way.
#define CHANNELS_ADD (!FQT_HAS_DSP && !FQT_VECTORS)

FQT_LOOP void put_channel(
    fqt_errors_t *errors, const fqt_places_t *places, const int32_t *accumulator, uint32_t passing) {
    const fqt_multiplier_t multiplier = errors->multiplier;
    const int32_t least = errors->unclipped.low + 1;
    const uint32_t step = errors->step;
    const int8_t *row = errors->activation + places->first;
    const int32_t to = (int32_t)(errors->error - errors->activation); // one pointer less
    const bool adds = CHANNELS_ADD && errors->adds;
    int32_t usual = errors->peak < INT8_MAX ? errors->peak : INT8_MAX;
    for (int32_t rows = places->rows; rows > 0; --rows, row += places->row_step) {
        const int8_t *x = row;
        for (int32_t columns = places->columns; columns > 0; --columns, x += step, ++accumulator) {
            const bool passes = (uint32_t)(*x - least) < passing;
            int32_t value = (int32_t)fqt_in_register(0);
            if (passes || adds) {
                if (passes) {
                    value = fqt_requantise_short(*accumulator, &multiplier);
                }
                if (adds) {
                    value += x[to];
                }
                if (FQT_UNLIKELY((uint32_t)(value + usual) > 2 * (uint32_t)usual)) {
                    fqt_errors_put(errors, (uint32_t)(x - errors->activation), *accumulator);
                    usual = errors->peak < INT8_MAX ? errors->peak : INT8_MAX;
                    continue;
                }
            }
            ((int8_t *)x)[to] = (int8_t)value;
        }
        accumulator += -places->columns & 3;
    }
}
#endif

void fqt_errors_put_channel(fqt_errors_t *errors, const fqt_places_t *places, const int32_t *accumulators) {
#if !FQT_SPARES_TEXT
    const int32_t passing = errors->unclipped.high - 1 - errors->unclipped.low;
    if ((!errors->adds || CHANNELS_ADD) && fqt_multiplier_is_short(&errors->multiplier) && passing > 0) {
        put_channel(errors, places, accumulators, (uint32_t)passing);
        return;
    }
#endif
    uint32_t i = places->first;
    for (int32_t rows = places->rows; rows > 0; --rows, i += (uint32_t)places->row_step) {
        put_any_errors(errors, i, accumulators, places->columns);
        accumulators += (places->columns + 3) & -4;
    }
}

void fqt_errors_put_all(fqt_errors_t *errors, uint32_t i, const int32_t *accumulators, int32_t count) {
#if FQT_HAS_DSP || FQT_VECTORS
    int32_t left = count;
    if (fqt_multiplier_is_short(&errors->multiplier)) {
        left = put_errors(errors, i, accumulators, count);
    }
    const int32_t done = count - left;
    put_any_errors(errors, i + (uint32_t)done, accumulators + done, left);
#elif FQT_SPARES_TEXT
    put_any_errors(errors, i, accumulators, count);
#else
    fqt_errors_put_channel(errors, &(fqt_places_t) {i, 0, 1, count}, accumulators);
#endif
}

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

// The errors of elements i to i + count - 1 from those of the output.
#if FQT_SPARES_TEXT // as they are, where the scale is handed on
static void pass_on(fqt_errors_t *errors, uint32_t i, const int8_t *e, uint32_t count) {
    for (; count > 0; --count, ++i, ++e) {
        const int32_t x = errors->activation[i];
        if (!errors->keeps_scale) {
            fqt_errors_put(errors, i, *e);
        } else {
            errors->error[i] = (int8_t)(x > errors->unclipped.low && x < errors->unclipped.high ? *e : 0);
        }
    }
}
#else // requantised by the short way, with zeros behind them
FQT_LOOP void pass_on(fqt_errors_t *errors, uint32_t i, const int8_t *e, uint32_t count) {
    int32_t accumulators[PASSED_TOGETHER];
    const uint32_t zeros = fqt_errors_take_zeros(errors, PASSED_ZEROS);
    while (count > 0) {
        const uint32_t together = count < PASSED_TOGETHER ? count : PASSED_TOGETHER;
        for (uint32_t n = 0; n < together; ++n) {
            accumulators[n] = (int32_t)((uint32_t)(int32_t)*e++ << zeros);
        }
        fqt_errors_put_all(errors, i, accumulators, (int32_t)together);
        i += together;
        count -= together;
    }
    errors->multiplier.shift -= zeros;
}
#endif

void fqt_errors_pass_on(const fqt_pass_t *pass, uint32_t first) {
    const fqt_tensor_t *to = pass->input;
    if (!fqt_pass_wants(pass, to)) {
        return;
    }
    fqt_errors_t errors;
    fqt_errors_begin(&errors, pass, fqt_scale_unpack(pass->output->error_scale));
    const int8_t *e = pass->e + first;
    for (uint32_t i = 0; i < to->elements; i += to->channels, e += pass->output->channels) {
        pass_on(&errors, i, e, to->channels);
    }
    fqt_errors_end(&errors);
}
