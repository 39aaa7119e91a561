// See fqt_select.h.
#include "fqt_select.h"
#include "../base/fqt_random.h"
#include "../base/fqt_simd.h"

#define PROBE_INTERVAL (8) // a power of two
// Of so many channels one: where more take part it is no shorter to form their errors alone.
#define FEW (4)
#define GREATEST_FACTOR_Q8 (512) // 2: unlimited, the rare channels' steps are so long that training runs away
// The greatest loss rises by at most a quarter a step, so that one bad target cannot set it, and fades by 1/256 of what
// lies above the step's loss: it settles where about one loss in sixty is greater.
#define RISE_SHIFT (2)
#define FADE_SHIFT (8)

#if FQT_HAS_DSP
// Of four channels: a load, the magnitudes in three instructions, four additions.
static FQT_NOINLINE void norms_of_four(const int8_t *e, const int8_t *end, uint32_t step, uint32_t norms[4]) {
    uint32_t norm_0 = 0;
    uint32_t norm_1 = 0;
    uint32_t norm_2 = 0;
    uint32_t norm_3 = 0;
    for (; e < end; e += step) {
        const uint32_t magnitudes = fqt_magnitudes(fqt_load4(e));
        norm_0 += magnitudes & 0xFF;
        norm_1 += magnitudes >> 8 & 0xFF;
        norm_2 += magnitudes >> 16 & 0xFF;
        norm_3 += magnitudes >> 24;
    }
    norms[0] = norm_0;
    norms[1] = norm_1;
    norms[2] = norm_2;
    norms[3] = norm_3;
}
#endif

// norms[o] = sum over the probed positions of |e[position][o]|
static void error_norms(const fqt_model_t *model, uint32_t tensor, uint32_t *norms) {
    const fqt_tensor_t *output = fqt_tensor(model, tensor);
    const fqt_probe_t probe = fqt_probe(model, tensor);
    const uint32_t channels = output->channels;
    const uint32_t step = channels * probe.interval;
    const int8_t *e = fqt_error_of(model, tensor);
    const int8_t *end = e + output->elements;
    e += probe.first * channels;
    uint32_t o = 0;
#if FQT_HAS_DSP
    for (; o + 4 <= channels; o += 4) {
        norms_of_four(e + o, end, step, &norms[o]);
    }
#endif
    for (; o < channels; ++o) {
        uint32_t norm = 0;
        for (const int8_t *error = e + o; error < end; error += step) {
            const int32_t value = *error;
            norm += (uint32_t)(value < 0 ? -value : value);
        }
        norms[o] = norm;
    }
}

// e = factor_q8 / 256 * e, rounded stochastically, in elements i, i + step, ...
static void scale_errors(int8_t *e, uint32_t i, uint32_t elements, uint32_t step, int32_t factor_q8, uint32_t base) {
    for (; i < elements; i += step) {
        if (e[i] != 0) {
            const int32_t scaled = (e[i] * factor_q8 + (int32_t)(fqt_dither(base, i) >> 24)) >> 8;
            e[i] = (int8_t)fqt_clamp(scaled, -INT8_MAX, INT8_MAX);
        }
    }
}

// Where marks lie `interval` apart on the line of all norms, none of which counts for more than the interval, so many
// fit: a channel with a norm as great is hit for certain.
static uint32_t interval_of(const uint32_t *norms, uint32_t channels, uint32_t marks) {
    uint32_t interval = UINT32_MAX;
    uint32_t previous;
    do {
        previous = interval;
        uint32_t sum = 0; // 127 * 2^24 at most
        uint32_t left = marks;
        for (uint32_t o = 0; o < channels; ++o) {
            if (norms[o] >= previous) {
                --left;
            } else {
                sum += norms[o];
            }
        }
        interval = sum / left + 1;
    } while (interval != previous);
    return interval;
}

// Systematic sampling: the first mark lies at random, and channels that a mark hits are drawn. Those that might not
// have been, for their errors' mean to be that of all, count interval / norm times, but for the limit.
static uint32_t sample(const fqt_model_t *model, uint32_t tensor, bool scales, const uint32_t *norms, uint32_t wanted,
    uint16_t *selected) {
    const uint32_t channels = fqt_tensor(model, tensor)->channels;
    const uint32_t interval = interval_of(norms, channels, wanted);
    uint32_t mark = fqt_dither(model->sampling, tensor) % interval; // the same whenever a step asks
    uint32_t end = 0;
    uint32_t count = 0;
    for (uint32_t o = 0; o < channels; ++o) {
        end += norms[o] < interval ? norms[o] : interval;
        if (mark >= end) {
            continue;
        }
        mark += interval;
        if (scales && norms[o] < interval) {
            const int32_t factor_q8 =
                fqt_limited_multiply(fqt_scale_ratio(interval, norms[o]), 1 << 8, GREATEST_FACTOR_Q8);
            scale_errors(fqt_error_of(model, tensor), o, fqt_tensor(model, tensor)->elements, channels, factor_q8,
                model->sampling);
        }
        selected[count++] = (uint16_t)o;
    }
    return count;
}

