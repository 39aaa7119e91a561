// Python's numbers and names as the core's, and its faults as exceptions.
#include "fqt_engine.h"

// Floats cross as bit patterns, so that no float instruction or helper is needed.
typedef union {
    float value;
    uint32_t bits;
} float_bits_t;

static mp_obj_t new_int(uint32_t number) {
    return mp_obj_new_int_from_uint(number);
}

static mp_obj_t float_from_bits(uint32_t bits) {
    float_bits_t converter = {.bits = bits};
    return mp_obj_new_float_from_f(converter.value);
}

static mp_obj_t float_from_q16(int32_t value) {
    return float_from_bits(fqt_float_of(value, -16));
}

static uint32_t get_float_bits(mp_obj_t number) {
    float_bits_t converter = {.value = mp_obj_get_float_to_f(number)};
    return converter.bits;
}

// The core's names are UTF-8: model files with others are refused.
static mp_obj_t name_to_str(const char name[FQT_NAME_BYTES]) {
    size_t length = 0;
    while (length < FQT_NAME_BYTES && name[length]) {
        ++length;
    }
    return mp_obj_new_str(name, length);
}

// Call a function of the module's Python part.
static mp_obj_t call_python(qstr name, size_t n_args, const mp_obj_t *args) {
    mp_obj_t function = mp_obj_subscr(MP_OBJ_FROM_PTR(module_globals), MP_OBJ_NEW_QSTR(name), MP_OBJ_SENTINEL);
    return mp_call_function_n_kw(function, n_args, 0, args);
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
    nlr_raise(call_python(MP_QSTR__error, MP_ARRAY_SIZE(arguments), arguments));
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

// A small integer: MicroPython's own conversion truncates others without a word. Another object, and a number beyond 30
// bits, fails with `message`, whose number is `limit`; its __int__ is not asked.
static mp_int_t get_int(mp_obj_t number, uint32_t message, uint32_t limit) {
    if (mp_obj_is_small_int(number)) {
        return MP_OBJ_SMALL_INT_VALUE(number);
    }
    if (number != mp_const_true && number != mp_const_false) {
        fail_1(message, limit);
    }
    return number == mp_const_true;
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
