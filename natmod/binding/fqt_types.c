// The class Engine and the functions, made when the module is imported: the globals then are the module's.
#include "fqt_engine.h"

#define GREATEST_BATCH (65535)

static mp_obj_t engine_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 3, 3, false);
    const mp_int_t master = get_int(args[1], FQT_MESSAGE_MASTER, 0);
    if (master != 8 && master != 12 && master != 16) {
        fail(FQT_MESSAGE_MASTER);
    }
    const mp_int_t batch = get_int(args[2], FQT_MESSAGE_BATCH, GREATEST_BATCH);
    if (batch < 1 || batch > GREATEST_BATCH) {
        fail_1(FQT_MESSAGE_BATCH, GREATEST_BATCH);
    }
    engine_t *self = mp_obj_malloc(engine_t, type);
    fqt_source_t source;
    stream_t stream;
    get_source(args[0], &source, &stream);
    self->source = source.memory != NULL ? args[0] : MP_OBJ_NULL;
    self->call = NULL;
    self->loss = 0;
    void *tables = m_malloc(fqt_tables_bytes(fqt_model_peek(&source)));
    find_memory(self, &source);
    fqt_model_open(&self->model, &source, fqt_kinds, (uint32_t)master, (uint32_t)batch, tables);
    self->model.pause = pause_for_python;
    void *arena = m_malloc(self->model.arena_bytes);
    find_memory(self, &source);
    fqt_model_load(&self->model, &source, arena);
    return MP_OBJ_FROM_PTR(self);
}

#define FUNCTION(arguments, function)                                                                                  \
    {                                                                                                                  \
        {&mp_type_fun_builtin_var}, MP_OBJ_FUN_MAKE_SIG(arguments, arguments, false), {                                \
            .var = function                                                                                            \
        }                                                                                                              \
    }

static const mp_obj_fun_builtin_var_t functions[] = {
    FUNCTION(2, module_shuffle),
    FUNCTION(3, module_decayed),
};

// The arguments of a method count self.
#define METHOD(least, greatest, takes_keywords, run)                                                                   \
    {{(const mp_obj_type_t *)&method_type}, MP_OBJ_FUN_MAKE_SIG(least, greatest, takes_keywords), run}

static const method_t methods[] = {
    METHOD(1, MP_OBJ_FUN_ARGS_MAX, true, train),
    METHOD(2, 3, false, predict),
    METHOD(2, 4, false, scores),
    METHOD(3, 4, false, loss_for),
    METHOD(3, 5, false, features),
    METHOD(1, 2, false, freeze),
    METHOD(1, 2, false, unfreeze),
    METHOD(1, 2, false, reset),
    METHOD(6, 6, false, set_options),
    METHOD(3, 4, false, map_output),
    METHOD(1, 1, false, end_batch),
    METHOD(3, 3, false, write_model),
    METHOD(2, 2, false, restore),
#ifdef FQT_PROFILE
    METHOD(3, 3, false, phase),
#endif
};

FQT_ENTRY mp_map_elem_t engine_locals_table[MP_ARRAY_SIZE(methods)];
static MP_DEFINE_CONST_DICT(engine_locals, engine_locals_table);

// Complete the types, and give the running module its names. globals: its dictionary.
static void make_module(mp_obj_dict_t *globals) {
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
        MP_QSTR__set_options,
        MP_QSTR_map_output,
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
    module_globals = globals;
    method_type.base.type = (void *)&mp_type_type;
    method_type.flags = MP_TYPE_FLAG_BINDS_SELF;
    method_type.name = MP_QSTR_method;
    MP_OBJ_TYPE_SET_SLOT(&method_type, call, call_alone, 0);
    engine_type.base.type = (void *)&mp_type_type;
    engine_type.flags = MP_TYPE_FLAG_NONE;
    engine_type.name = MP_QSTR_Engine;
    MP_OBJ_TYPE_SET_SLOT(&engine_type, make_new, engine_make_new, 0);
    MP_OBJ_TYPE_SET_SLOT(&engine_type, attr, engine_attr, 1);
    MP_OBJ_TYPE_SET_SLOT(&engine_type, locals_dict, (void *)&engine_locals, 2);

    mp_store_global(MP_QSTR_Engine, MP_OBJ_FROM_PTR(&engine_type));
    mp_store_global(MP_QSTR_shuffle, MP_OBJ_FROM_PTR(&functions[0]));
    mp_store_global(MP_QSTR__decayed, MP_OBJ_FROM_PTR(&functions[1]));
}
