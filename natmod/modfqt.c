// The MicroPython binding: types, arguments, buffers and exceptions. The engine itself is in core/.
//
// Engine(source, master, batch) is the base of the class Model in micropython_lib/fqt, which adds what Python does
// better: saving to files, evaluating, printing. A step allocates nothing.
//
// The module is this one translation unit, core included; the build finds the names that Python sees in this file.
#include "core/fqt_core_all.c"
#include "py/dynruntime.h"

// The module is compiled as a whole program (natmod/Makefile): what must stay visible outside says so.
#ifdef __clang__
#define FQT_ENTRY __attribute__((used))
#else
#define FQT_ENTRY __attribute__((externally_visible, used))
#endif

// Compilers call these for structures and loops; a native module links with no C library.
FQT_ENTRY void *memset(void *destination, int value, size_t count) {
    return mp_fun_table.memset_(destination, value, count);
}

FQT_ENTRY void *memcpy(void *destination, const void *source, size_t count) {
    return mp_fun_table.memmove_(destination, source, count);
}

typedef struct {
    mp_obj_base_t base;
    mp_obj_t source; // owns the frozen parameters: kept alive, and looked at again before each run
    fqt_model_t model;
    int32_t loss; // of the last step, Q16
#ifdef FQT_PROFILE
    fqt_pass_t pass; // of the last _phase that selected
#endif
} engine_t;

// Globals that are not static: static zeroed data does not link.
FQT_ENTRY mp_obj_full_type_t engine_type;
FQT_ENTRY mp_obj_dict_t *module_globals; // of the Python part too: they share one module

#define DEFAULT_LEARNING_RATE (0x3C23D70Au) // 0.01
#define GREATEST_BATCH (65535)

// Floats cross as bit patterns, so that no float instruction or helper is needed.
typedef union {
    float value;
    uint32_t bits;
} float_bits_t;

// Called so often that a call of ours is shorter than one through the function table.
static mp_int_t get_int(mp_obj_t number) {
    return mp_obj_get_int(number);
}

static mp_obj_t new_int(uint32_t number) {
    return mp_obj_new_int_from_uint(number);
}

static mp_obj_t float_from_bits(uint32_t bits) {
    float_bits_t converter = {.bits = bits};
    return mp_obj_new_float_from_f(converter.value);
}

static uint32_t q16_to_float(int32_t value) {
    uint32_t magnitude = value < 0 ? -(uint32_t)value : (uint32_t)value;
    uint32_t bits = fqt_scale_pack(fqt_scale_shifted(fqt_scale_from_int(magnitude), -16));
    return value < 0 ? bits | 0x80000000u : bits;
}

static mp_obj_t float_from_q16(int32_t value) {
    return float_from_bits(q16_to_float(value));
}

static uint32_t get_float_bits(mp_obj_t number) {
    float_bits_t converter = {.value = mp_obj_get_float_to_f(number)};
    return converter.bits;
}

static mp_obj_t name_to_str(const char name[FQT_NAME_BYTES]) {
    size_t length = 0;
    while (length < FQT_NAME_BYTES && name[length]) {
        ++length;
    }
    return mp_obj_new_str(name, length);
}

// The Python part makes the exception: it reads the text of the message from the module's file.
FQT_NORETURN void fqt_fail(const fqt_fault_t *fault, uint32_t message) {
    mp_obj_t arguments[] = {
        MP_OBJ_NEW_SMALL_INT(message),
        MP_OBJ_NEW_SMALL_INT(fault->layer),
        fault->name != NULL ? name_to_str(fault->name) : mp_const_none,
        new_int(fault->numbers[0]),
        new_int(fault->numbers[1]),
        new_int(fault->numbers[2]),
    };
    mp_obj_t make = mp_obj_subscr(MP_OBJ_FROM_PTR(module_globals), MP_OBJ_NEW_QSTR(MP_QSTR__error), MP_OBJ_SENTINEL);
    nlr_raise(mp_call_function_n_kw(make, MP_ARRAY_SIZE(arguments), 0, arguments));
}

