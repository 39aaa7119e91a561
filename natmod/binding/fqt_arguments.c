// What methods are given: samples, targets, layers.
//
// Converting an argument, or allocating, may run Python code, which may resize or free a buffer. So a buffer is looked
// up just before its bytes are copied, and nothing is converted in between.
#include "fqt_engine.h"

// Argument `i`, which sample of a buffer or where in it: 0 by default.
static mp_int_t get_index(size_t n_args, const mp_obj_t *args, size_t i) {
    return n_args > i ? get_int(args[i], FQT_MESSAGE_INDEX_TYPE, 0) : 0;
}

// The buffer that results go to.
static void get_out(mp_obj_t out, mp_buffer_info_t *buffer) {
    if (!mp_get_buffer(out, buffer, MP_BUFFER_WRITE)) {
        fail(FQT_MESSAGE_OUT_TYPE);
    }
}

static bool is_text(mp_obj_t object) {
    return mp_obj_get_type(object) == &mp_type_str;
}

// int8 or uint8 values: bytes, a bytearray, or an array of either type.
static bool is_bytes(mp_obj_t object, const mp_buffer_info_t *buffer) {
    return (buffer->typecode == 'B' || buffer->typecode == BYTEARRAY_TYPECODE || buffer->typecode == 'b')
           && !is_text(object);
}

// Whether a buffer of bytes counts as unsigned numbers: an array 'B' or a view of one. Bytes are the same typecode, but
// cannot be written to.
static bool is_unsigned(mp_obj_t object, const mp_buffer_info_t *buffer) {
    mp_buffer_info_t writable;
    return buffer->typecode == 'B' && mp_get_buffer(object, &writable, MP_BUFFER_WRITE);
}

// Row `index` of a buffer that holds one row or many.
static const uint8_t *row_of(
    const mp_buffer_info_t *buffer, mp_int_t index, uint32_t elements, uint32_t element_bytes) {
    const uint32_t row_bytes = elements * element_bytes;
    const uint32_t rows = buffer->len / row_bytes;
    if (rows * row_bytes != buffer->len || rows == 0) {
        fail_3(FQT_MESSAGE_SAMPLE_BYTES, elements, row_bytes, buffer->len);
    }
    if (index < 0 || (mp_uint_t)index >= rows) {
        fail_1(FQT_MESSAGE_INDEX, rows);
    }
    return (const uint8_t *)buffer->buf + (mp_uint_t)index * row_bytes;
}

// Copy sample `index` of a buffer to the input tensor, as int8.
static void set_input(fqt_model_t *model, mp_obj_t object, mp_int_t index) {
    mp_buffer_info_t buffer;
    const bool is_uint8 = model->input_type == FQT_INPUT_UINT8;
    const bool is_mapped = model->maps & FQT_MAP_INPUT;
    bool fits = mp_get_buffer(object, &buffer, MP_BUFFER_READ);
    const bool is_float = fits && buffer.typecode == 'f';
    const bool is_int16 = fits && buffer.typecode == 'h' && is_mapped;
    fits = fits
           && (is_float || is_int16
               || (is_bytes(object, &buffer) && (is_uint8 ? buffer.typecode != 'b' : !is_unsigned(object, &buffer))));
    if (!fits) {
        fail(is_uint8 ? FQT_MESSAGE_UINT8_INPUT : FQT_MESSAGE_INT8_INPUT);
    }
    const uint32_t elements = fqt_tensor(model, 0)->elements;
    const fqt_number_t type = is_float ? FQT_FLOAT32 : is_int16 ? FQT_INT16 : FQT_UINT8;
    const uint8_t *from = row_of(&buffer, index, elements, type);
    int8_t *input = fqt_input(model);
    model->clipped = 0;
    if (type != FQT_UINT8 || (is_uint8 && is_mapped)) {
        uint32_t found;
        if (!fqt_quantize(model, from, type, elements, input, &found)) {
            fail_1(FQT_MESSAGE_INPUT_ELEMENT, found);
        }
        model->clipped = found;
        return;
    }
    const uint8_t flip = is_uint8 ? 0x80 : 0;
    for (uint32_t i = 0; i < elements; ++i) {
        input[i] = (int8_t)(from[i] ^ flip);
    }
}

// Copy row `index` of features to the tensor that they are of.
static void set_features(const fqt_model_t *model, mp_obj_t object, mp_int_t index) {
    mp_buffer_info_t buffer;
    if (!mp_get_buffer(object, &buffer, MP_BUFFER_READ) || !is_bytes(object, &buffer)) {
        fail(FQT_MESSAGE_FEATURES);
    }
    const uint32_t elements = fqt_tensor(model, model->cut)->elements;
    fqt_copy(fqt_activation(model, model->cut), row_of(&buffer, index, elements, 1), elements);
}

