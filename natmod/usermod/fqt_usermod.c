// The same module as a part of the firmware ("user C module"): its code and its error texts lie in flash, and boards whose
// firmware loads no native modules have it too. docs/firmware.md says how to build it.
//
// `import fqt` runs the frozen Python part (manifest.py), whose first line calls _fqt.fill: it gives that module what
// the native module has from the start.
#include <string.h>

#define FQT_IN_FIRMWARE
#include "../binding/fqt_binding_all.c"

#define FQT_MESSAGE(exception, name, text) text,
static const char *const messages[] = {FQT_MESSAGES};
#undef FQT_MESSAGE

// _message(line) -> the text in that line of fqt_messages.h, "" beyond the last
static mp_obj_t usermod_message(mp_obj_t line) {
    const mp_uint_t number = (mp_uint_t)mp_obj_get_int(line);
    const char *text = number < MP_ARRAY_SIZE(messages) ? messages[number] : "";
    return mp_obj_new_str(text, strlen(text));
}
static MP_DEFINE_CONST_FUN_OBJ_1(usermod_message_object, usermod_message);

// _fqt.fill(): the caller is the module fqt
static mp_obj_t usermod_fill(void) {
    make_module(mp_globals_get());
    mp_store_global(MP_QSTR__message, MP_OBJ_FROM_PTR(&usermod_message_object));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(usermod_fill_object, usermod_fill);

static const mp_rom_map_elem_t usermod_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__fqt)},
    {MP_ROM_QSTR(MP_QSTR_fill), MP_ROM_PTR(&usermod_fill_object)},
};
static MP_DEFINE_CONST_DICT(usermod_globals, usermod_globals_table);

const mp_obj_module_t fqt_usermod = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&usermod_globals,
};

MP_REGISTER_MODULE(MP_QSTR__fqt, fqt_usermod);