static FQT_NORETURN void fail_3(uint32_t message, uint32_t a, uint32_t b, uint32_t c) {
    const fqt_fault_t fault = {NULL, 0, {a, b, c}};
    fqt_fail(&fault, message);
}

static FQT_NORETURN void fail_1(uint32_t message, uint32_t a) {
    fail_3(message, a, 0, 0);
}

static FQT_NORETURN void fail(uint32_t message) {
    fail_1(message, 0);
}

// A fault of layer `index`, which it names: "layer 3 (conv2d_2): ...".
static FQT_NORETURN void fail_at(const fqt_model_t *model, uint32_t index, uint32_t message) {
    const fqt_fault_t fault = {fqt_layer(model, index)->name, index + 1, {0, 0, 0}};
    fqt_fail(&fault, message);
}

// A finite number, 0 or more, as float32 bits; `message` for others.
static uint32_t get_rate(mp_obj_t rate, uint32_t message) {
    uint32_t bits = get_float_bits(rate);
    if (bits == 0x80000000u || bits < 0x00800000u) {
        return 0; // -0, subnormal
    }
    if (bits >= 0x7F800000u) {
        fail(message);
    }
    return bits;
}

static uint32_t get_learning_rate(mp_obj_t rate) {
    return get_rate(rate, FQT_MESSAGE_LEARNING_RATE);
}

static void check_diverged(const fqt_model_t *model) {
    if (model->diverged != 0) {
        fail_at(model, model->diverged - 1, FQT_MESSAGE_DIVERGED);
    }
}

// Reading from a file object: seek, then readinto until enough came.
static bool read_stream(void *context, uint32_t offset, void *destination, uint32_t bytes) {
    mp_obj_t stream = (mp_obj_t)context;
    mp_obj_t method[3];
    mp_load_method(stream, MP_QSTR_seek, method);
    method[2] = new_int(offset);
    mp_fun_table.call_method_n_kw(1, 0, method);
    while (bytes) {
        mp_load_method(stream, MP_QSTR_readinto, method);
        method[2] = mp_obj_new_bytearray_by_ref(bytes, destination);
        mp_obj_t result = mp_fun_table.call_method_n_kw(1, 0, method);
        uint32_t count = result == mp_const_none ? 0 : get_int(result);
        if (count == 0 || count > bytes) {
            return false;
        }
        destination = (uint8_t *)destination + count;
        bytes -= count;
    }
    return true;
}

// A file object, or any readable buffer. A file in ROMFS is a buffer too: its parameters are used in flash.
static void get_source(mp_obj_t object, fqt_source_t *source) {
    *source = (fqt_source_t) {.read = read_stream, .context = (void *)object};
    mp_buffer_info_t buffer;
    if (mp_get_buffer(object, &buffer, MP_BUFFER_READ)) {
        source->memory = buffer.buf;
        source->bytes = buffer.len;
        return;
    }
    mp_obj_t method[4];
    mp_fun_table.load_method_maybe(object, MP_QSTR_readinto, method);
    if (method[0] == MP_OBJ_NULL) {
        fail(FQT_MESSAGE_SOURCE);
    }
    mp_load_method(object, MP_QSTR_seek, method);
    method[2] = MP_OBJ_NEW_SMALL_INT(0);
    method[3] = MP_OBJ_NEW_SMALL_INT(2); // from the end
    source->bytes = get_int(mp_fun_table.call_method_n_kw(2, 0, method));
}

