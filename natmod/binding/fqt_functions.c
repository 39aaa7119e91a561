// The module's own functions, the same on every machine: the order of samples, and a falling learning rate.
#include "fqt_engine.h"

// shuffle(order, seed): a permutation of an array 'H'
static mp_obj_t module_shuffle(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    const uint32_t seed = mp_obj_get_int_truncated(args[1]);
    mp_buffer_info_t buffer;
    if (!mp_get_buffer(args[0], &buffer, MP_BUFFER_RW) || buffer.typecode != 'H') {
        fail(FQT_MESSAGE_ORDER);
    }
    fqt_shuffle(buffer.buf, buffer.len / 2, seed);
    return mp_const_none;
}

// _decayed(lr, done, whole) -> lr * (whole - done) / whole
static mp_obj_t module_decayed(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    const fqt_scale_t rate = fqt_scale_unpack(get_learning_rate(args[0]));
    const uint32_t done = mp_obj_get_int_truncated(args[1]);
    const uint32_t whole = mp_obj_get_int_truncated(args[2]);
    return float_from_bits(fqt_scale_pack(fqt_decayed(rate, done, whole)));
}
