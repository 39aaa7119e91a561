// The native module: the class Engine, whose methods lie in binding/. The engine itself is in core/. usermod/ has the
// same as a part of a firmware.
//
// Engine(source, master, batch) is the base of the class Model in micropython_lib/fqt, which adds what Python does
// better: saving to files, evaluating, printing.
//
// The module is this one translation unit, core and binding included; the build finds the names that Python sees in
// these files (natmod/Makefile).
#include "binding/fqt_binding_all.c"

#ifdef __riscv
// Calls as one instruction, which reaches 1 MB. Compilers write two, for a linker to shorten, and MicroPython's does
// not. Functions outside of the module, "name@plt", keep theirs.
__asm__("\t.macro shorten_calls pseudo, instruction\n"
        "\t.macro \\pseudo function\n"
        "\t.set .Lis_outside, 0\n"
        "\t.irpc character, \\function\n"
        "\t.ifc \\character, @\n"
        "\t.set .Lis_outside, 1\n"
        "\t.endif\n"
        "\t.endr\n"
        "\t.if .Lis_outside\n"
        "\t.purgem \\pseudo\n"
        "\t\\pseudo \\function\n"
        "\tshorten_calls \\pseudo, \\instruction\n"
        "\t.else\n"
        "\t\\instruction \\function\n"
        "\t.endif\n"
        "\t.endm\n"
        "\t.endm\n"
        "\tshorten_calls call, jal\n"
        "\tshorten_calls tail, j");
#endif

// Compilers call these for structures and loops; a native module links with no C library.
FQT_ENTRY void *memset(void *destination, int value, size_t count) {
    return mp_fun_table.memset_(destination, value, count);
}

FQT_ENTRY void *memcpy(void *destination, const void *source, size_t count) {
    return mp_fun_table.memmove_(destination, source, count);
}

FQT_ENTRY mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    make_module(self->context->module.globals);
    MP_DYNRUNTIME_INIT_EXIT
}
