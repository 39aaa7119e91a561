// The native object behind a Model: the core's model, and what MicroPython needs to know of it.
#ifndef FQT_ENGINE_H
#define FQT_ENGINE_H

#include "../core/fqt_core_all.c"
#include "fqt_runtime.h"

typedef struct {
    mp_obj_base_t base;
    mp_obj_t source; // owns the frozen parameters: kept alive, and looked at again before each run; or MP_OBJ_NULL
    const void *volatile call; // the one that has the model now (fqt_guard.c); NULL: none
    fqt_model_t model;
    int32_t loss; // of the last step, Q16
#ifdef FQT_PROFILE
    fqt_pass_t pass; // of the last _phase that selected
#endif
} engine_t;

// Globals that are not static: static zeroed data does not link.
FQT_ENTRY mp_obj_full_type_t engine_type;
FQT_ENTRY mp_obj_full_type_t method_type; // of the engine's methods
FQT_ENTRY mp_obj_dict_t *module_globals; // of the Python part too: they share one module

#endif
