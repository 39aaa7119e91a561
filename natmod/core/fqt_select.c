// See fqt_select.h.
#include "fqt_select.h"
#include "fqt_random.h"
#include "fqt_simd.h"

#define GREATEST_FACTOR_Q8 (512) // 2: unlimited, the rare channels' steps are so long that training runs away

#if FQT_HAS_DSP
// Of four channels: at two positions two loads, their magnitudes (two subtractions, a selection), whose sums fit bytes, and
// two additions of pairs, whose 16 bits are emptied before they overflow.
FQT_LOOP void norms_of_four(const int8_t *e, uint32_t channels, uint32_t positions, uint32_t norms[4]) {
    norms[0] = norms[1] = norms[2] = norms[3] = 0;
    while (positions > 0) {
        uint32_t even = 0; // of channels 0 and 2
        uint32_t odd = 0; // of channels 1 and 3
        uint32_t together = positions < 512 ? positions : 512; // * 127 < 2^16
        positions -= together;
        while (together > 0) {
            uint32_t magnitudes = fqt_magnitudes(fqt_load4(e));
            e += channels;
            if (--together > 0) {
                magnitudes += fqt_magnitudes(fqt_load4(e));
                e += channels;
                --together;
            }
            even = fqt_add_even_magnitudes(even, magnitudes);
            odd = fqt_add_odd_magnitudes(odd, magnitudes);
        }
        norms[0] += even & 0xFFFF;
        norms[1] += odd & 0xFFFF;
        norms[2] += even >> 16;
        norms[3] += odd >> 16;
    }
}
#endif

// norms[o] = sum over positions of |e[oy, ox, o]|
static void error_norms(const fqt_pass_t *pass, uint32_t *norms) {
    const fqt_tensor_t *output = pass->output;
    const int8_t *e = pass->e;
    const uint32_t channels = output->channels;
    const uint32_t positions = (uint32_t)output->height * output->width;
    uint32_t o = 0;
#if FQT_HAS_DSP
    for (; o + 4 <= channels; o += 4) {
        norms_of_four(e + o, channels, positions, &norms[o]);
    }
#endif
    for (; o < channels; ++o) {
        const int8_t *error = e + o;
        uint32_t norm = 0;
        for (uint32_t p = positions; p > 0; --p, error += channels) {
            norm += (uint32_t)(*error < 0 ? -*error : *error);
        }
        norms[o] = norm;
    }
}

// The least of the `wanted` greatest norms, bit by bit: the greatest number that so many reach.
FQT_HOT static uint32_t find_limit(const uint32_t *norms, uint32_t channels, uint32_t wanted) {
    uint32_t any = 0;
    for (uint32_t o = 0; o < channels; ++o) {
        any |= norms[o];
    }
    uint32_t limit = 0;
    for (uint32_t bit = 1u << 31; bit > 0; bit >>= 1) {
        if (bit > any) {
            continue;
        }
        uint32_t count = 0;
        for (uint32_t o = 0; o < channels; ++o) {
            count += norms[o] >= (limit | bit);
        }
        limit |= count >= wanted ? bit : 0;
    }
    return limit;
}

// e = min(factor, 2) * e, rounded stochastically, in one channel.
static void scale_errors(const fqt_pass_t *pass, uint32_t channel, fqt_scale_t factor, uint32_t base) {
    const fqt_tensor_t *output = pass->output;
    int8_t *e = fqt_error_of(pass->model, pass->index + 1);
    int32_t factor_q8 = fqt_fixed_multiply(1 << 8, factor);
    factor_q8 = factor_q8 < GREATEST_FACTOR_Q8 ? factor_q8 : GREATEST_FACTOR_Q8;
    for (uint32_t i = channel; i < output->elements; i += output->channels) {
        int32_t scaled = (e[i] * factor_q8 + (int32_t)(fqt_dither(base, i) >> 24)) >> 8;
        e[i] = (int8_t)fqt_clamp(scaled, -127, 127);
    }
}

// Systematic sampling: of marks that lie `interval` apart on the line of all norms, from a random start on, a channel gets
// those that hit its norm. Its errors times interval * hits / norm have the mean of all errors, but for the limit.
static uint32_t sample(const fqt_pass_t *pass, const uint32_t *norms, uint32_t wanted, uint16_t *selected) {
    const uint32_t channels = pass->output->channels;
    uint32_t *random_state = &pass->model->random_state;
    uint32_t sum = 0;
    for (uint32_t o = 0; o < channels; ++o) {
        sum += norms[o]; // at most 127 * 2^24
    }
    if (sum == 0) {
        return 0;
    }
    const uint32_t interval = (sum - 1) / wanted + 1;
    uint32_t mark = (uint32_t)(((uint64_t)fqt_random_draw(random_state) * interval) >> 32);
    const uint32_t base = fqt_random_draw(random_state);
    uint32_t end = 0;
    uint32_t count = 0;
    for (uint32_t o = 0; o < channels; ++o) {
        uint32_t marked = 0;
        end += norms[o];
        while (mark < end) {
            mark += interval;
            marked += interval;
        }
        if (marked != 0) {
            scale_errors(pass, o, fqt_scale_ratio(marked, norms[o]), base);
            selected[count++] = (uint16_t)o;
        }
    }
    return count;
}

// Those with the greatest norms; of those at the limit, the first ones.
static uint32_t take_greatest(const uint32_t *norms, uint32_t channels, uint32_t wanted, uint16_t *selected) {
    const uint32_t limit = find_limit(norms, channels, wanted);
    uint32_t ties = wanted;
    uint32_t count = 0;
    for (uint32_t o = 0; o < channels; ++o) {
        ties -= norms[o] > limit;
    }
    for (uint32_t o = 0; o < channels; ++o) {
        if (norms[o] > limit || (norms[o] == limit && norms[o] != 0 && ties != 0)) {
            ties -= norms[o] == limit;
            selected[count++] = (uint16_t)o;
        }
    }
    return count;
}

void fqt_select(fqt_pass_t *pass, uint32_t rate) {
    const uint32_t channels = pass->output->channels;
    uint16_t *selected = fqt_scratch(pass->model);
    uint32_t wanted = (uint32_t)(((uint64_t)rate * channels) >> 16);
    wanted = wanted > 0 ? wanted : 1;
    pass->selection = (fqt_selection_t) {channels, selected};
    pass->scratch = (uint8_t *)fqt_scratch(pass->model) + fqt_selection_bytes(channels);
    if (wanted >= channels) {
        for (uint32_t o = 0; o < channels; ++o) {
            selected[o] = (uint16_t)o;
        }
        return;
    }
    uint32_t *norms = pass->scratch;
    error_norms(pass, norms);
    pass->selection.count = pass->model->options.samples ? sample(pass, norms, wanted, selected)
                                                         : take_greatest(norms, channels, wanted, selected);
}

uint32_t fqt_update_rate(const fqt_model_t *model, int32_t loss) {
    const fqt_options_t *options = &model->options;
    if (loss >= model->greatest_loss || options->least_rate >= options->greatest_rate) {
        return options->greatest_rate;
    }
    fqt_scale_t share = fqt_scale_ratio(options->greatest_rate - options->least_rate, (uint32_t)model->greatest_loss);
    return options->least_rate + (uint32_t)fqt_fixed_multiply(loss, share);
}