static mp_obj_t engine_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 3, 3, false);
    mp_int_t master = get_int(args[1]);
    if (master != 8 && master != 16) {
        fail(FQT_MESSAGE_MASTER);
    }
    mp_int_t batch = get_int(args[2]);
    if (batch < 1 || batch > GREATEST_BATCH) {
        fail_1(FQT_MESSAGE_BATCH, GREATEST_BATCH);
    }
    fqt_source_t source;
    get_source(args[0], &source);
    const uint32_t layer_count = fqt_model_peek(&source);
    engine_t *self = mp_obj_malloc(engine_t, type);
    self->source = source.memory != NULL ? args[0] : mp_const_none;
    self->loss = 0;
    // Until all is loaded: what an exception leaves behind is never used.
    self->model.arena = NULL;
    void *tables = m_malloc(fqt_tables_bytes(layer_count));
    fqt_model_open(&self->model, &source, fqt_kinds, master, batch, tables);
    fqt_model_load(&self->model, &source, m_malloc(self->model.arena_bytes));
    return MP_OBJ_FROM_PTR(self);
}

// The engine behind an object, ready to run. A subclass's instance holds it as its native base.
static engine_t *get_engine(mp_obj_t object) {
    object = mp_obj_cast_to_native_base(object, MP_OBJ_FROM_PTR(&engine_type));
    if (object == MP_OBJ_NULL) {
        fail(FQT_MESSAGE_MODEL_NEEDED);
    }
    engine_t *self = MP_OBJ_TO_PTR(object);
    if (self->source != mp_const_none) {
        // A bytearray may have been resized since: its bytes lie elsewhere then.
        mp_buffer_info_t buffer;
        mp_get_buffer_raise(self->source, &buffer, MP_BUFFER_READ);
        if (buffer.len != self->model.file_bytes) {
            fail(FQT_MESSAGE_BUFFER_RESIZED);
        }
        self->model.file = buffer.buf;
    }
    return self;
}

static bool is_bytes(const mp_buffer_info_t *buffer) {
    return buffer->typecode == 'B' || buffer->typecode == BYTEARRAY_TYPECODE;
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
    return (const uint8_t *)buffer->buf + index * row_bytes;
}

