// The methods that change how a model trains: freeze, unfreeze, reset, its options, and the map of its outputs.
#include "fqt_engine.h"

enum { FREEZE, UNFREEZE, RESET };

// What freeze, unfreeze and reset share: one layer that is named, or all that train.
static mp_obj_t change_layers(engine_t *self, size_t n_args, const mp_obj_t *args, uint32_t change) {
    fqt_model_t *model = &self->model;
    uint32_t first = 0;
    uint32_t end = model->layer_count;
    if (n_args > 1) {
        first = get_layer(model, args[1]);
        end = first + 1;
        if (!fqt_layer(model, first)->trainable) {
            fail_at(model, first, FQT_MESSAGE_NOT_TRAINABLE);
        }
    }
    for (uint32_t i = first; i < end; ++i) {
        if (!fqt_layer(model, i)->trainable) {
            continue;
        }
        if (change == RESET) {
            fqt_reset(model, i);
        } else {
            fqt_end_batch(model);
            fqt_freeze(model, i, change == FREEZE);
        }
    }
    return MP_OBJ_NULL;
}

// freeze(layer=all)
static mp_obj_t freeze(engine_t *self, size_t n_args, const mp_obj_t *args, size_t keywords) {
    (void)keywords;
    return change_layers(self, n_args, args, FREEZE);
}

// unfreeze(layer=all)
static mp_obj_t unfreeze(engine_t *self, size_t n_args, const mp_obj_t *args, size_t keywords) {
    (void)keywords;
    return change_layers(self, n_args, args, UNFREEZE);
}

// reset(layer=all)
static mp_obj_t reset(engine_t *self, size_t n_args, const mp_obj_t *args, size_t keywords) {
    (void)keywords;
    return change_layers(self, n_args, args, RESET);
}

// A share above 0 and at most 1 as Q16.
static uint32_t get_share(mp_obj_t number) {
    const uint32_t bits = get_float_bits(number);
    if (bits == 0 || bits > FQT_FLOAT_ONE) {
        fail(FQT_MESSAGE_UPDATE_RATE);
    }
    const int32_t share = fqt_fixed_multiply(fqt_scale_shifted(fqt_scale_unpack(bits), 16), 1);
    return share > 0 ? (uint32_t)share : 1;
}

// _set_options(least rate, greatest rate, standardize, weight_decay, sample_updates). The store of an attribute does
// not reach a native base class: Model makes properties of these.
static mp_obj_t set_options(engine_t *self, size_t n_args, const mp_obj_t *args, size_t keywords) {
    (void)n_args, (void)keywords;
    fqt_options_t wanted = {
        .least_rate = get_share(args[1]),
        .greatest_rate = get_share(args[2]),
        .standardizes = mp_obj_is_true(args[3]),
        .weight_decay = get_rate(args[4], FQT_MESSAGE_WEIGHT_DECAY),
        .samples = mp_obj_is_true(args[5]),
    };
    if (wanted.least_rate > wanted.greatest_rate) {
        fail(FQT_MESSAGE_UPDATE_RATES);
    }
    self->model.options = wanted;
    return MP_OBJ_NULL;
}

// map_output(offset, scale, output=0): what an output means, in the user's units
static mp_obj_t map_output(engine_t *self, size_t n_args, const mp_obj_t *args, size_t keywords) {
    (void)keywords;
    fqt_model_t *model = &self->model;
    const uint32_t greatest = fqt_output_elements(model) - 1;
    const uint32_t offset = get_float_bits(args[1]);
    const uint32_t scale = get_float_bits(args[2]);
    const mp_int_t output = get_index(n_args, args, 3);
    if (!(model->maps & FQT_MAP_OUTPUT)) {
        fail(FQT_MESSAGE_NO_OUTPUT_MAP);
    }
    if ((mp_uint_t)output > greatest || !fqt_map_output(model, (uint32_t)output, offset, scale)) {
        fail_1(FQT_MESSAGE_MAP_OUTPUT, greatest);
    }
    return MP_OBJ_NULL;
}
