// The methods that run a model: predict, scores, loss_for, features, train, end_batch. A step allocates nothing.
#include "fqt_engine.h"

#define DEFAULT_LEARNING_RATE (0x3C23D70Au) // 0.01

// predict(x, index=0) -> int; with pixelwise cross-entropy the class of each pixel, bytes
static mp_obj_t predict(engine_t *self, size_t n_args, const mp_obj_t *args, size_t keywords) {
    (void)keywords;
    fqt_model_t *model = &self->model;
    set_input(model, args[1], get_index(n_args, args, 2));
    if (fqt_is_pixelwise(model)) {
        return mp_obj_new_bytes(fqt_predict_pixels(model), model->pixels);
    }
    return MP_OBJ_NEW_SMALL_INT(fqt_predict(model));
}

// scores(x, out=None, index=0) -> out, or a list of float: the outputs
static mp_obj_t scores(engine_t *self, size_t n_args, const mp_obj_t *args, size_t keywords) {
    (void)keywords;
    const uint32_t count = fqt_output_elements(&self->model);
    mp_obj_t out = n_args > 2 ? args[2] : mp_const_none;
    set_input(&self->model, args[1], get_index(n_args, args, 3));
    const int32_t *outputs = fqt_logits(&self->model, 0);
    if (out == mp_const_none) {
        out = mp_obj_new_list(0, NULL);
        for (uint32_t o = 0; o < count; ++o) {
            mp_obj_list_append(out, float_from_bits(fqt_output_float(&self->model, o, outputs[o])));
        }
        return out;
    }
    mp_buffer_info_t buffer;
    get_out(out, &buffer);
    if (buffer.typecode != 'f' || buffer.len != 4 * count) {
        fail_1(FQT_MESSAGE_SCORES_OUT, count);
    }
    for (uint32_t o = 0; o < count; ++o) {
        fqt_write_u32((uint8_t *)buffer.buf + 4 * o, fqt_output_float(&self->model, o, outputs[o]));
    }
    return out;
}

// loss_for(x, target, index=0) -> float
static mp_obj_t loss_for(engine_t *self, size_t n_args, const mp_obj_t *args, size_t keywords) {
    (void)keywords;
    const mp_int_t index = get_index(n_args, args, 3);
    set_input(&self->model, args[1], index);
    const uint32_t label = set_target(&self->model, args[2], index, false);
    return float_from_q16(fqt_loss(&self->model, label));
}

static void check_frozen_front(const fqt_model_t *model) {
    if (model->cut == 0) {
        fail(FQT_MESSAGE_NO_FEATURES);
    }
}

// features(x, out, index=0, offset=0) -> out: what the frozen front part makes of a sample, to out[offset:]
static mp_obj_t features(engine_t *self, size_t n_args, const mp_obj_t *args, size_t keywords) {
    (void)keywords;
    fqt_model_t *model = &self->model;
    check_frozen_front(model);
    const uint32_t elements = fqt_tensor(model, model->cut)->elements;
    const mp_int_t offset = get_index(n_args, args, 4);
    set_input(&self->model, args[1], get_index(n_args, args, 3));
    const int8_t *values = fqt_features(model);
    mp_buffer_info_t buffer;
    get_out(args[2], &buffer);
    if (!is_bytes(args[2], &buffer) || offset < 0 || (mp_uint_t)offset > buffer.len
        || buffer.len - (mp_uint_t)offset < elements) {
        fail_3(FQT_MESSAGE_FEATURES_OUT, elements, buffer.len, 0);
    }
    fqt_copy((uint8_t *)buffer.buf + offset, values, elements);
    return args[2];
}

// Raise when the model was seen to diverge. The advice fits the learning rate that it was seen at.
static void check_diverged(const fqt_model_t *model, uint32_t learning_rate) {
    if (model->diverged == 0) {
        return;
    }
    uint32_t message = model->silent ? FQT_MESSAGE_SILENT : FQT_MESSAGE_DIVERGED;
    if (learning_rate == 0) {
        message = model->silent ? FQT_MESSAGE_SILENT_AT_REST : FQT_MESSAGE_BEYOND_RANGE;
    }
    fail_at(model, model->diverged - 1u, message);
}

// train(x, target, lr=0.01, index=0, features=False): one step
static mp_obj_t train(engine_t *self, size_t n_args, const mp_obj_t *args, size_t keywords) {
    mp_arg_t allowed[] = {
        {MP_QSTR_x, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_target, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_lr, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_index, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(0)}},
        {MP_QSTR_features, MP_ARG_BOOL, {.u_bool = false}},
    };
    mp_arg_val_t values[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args - 1, keywords, args + 1, MP_ARRAY_SIZE(allowed), allowed, values);
    fqt_model_t *model = &self->model;
    const mp_int_t index = get_int(values[3].u_obj, FQT_MESSAGE_INDEX_TYPE, 0);
    const bool from_features = values[4].u_bool;
    uint32_t learning_rate =
        values[2].u_obj == mp_const_none ? DEFAULT_LEARNING_RATE : get_learning_rate(values[2].u_obj);
    if (!fqt_trains(model)) {
        fail(FQT_MESSAGE_NOTHING_TRAINS);
    }
    if (!model->silent) {
        check_diverged(model, learning_rate);
    }
    if (from_features) {
        check_frozen_front(model);
        set_features(model, values[0].u_obj, index);
    } else {
        set_input(model, values[0].u_obj, index);
    }
    uint32_t label = set_target(model, values[1].u_obj, index, from_features);
    self->loss = fqt_train_step(model, from_features ? model->cut : 0, label, learning_rate);
    check_diverged(model, learning_rate);
    return MP_OBJ_NULL;
}

// end_batch(): end a mini-batch before it is full
static mp_obj_t end_batch(engine_t *self, size_t n_args, const mp_obj_t *args, size_t keywords) {
    (void)n_args, (void)args, (void)keywords;
    fqt_end_batch(&self->model);
    return MP_OBJ_NULL;
}