// Copy sample `index` of a buffer to the input tensor, as int8.
static void set_input(const fqt_model_t *model, mp_obj_t object, mp_int_t index) {
    mp_buffer_info_t buffer;
    const bool is_uint8 = model->input_type == FQT_INPUT_UINT8;
    bool fits = mp_get_buffer(object, &buffer, MP_BUFFER_READ);
    const bool is_float = fits && buffer.typecode == 'f';
    fits = fits && (is_float || is_bytes(&buffer) || (!is_uint8 && buffer.typecode == 'b'));
    if (!fits) {
        fail(is_uint8 ? FQT_MESSAGE_UINT8_INPUT : FQT_MESSAGE_INT8_INPUT);
    }
    const uint32_t elements = fqt_tensor(model, 0)->elements;
    const uint8_t *from = row_of(&buffer, index, elements, is_float ? 4 : 1);
    int8_t *input = fqt_input(model);
    if (is_float) {
        for (uint32_t i = 0; i < elements; ++i) {
            if (!fqt_quantize_float(model, fqt_read_u32(from + 4 * i), &input[i])) {
                fail_1(FQT_MESSAGE_INPUT_ELEMENT, i);
            }
        }
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
    if (!mp_get_buffer(object, &buffer, MP_BUFFER_READ) || !(is_bytes(&buffer) || buffer.typecode == 'b')) {
        fail(FQT_MESSAGE_FEATURES);
    }
    const uint32_t elements = fqt_tensor(model, model->cut)->elements;
    fqt_copy(fqt_activation(model, model->cut), row_of(&buffer, index, elements, 1), elements);
}

static void set_target_element(const fqt_model_t *model, uint32_t element, uint32_t float_bits) {
    if (!fqt_target_float(float_bits, &fqt_targets(model)[element])) {
        fail_1(FQT_MESSAGE_TARGET_ELEMENT, element);
    }
}

// What the sample in the input buffer should give, one number an output, to the model's targets.
static void set_targets(fqt_model_t *model, mp_obj_t target, mp_int_t index, bool from_features) {
    const uint32_t outputs = fqt_output_elements(model);
    mp_buffer_info_t buffer;
    if (target == mp_const_none) {
        const uint32_t elements = fqt_tensor(model, 0)->elements;
        if (from_features || elements != outputs) {
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

// Take what the sample in the input buffer should give. Gives its label, when that is what the loss compares with.
static uint32_t set_target(fqt_model_t *model, mp_obj_t target, mp_int_t index, bool from_features) {
    if (fqt_has_targets(model)) {
        set_targets(model, target, index, from_features);
        return 0;
    }
    const mp_int_t label = get_int(target);
    if (label < 0 || (mp_uint_t)label >= fqt_output_elements(model)) {
        fail_1(FQT_MESSAGE_LABEL, fqt_output_elements(model) - 1);
    }
    return label;
}

// Argument `i`, an integer, 0 by default.
static mp_int_t get_index(size_t n_args, const mp_obj_t *args, size_t i) {
    return n_args > i ? get_int(args[i]) : 0;
}

// predict(x, index=0) -> int
static mp_obj_t engine_predict(size_t n_args, const mp_obj_t *args) {
    engine_t *self = get_engine(args[0]);
    set_input(&self->model, args[1], get_index(n_args, args, 2));
    return MP_OBJ_NEW_SMALL_INT(fqt_predict(&self->model));
}

// scores(x, out=None, index=0) -> out, or a list of float: the outputs
static mp_obj_t engine_scores(size_t n_args, const mp_obj_t *args) {
    engine_t *self = get_engine(args[0]);
    const fqt_model_t *model = &self->model;
    const uint32_t count = fqt_output_elements(model);
    mp_obj_t out = n_args > 2 ? args[2] : mp_const_none;
    mp_buffer_info_t buffer;
    if (out != mp_const_none) {
        mp_get_buffer_raise(out, &buffer, MP_BUFFER_WRITE);
        if (buffer.typecode != 'f' || buffer.len != 4 * count) {
            fail_1(FQT_MESSAGE_SCORES_OUT, count);
        }
    }
    set_input(model, args[1], get_index(n_args, args, 3));
    const int32_t *outputs = fqt_logits(&self->model, 0);
    if (out == mp_const_none) {
        out = mp_obj_new_list(0, NULL);
        for (uint32_t o = 0; o < count; ++o) {
            mp_obj_list_append(out, float_from_q16(outputs[o]));
        }
        return out;
    }
    for (uint32_t o = 0; o < count; ++o) {
        fqt_write_u32((uint8_t *)buffer.buf + 4 * o, q16_to_float(outputs[o]));
    }
    return out;
}

// loss_for(x, target, index=0) -> float
static mp_obj_t engine_loss_for(size_t n_args, const mp_obj_t *args) {
    fqt_model_t *model = &get_engine(args[0])->model;
    mp_int_t index = get_index(n_args, args, 3);
    set_input(model, args[1], index);
    uint32_t label = set_target(model, args[2], index, false);
    return float_from_q16(fqt_loss(model, label));
}

static void check_frozen_front(const fqt_model_t *model) {
    if (model->cut == 0) {
        fail(FQT_MESSAGE_NO_FEATURES);
    }
}

// features(x, out, index=0, offset=0) -> out: what the frozen front part gives, to out[offset:]
static mp_obj_t engine_features(size_t n_args, const mp_obj_t *args) {
    fqt_model_t *model = &get_engine(args[0])->model;
    check_frozen_front(model);
    const uint32_t elements = fqt_tensor(model, model->cut)->elements;
    const mp_int_t offset = get_index(n_args, args, 4);
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[2], &buffer, MP_BUFFER_WRITE);
    if (!(is_bytes(&buffer) || buffer.typecode == 'b') || offset < 0 || (mp_uint_t)offset > buffer.len
        || buffer.len - offset < elements) {
        fail_3(FQT_MESSAGE_FEATURES_OUT, elements, buffer.len, 0);
    }
    set_input(model, args[1], get_index(n_args, args, 3));
    fqt_copy((uint8_t *)buffer.buf + offset, fqt_features(model), elements);
    return args[2];
}

// train(x, target, lr=0.01, index=0, features=False): one step
static mp_obj_t engine_train(size_t n_args, const mp_obj_t *args, mp_map_t *keywords) {
    mp_arg_t allowed[] = {
        {MP_QSTR_x, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_target, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_lr, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_index, MP_ARG_INT, {.u_int = 0}},
        {MP_QSTR_features, MP_ARG_BOOL, {.u_bool = false}},
    };
    mp_arg_val_t values[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args - 1, args + 1, keywords, MP_ARRAY_SIZE(allowed), allowed, values);
    engine_t *self = get_engine(args[0]);
    fqt_model_t *model = &self->model;
    const mp_int_t index = values[3].u_int;
    const bool from_features = values[4].u_bool;
    uint32_t learning_rate =
        values[2].u_obj == mp_const_none ? DEFAULT_LEARNING_RATE : get_learning_rate(values[2].u_obj);
    if (!fqt_trains(model)) {
        fail(FQT_MESSAGE_NOTHING_TRAINS);
    }
    check_diverged(model);
    if (from_features) {
        check_frozen_front(model);
        set_features(model, values[0].u_obj, index);
    } else {
        set_input(model, values[0].u_obj, index);
    }
    uint32_t label = set_target(model, values[1].u_obj, index, from_features);
    self->loss = fqt_train_step(model, from_features ? model->cut : 0, label, learning_rate);
    check_diverged(model);
    return mp_const_none;
}

// The layer that a name or a number (from 1) means.
static uint32_t get_layer(const fqt_model_t *model, mp_obj_t which) {
    mp_buffer_info_t buffer;
    if (!mp_get_buffer(which, &buffer, MP_BUFFER_READ)) {
        mp_int_t number = get_int(which);
        if (number < 1 || number > model->layer_count) {
            fail_1(FQT_MESSAGE_LAYER_NUMBER, model->layer_count);
        }
        return number - 1;
    }
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        const char *name = fqt_layer(model, i)->name;
        uint32_t length = 0;
        while (length < FQT_NAME_BYTES && length < buffer.len && name[length] == ((const char *)buffer.buf)[length]) {
            ++length;
        }
        if (length == buffer.len && (length == FQT_NAME_BYTES || name[length] == 0)) {
            return i;
        }
    }
    fail(FQT_MESSAGE_LAYER_NAME);
}

enum { FREEZE, UNFREEZE, RESET };

// What freeze, unfreeze and reset share: one layer that is named, or all that train.
static mp_obj_t change_layers(size_t n_args, const mp_obj_t *args, uint32_t change) {
    fqt_model_t *model = &get_engine(args[0])->model;
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
    return mp_const_none;
}

// freeze(layer=all)
static mp_obj_t engine_freeze(size_t n_args, const mp_obj_t *args) {
    return change_layers(n_args, args, FREEZE);
}

// unfreeze(layer=all)
static mp_obj_t engine_unfreeze(size_t n_args, const mp_obj_t *args) {
    return change_layers(n_args, args, UNFREEZE);
}

// reset(layer=all)
static mp_obj_t engine_reset(size_t n_args, const mp_obj_t *args) {
    return change_layers(n_args, args, RESET);
}

// A share above 0 and at most 1 as Q16.
static uint32_t get_share(mp_obj_t number) {
    const uint32_t bits = get_float_bits(number);
    int32_t share;
    if (bits == 0 || bits > FQT_FLOAT_ONE || !fqt_target_float(bits, &share)) {
        fail(FQT_MESSAGE_UPDATE_RATE);
    }
    return share > 0 ? share : 1;
}

// _options() -> (update_rate, standardize, weight_decay, sample_updates); _options(the same four). The store of an
// attribute does not reach a native base class: Model makes properties of these.
static mp_obj_t engine_options(size_t n_args, const mp_obj_t *args) {
    fqt_options_t *options = &get_engine(args[0])->model.options;
    if (n_args < 5) {
        mp_obj_t rates[] = {
            float_from_q16(options->least_rate),
            float_from_q16(options->greatest_rate),
        };
        mp_obj_t items[] = {
            mp_obj_new_tuple(2, rates),
            mp_obj_new_bool(options->standardizes),
            float_from_bits(options->weight_decay),
            mp_obj_new_bool(options->samples),
        };
        return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
    }
    mp_obj_t rates[] = {args[1], args[1]};
    if (mp_obj_get_type(args[1]) == &mp_type_tuple) {
        mp_fun_table.unpack_sequence(args[1], 2, rates); // the last item first
    }
    fqt_options_t wanted = {
        .least_rate = get_share(rates[1]),
        .greatest_rate = get_share(rates[0]),
        .weight_decay = get_rate(args[3], FQT_MESSAGE_WEIGHT_DECAY),
        .standardizes = mp_obj_is_true(args[2]),
        .samples = mp_obj_is_true(args[4]),
    };
    if (wanted.least_rate > wanted.greatest_rate) {
        fail(FQT_MESSAGE_UPDATE_RATES);
    }
    *options = wanted;
    return mp_const_none;
}

#ifdef FQT_PROFILE
#include "fqt_profile.c"
#endif

static bool write_to_callable(void *context, const void *bytes, uint32_t count) {
    mp_obj_t argument = mp_obj_new_bytearray_by_ref(count, (void *)(uintptr_t)bytes);
    mp_call_function_n_kw((mp_obj_t)context, 1, 0, &argument);
    return true;
}

// end_batch(): end a mini-batch before it is full
static mp_obj_t engine_end_batch(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    fqt_end_batch(&get_engine(args[0])->model);
    return mp_const_none;
}

// _write(write, checkpoint): call write(bytes) with one piece of the file after another
static mp_obj_t engine_write(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    engine_end_batch(1, args);
    fqt_model_write(&get_engine(args[0])->model, mp_obj_is_true(args[2]), write_to_callable, (void *)args[1]);
    return mp_const_none;
}

// _restore(source)
static mp_obj_t engine_restore(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    engine_t *self = get_engine(args[0]);
    fqt_source_t source;
    get_source(args[1], &source);
    fqt_model_restore(&self->model, &source);
    return mp_const_none;
}

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
    return MP_OBJ_NEW_QSTR(model->loss == FQT_LOSS_MEAN_SQUARED_ERROR     ? MP_QSTR_mean_squared_error
                           : model->loss == FQT_LOSS_BINARY_CROSS_ENTROPY ? MP_QSTR_binary_cross_entropy
                                                                          : MP_QSTR_softmax_cross_entropy);
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
        return model->diverged != 0 ? name_to_str(fqt_layer(model, model->diverged - 1)->name) : mp_const_none;
    } else if (attribute == MP_QSTR_name) {
        return name_to_str(model->name);
    } else if (attribute == MP_QSTR_layers) {
        return layer_descriptions(model);
    } else if (attribute == MP_QSTR_input_shape) {
        return shape_of(input);
    } else if (attribute == MP_QSTR_input_scale) {
        return float_from_bits(input->scale);
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
        return; // a store: nothing can be set here
    }
    destination[0] = load_attribute(MP_OBJ_TO_PTR(self_in), attribute);
    if (destination[0] == MP_OBJ_NULL) {
        destination[1] = MP_OBJ_SENTINEL; // look among the methods
    }
}