static void set_target_element(const fqt_model_t *model, uint32_t element, uint32_t float_bits) {
    if (!fqt_target_float(model, element, float_bits, &fqt_targets(model)[element])) {
        fail_1(FQT_MESSAGE_TARGET_ELEMENT, element);
    }
}

// What the sample in the input tensor should give, one number an output, to the model's targets.
static void set_targets(fqt_model_t *model, mp_obj_t target, mp_int_t index, bool from_features) {
    const uint32_t outputs = fqt_output_elements(model);
    mp_buffer_info_t buffer;
    if (target == mp_const_none) {
        const uint32_t elements = fqt_tensor(model, 0)->elements;
        if (from_features || elements != outputs || (model->maps & FQT_MAP_OUTPUT)) {
            fail_3(from_features ? FQT_MESSAGE_NO_INPUT_AS_TARGET : FQT_MESSAGE_INPUT_AS_TARGET, elements, outputs, 0);
        }
        fqt_target_input(model);
    } else if (mp_get_buffer(target, &buffer, MP_BUFFER_READ)) {
        if (buffer.typecode != 'f') {
            fail_1(FQT_MESSAGE_TARGET_TYPECODE, outputs);
        }
        const uint8_t *from = row_of(&buffer, buffer.len == 4 * outputs ? 0 : index, outputs, 4);
        for (uint32_t o = 0; o < outputs; ++o) {
            set_target_element(model, o, fqt_read_u32(from + 4 * o));
        }
    } else if (outputs == 1) {
        set_target_element(model, 0, get_float_bits(target));
    } else {
        fail(FQT_MESSAGE_TARGET);
    }
    for (uint32_t o = 0; o < outputs && model->loss == FQT_LOSS_BINARY_CROSS_ENTROPY; ++o) {
        if ((uint32_t)fqt_targets(model)[o] > 65536) {
            fail_1(FQT_MESSAGE_BINARY_TARGET, o);
        }
    }
}

// The label of each pixel, a byte each, to the model.
static void set_pixel_labels(const fqt_model_t *model, mp_obj_t target, mp_int_t index) {
    const uint32_t pixels = model->pixels;
    const uint32_t classes = model->classes;
    mp_buffer_info_t buffer;
    if (!mp_get_buffer(target, &buffer, MP_BUFFER_READ) || !is_bytes(target, &buffer)) {
        fail_1(FQT_MESSAGE_PIXEL_LABELS, pixels);
    }
    const uint8_t *from = row_of(&buffer, buffer.len == pixels ? 0 : index, pixels, 1);
    for (uint32_t p = 0; p < pixels; ++p) {
        if (from[p] >= classes && from[p] != FQT_IGNORED) {
            fail_3(FQT_MESSAGE_PIXEL_LABEL, p, classes - 1, 0);
        }
    }
    fqt_copy(fqt_pixel_labels(model), from, pixels);
}

// Take what the sample in the input tensor should give. Returns its label, when that is what the loss compares with.
static uint32_t set_target(fqt_model_t *model, mp_obj_t target, mp_int_t index, bool from_features) {
    if (fqt_has_targets(model)) {
        set_targets(model, target, index, from_features);
        return 0;
    }
    if (fqt_is_pixelwise(model)) {
        set_pixel_labels(model, target, index);
        return 0;
    }
    const uint32_t greatest = fqt_output_elements(model) - 1;
    const mp_int_t label = get_int(target, FQT_MESSAGE_LABEL_TYPE, greatest);
    if (label < 0 || (mp_uint_t)label > greatest) {
        fail_1(FQT_MESSAGE_LABEL, greatest);
    }
    return (uint32_t)label;
}

// The layer that a name or a number (from 1) means.
static uint32_t get_layer(const fqt_model_t *model, mp_obj_t which) {
    if (!is_text(which)) {
        const mp_int_t number = get_int(which, FQT_MESSAGE_LAYER_TYPE, model->layer_count);
        if (number < 1 || number > model->layer_count) {
            fail_1(FQT_MESSAGE_LAYER_NUMBER, model->layer_count);
        }
        return (uint32_t)number - 1;
    }
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        if (mp_binary_op(MP_BINARY_OP_EQUAL, which, name_to_str(fqt_layer(model, i)->name)) == mp_const_true) {
            return i;
        }
    }
    fail(FQT_MESSAGE_LAYER_NAME);
}
