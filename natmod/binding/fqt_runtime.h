// What the binding takes from MicroPython, in the two forms that it is built in: a native module, which reaches the
// firmware by a table of functions (py/dynruntime.h), and a part of the firmware itself (FQT_IN_FIRMWARE;
// natmod/usermod).
#ifndef FQT_RUNTIME_H
#define FQT_RUNTIME_H

#ifdef FQT_IN_FIRMWARE

#include "py/binary.h"
#include "py/objlist.h"
#include "py/objstr.h"
#include "py/objtuple.h"
#include "py/objtype.h"
#include "py/runtime.h"

#define FQT_ENTRY
#define FQT_TEXT(text) MP_ERROR_TEXT(text)
#define FQT_CHECK_ARGUMENTS(n_args, keywords, signature) mp_arg_check_num_sig(n_args, keywords, signature)
#define FQT_CATCH(catch) nlr_push(&(catch)->buffer)
#define FQT_CATCH_NO_MORE() nlr_pop()

#else

#include "py/dynruntime.h"

// The module is compiled as a whole program (natmod/Makefile): what must stay visible outside says so.
#ifdef __clang__
#define FQT_ENTRY __attribute__((used))
#else
#define FQT_ENTRY __attribute__((externally_visible, used))
#endif
#define FQT_TEXT(text) (text)
#define FQT_CHECK_ARGUMENTS(n_args, keywords, signature) mp_fun_table.arg_check_num_sig(n_args, keywords, signature)
// 0 at first; again, and not 0, when an exception came. Firmwares for Xtensa save registers with setjmp.
#ifdef __XTENSA__
#define FQT_CATCH(catch)                                                                                               \
    (mp_fun_table.nlr_push(&(catch)->buffer), ((int (*)(void *))mp_fun_table.setjmp_)(&(catch)->words[2]))
#else
#define FQT_CATCH(catch) mp_fun_table.nlr_push(&(catch)->buffer)
#endif
#define FQT_CATCH_NO_MORE() mp_fun_table.nlr_pop()

#endif

#endif
