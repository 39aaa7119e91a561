// What a model tells of itself. Nothing is taken for it: each number is read once, and is valid whenever it is read.
#include "fqt_engine.h"

static mp_obj_t shape_of(const fqt_tensor_t *tensor) {
    mp_obj_t items[] = {
        MP_OBJ_NEW_SMALL_INT(tensor->height),
        MP_OBJ_NEW_SMALL_INT(tensor->width),
        MP_OBJ_NEW_SMALL_INT(tensor->channels),
    };
    return mp_obj_new_tuple(3, items);
}

// (name, kind, output shape, parameters, trains, output scale, output zero point)
static mp_obj_t layer_description(const fqt_model_t *model, uint32_t index) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_tensor_t *output = fqt_tensor(model, index + 1);
    uint32_t parameters = fqt_kind_of(model, index)->has_weights ? (layer->filter_elements + 1) * output->channels : 0;
    mp_obj_t items[] = {
        name_to_str(layer->name),
        name_to_str(fqt_kind_of(model, index)->name),
        shape_of(output),
        new_int(parameters),
        mp_obj_new_bool(layer->updates),
        float_from_bits(output->scale),
        MP_OBJ_NEW_SMALL_INT(output->zero_point),
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
}

static mp_obj_t layer_descriptions(const fqt_model_t *model) {
    mp_obj_t list = mp_obj_new_list(0, NULL);
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        mp_obj_list_append(list, layer_description(model, i));
    }
    return list;
}

static mp_obj_t loss_name(const fqt_model_t *model) {
    return MP_OBJ_NEW_QSTR(model->loss == FQT_LOSS_MEAN_SQUARED_ERROR        ? MP_QSTR_mean_squared_error
                           : model->loss == FQT_LOSS_BINARY_CROSS_ENTROPY    ? MP_QSTR_binary_cross_entropy
                           : model->loss == FQT_LOSS_PIXELWISE_CROSS_ENTROPY ? MP_QSTR_pixelwise_cross_entropy
                                                                             : MP_QSTR_softmax_cross_entropy);
}

// As _set_options takes them.
static mp_obj_t options_tuple(const fqt_options_t *options) {
    mp_obj_t items[] = {
        float_from_q16((int32_t)options->least_rate),
        float_from_q16((int32_t)options->greatest_rate),
        mp_obj_new_bool(options->standardizes),
        float_from_bits(options->weight_decay),
        mp_obj_new_bool(options->samples),
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
}

static mp_obj_t load_attribute(const engine_t *self, qstr attribute) {
    const fqt_model_t *model = &self->model;
    const fqt_tensor_t *input = fqt_tensor(model, 0);
    uint32_t number;
    if (attribute == MP_QSTR_loss) {
        return float_from_q16(self->loss);
    } else if (attribute == MP_QSTR_loss_name) {
        return loss_name(model);
    } else if (attribute == MP_QSTR_diverged) {
        const uint32_t diverged = *(const volatile uint8_t *)&model->diverged;
        return diverged != 0 ? name_to_str(fqt_layer(model, diverged - 1)->name) : mp_const_none;
    } else if (attribute == MP_QSTR_name) {
        return name_to_str(model->name);
    } else if (attribute == MP_QSTR_layers) {
        return layer_descriptions(model);
    } else if (attribute == MP_QSTR__texts) {
        return mp_obj_new_str((const char *)model->arena + model->texts, model->text_bytes);
    } else if (attribute == MP_QSTR__options) {
        return options_tuple(&model->options);
    } else if (attribute == MP_QSTR_input_shape) {
        return shape_of(input);
    } else if (attribute == MP_QSTR_input_scale) {
        return float_from_bits(input->scale);
    } else if (attribute == MP_QSTR_clipped) {
        return float_from_bits(fqt_scale_pack(fqt_scale_ratio(model->clipped, input->elements)));
    } else if (attribute == MP_QSTR_input_zero_point) {
        return MP_OBJ_NEW_SMALL_INT(input->zero_point);
    } else if (attribute == MP_QSTR_input_type) {
        return MP_OBJ_NEW_QSTR(model->input_type == FQT_INPUT_UINT8 ? MP_QSTR_uint8 : MP_QSTR_int8);
    } else if (attribute == MP_QSTR_memory) {
        number = model->tables_bytes + model->arena_bytes;
    } else if (attribute == MP_QSTR_batch) {
        number = model->batch;
    } else if (attribute == MP_QSTR_feature_elements) {
        number = fqt_tensor(model, model->cut)->elements;
    } else if (attribute == MP_QSTR__cut) {
        number = model->cut;
    } else if (attribute == MP_QSTR_master) {
        number = model->master;
    } else if (attribute == MP_QSTR_steps) {
        number = model->step_count;
    } else if (attribute == MP_QSTR_outputs) {
        number = fqt_output_elements(model);
    } else {
        return MP_OBJ_NULL;
    }
    return new_int(number);
}

static void engine_attr(mp_obj_t self_in, qstr attribute, mp_obj_t *destination) {
    if (destination[0] != MP_OBJ_NULL) {
        return; // a store: AttributeError. (A store to a Model does not come here.)
    }
    destination[0] = load_attribute(MP_OBJ_TO_PTR(self_in), attribute);
    if (destination[0] == MP_OBJ_NULL) {
        destination[1] = MP_OBJ_SENTINEL; // look among the methods
    }
}