// Those with the greatest norms; of equal ones, the first. Their limit is found bit by bit: the greatest number that so
// many reach, or the first that just so many reach.
static uint32_t take_greatest(uint32_t *norms, uint32_t channels, uint32_t wanted, uint16_t *selected) {
    uint32_t any = 0;
    for (uint32_t o = 0; o < channels; ++o) {
        // Different ones, in the same order: at most 127 * (2^24 / 8 + 2^16).
        norms[o] = norms[o] == 0 ? 0 : norms[o] * channels + channels - o;
        any |= norms[o];
    }
    uint32_t limit = 0;
    uint32_t count = 0;
    for (uint32_t bit = 1u << 31; bit > 0 && count != wanted; bit >>= 1) {
        if (bit > any) {
            continue;
        }
        count = 0;
        for (uint32_t o = 0; o < channels; ++o) {
            count += norms[o] >= (limit | bit);
        }
        limit |= count >= wanted ? bit : 0;
    }
    count = 0;
    for (uint32_t o = 0; o < channels; ++o) {
        if (norms[o] != 0 && norms[o] >= limit) {
            selected[count++] = (uint16_t)o;
        }
    }
    return count;
}

// How many of a tensor's channels take part; of a few, all.
static uint32_t share_of(const fqt_tensor_t *tensor, uint32_t rate) {
    const uint32_t wanted = rate * tensor->channels >> 16; // 2^16 * (2^16 - 1) at most
    return wanted > FQT_LEAST_CHANNELS ? wanted : FQT_LEAST_CHANNELS;
}

// Select among the channels of a tensor by the errors at the probed positions. norms: memory for one a channel. With
// `scales`, the errors of channels that were drawn are scaled.
static uint32_t choose(
    const fqt_model_t *model, uint32_t tensor, uint32_t wanted, bool scales, uint32_t *norms, uint16_t *selected) {
    const uint32_t channels = fqt_tensor(model, tensor)->channels;
    error_norms(model, tensor, norms);
    return model->options.samples ? sample(model, tensor, scales, norms, wanted, selected)
                                  : take_greatest(norms, channels, wanted, selected);
}

void fqt_select(fqt_pass_t *pass) {
    const uint32_t channels = pass->output->channels;
    uint16_t *selected = pass->scratch;
    const uint32_t wanted = share_of(pass->output, pass->update_rate);
    pass->selection = (fqt_selection_t) {channels, selected};
    pass->scratch = (uint8_t *)pass->scratch + fqt_selection_bytes(channels);
    // Of the outputs those with the greatest errors alone, often the label's, would be pushed up and none down:
    // training runs away.
    if (wanted < channels && !fqt_pass_is_last(pass)) {
        pass->selection.count = choose(pass->model, pass->index + 1, wanted, true, pass->scratch, selected);
        return;
    }
    for (uint32_t o = 0; o < channels; ++o) {
        selected[o] = (uint16_t)o;
    }
}

bool fqt_selects_input(const fqt_pass_t *pass) {
    const uint32_t source = pass->shape.source; // made by layer source - 1
    const fqt_tensor_t *tensor = fqt_tensor(pass->model, source);
    return pass->input->readers == 1 && source > 0 && fqt_layer(pass->model, source - 1)->filter_elements != 0
           && FEW * share_of(tensor, pass->update_rate) <= tensor->channels;
}

uint32_t fqt_select_input(const fqt_pass_t *pass, uint32_t *norms, uint16_t *selected) {
    const uint32_t source = pass->shape.source;
    const uint32_t wanted = share_of(fqt_tensor(pass->model, source), pass->update_rate);
    return choose(pass->model, source, wanted, false, norms, selected);
}

fqt_probe_t fqt_probe(const fqt_model_t *model, uint32_t tensor) {
    const fqt_tensor_t *output = fqt_tensor(model, tensor);
    const uint32_t interval = output->elements / PROBE_INTERVAL < output->channels ? 1 : PROBE_INTERVAL;
    return (fqt_probe_t) {interval, model->step_count & (interval - 1)};
}

void fqt_follow_greatest_loss(fqt_model_t *model, int32_t loss) {
    const int32_t greatest = model->greatest_loss;
    if (loss > greatest) {
        const int32_t rise = (greatest >> RISE_SHIFT) + 1;
        model->greatest_loss = loss - greatest < rise ? loss : greatest + rise;
    } else {
        const uint32_t above = (uint32_t)(greatest - loss);
        model->greatest_loss = greatest - (int32_t)((above + (1u << FADE_SHIFT) - 1) >> FADE_SHIFT);
    }
}

uint32_t fqt_update_rate(const fqt_model_t *model, int32_t loss) {
    const fqt_options_t *options = &model->options;
    if (loss >= model->greatest_loss || options->least_rate >= options->greatest_rate) {
        return options->greatest_rate;
    }
    fqt_scale_t share = fqt_scale_ratio(options->greatest_rate - options->least_rate, (uint32_t)model->greatest_loss);
    return options->least_rate + (uint32_t)fqt_fixed_multiply(share, loss);
}