// shuffle(order, seed): a permutation of an array 'H', the same on every machine (Fisher-Yates with xorshift32)
static mp_obj_t module_shuffle(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[0], &buffer, MP_BUFFER_RW);
    if (buffer.typecode != 'H') {
        fail(FQT_MESSAGE_ORDER);
    }
    fqt_shuffle(buffer.buf, buffer.len / 2, mp_obj_get_int_truncated(args[1]));
    return mp_const_none;
}

// _decayed(lr, done, whole) -> lr * (whole - done) / whole, with the same bits on every machine
static mp_obj_t module_decayed(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    uint32_t done = get_int(args[1]);
    uint32_t whole = get_int(args[2]);
    fqt_scale_t rate = fqt_scale_unpack(get_learning_rate(args[0]));
    return float_from_bits(fqt_scale_pack(fqt_decayed(rate, done, whole)));
}

// The arguments of a method count self.
#define FUNCTION(least, greatest, function)                                                                            \
    {                                                                                                                  \
        {&mp_type_fun_builtin_var}, MP_OBJ_FUN_MAKE_SIG(least, greatest, false), {                                     \
            .var = function                                                                                            \
        }                                                                                                              \
    }

static const mp_obj_fun_builtin_var_t functions[] = {
    FUNCTION(2, 2, module_shuffle),
    FUNCTION(3, 3, module_decayed),
};

static const mp_obj_fun_builtin_var_t methods[] = {
    {{&mp_type_fun_builtin_var}, MP_OBJ_FUN_MAKE_SIG(1, MP_OBJ_FUN_ARGS_MAX, true), {.kw = engine_train}},
    FUNCTION(2, 3, engine_predict),
    FUNCTION(2, 4, engine_scores),
    FUNCTION(3, 4, engine_loss_for),
    FUNCTION(3, 5, engine_features),
    FUNCTION(1, 2, engine_freeze),
    FUNCTION(1, 2, engine_unfreeze),
    FUNCTION(1, 2, engine_reset),
    FUNCTION(1, 5, engine_options),
    FUNCTION(1, 1, engine_end_batch),
    FUNCTION(3, 3, engine_write),
    FUNCTION(2, 2, engine_restore),
#ifdef FQT_PROFILE
    FUNCTION(3, 3, engine_phase),
#endif
};

FQT_ENTRY mp_map_elem_t engine_locals_table[MP_ARRAY_SIZE(methods)];
static MP_DEFINE_CONST_DICT(engine_locals, engine_locals_table);

FQT_ENTRY mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

    // In the order of `methods`.
    const uint16_t names[MP_ARRAY_SIZE(methods)] = {
        MP_QSTR_train,
        MP_QSTR_predict,
        MP_QSTR_scores,
        MP_QSTR_loss_for,
        MP_QSTR_features,
        MP_QSTR_freeze,
        MP_QSTR_unfreeze,
        MP_QSTR_reset,
        MP_QSTR__options,
        MP_QSTR_end_batch,
        MP_QSTR__write,
        MP_QSTR__restore,
#ifdef FQT_PROFILE
        FQT_PROFILE_NAME,
#endif
    };
    for (size_t i = 0; i < MP_ARRAY_SIZE(methods); ++i) {
        engine_locals_table[i].key = MP_OBJ_NEW_QSTR(names[i]);
        engine_locals_table[i].value = MP_OBJ_FROM_PTR(&methods[i]);
    }
    module_globals = self->context->module.globals;
    engine_type.base.type = (void *)&mp_type_type;
    engine_type.flags = MP_TYPE_FLAG_NONE;
    engine_type.name = MP_QSTR_Engine;
    MP_OBJ_TYPE_SET_SLOT(&engine_type, make_new, engine_make_new, 0);
    MP_OBJ_TYPE_SET_SLOT(&engine_type, attr, engine_attr, 1);
    MP_OBJ_TYPE_SET_SLOT(&engine_type, locals_dict, (void *)&engine_locals, 2);

    mp_store_global(MP_QSTR_Engine, MP_OBJ_FROM_PTR(&engine_type));
    mp_store_global(MP_QSTR_shuffle, MP_OBJ_FROM_PTR(&functions[0]));
    mp_store_global(MP_QSTR__decayed, MP_OBJ_FROM_PTR(&functions[1]));

    MP_DYNRUNTIME_INIT_EXIT
}
