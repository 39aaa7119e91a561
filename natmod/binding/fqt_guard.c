// One call at a time in a model.
//
// MicroPython enters a model a second time while a call is in it: from another core (RP2040, RP2350: no global lock),
// from a thread of the unix port, from an interrupt, and from Python code that the call itself calls (a stream, a
// function that a file is written to, what runs where a long step looks for Ctrl-C). The second gets RuntimeError, and
// touches nothing. Whatever raises out of a call, Ctrl-C too, leaves the model free.
//
// A call's mark is the address of its frame, which no other call has.
#include "fqt_engine.h"

#if defined(__ARM_ARCH_6M__) || defined(__riscv) || defined(__XTENSA__)
// No compare-and-swap (rv32imc modules have none, nor has ESP32-S2): Fischer's algorithm. Whoever sees the model free
// writes its mark, waits until each other that saw it free has written too, and has the model if its mark is still
// there. How long that takes is bounded, since interrupts are off: a load, a comparison and a store of another core,
// some 10 cycles.
#define SETTLING_ROUNDS (50) // at least 3 cycles each

// The state before is what interrupts_as_before takes.
FQT_INLINE uint32_t interrupts_off(void) {
    uint32_t state;
#ifdef __riscv
    __asm volatile(".option push; .option arch, +zicsr; csrrci %0, mstatus, 8; .option pop" : "=r"(state) : : "memory");
#elif defined(__XTENSA__)
    __asm volatile("rsil %0, 3" : "=r"(state) : : "memory"); // above are none that run C
#else
    __asm volatile("mrs %0, primask; cpsid i" : "=r"(state) : : "memory");
#endif
    return state;
}

FQT_INLINE void interrupts_as_before(uint32_t state) {
#ifdef __riscv
    state &= 8;
    __asm volatile(".option push; .option arch, +zicsr; csrs mstatus, %0; .option pop" : : "r"(state) : "memory");
#elif defined(__XTENSA__)
    __asm volatile("wsr.ps %0; rsync" : : "r"(state) : "memory");
#else
    __asm volatile("msr primask, %0" : : "r"(state) : "memory");
#endif
}

static bool take(engine_t *self, const void *call) {
    const uint32_t state = interrupts_off();
    bool taken = self->call == NULL;
    if (taken) {
        self->call = call;
        for (uint32_t i = SETTLING_ROUNDS; i > 0; --i) {
            __asm volatile("" : "+r"(i));
        }
        taken = self->call == call;
    }
    interrupts_as_before(state);
    return taken;
}

static void leave(engine_t *self) {
    __asm volatile("" : : : "memory");
    self->call = NULL;
}
#else
static bool take(engine_t *self, const void *call) {
    const void *none = NULL;
    return __atomic_compare_exchange_n(&self->call, &none, call, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void leave(engine_t *self) {
    __atomic_store_n(&self->call, NULL, __ATOMIC_RELEASE);
}
#endif

// Where an exception is caught. The firmware may save more registers than this module's own architecture has:
// Cortex-M4F loads armv6m too.
typedef union {
    nlr_buf_t buffer;
    void *words[24];
} catch_t;

// Where the frozen parameters lie now: a bytearray that owns them may have been resized, and its bytes lie elsewhere
// then.
static const uint8_t *find_bytes(mp_obj_t owner, uint32_t bytes) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(owner, &buffer, MP_BUFFER_READ);
    if (buffer.len != bytes) {
        fail(FQT_MESSAGE_BUFFER_RESIZED);
    }
    return buffer.buf;
}

static void find_source(engine_t *self) {
    if (self->source != MP_OBJ_NULL) {
        self->model.file = find_bytes(self->source, self->model.file_bytes);
    }
}

// Python code ran in the middle of a call, where the core knows addresses in the buffer.
static void check_source(engine_t *self) {
    const uint8_t *before = self->model.file;
    find_source(self);
    if (self->model.file != before) {
        fail(FQT_MESSAGE_BUFFER_RESIZED);
    }
}

// In a long run, where the core knows no address: MicroPython looks for Ctrl-C in the loop of the Python part's _pause,
// and runs what waits to be run.
static void pause_for_python(fqt_model_t *model) {
    call_python(MP_QSTR__pause, 0, NULL);
    find_source((engine_t *)(void *)((uint8_t *)model - offsetof(engine_t, model)));
}

// The engine behind an object. A subclass's instance holds it as its native base.
static engine_t *get_engine(mp_obj_t object) {
    object = mp_obj_cast_to_native_base(object, MP_OBJ_FROM_PTR(&engine_type));
    if (object == MP_OBJ_NULL || mp_obj_get_type(object) != (const mp_obj_type_t *)&engine_type) {
        fail(FQT_MESSAGE_MODEL_NEEDED);
    }
    return MP_OBJ_TO_PTR(object);
}

// A method: an object of its own type, so that all are called through call_alone. `keywords` stand behind the
// positional arguments, each a name and a value. It gives MP_OBJ_NULL for None.
typedef struct {
    mp_obj_base_t base;
    uint32_t signature; // MP_OBJ_FUN_MAKE_SIG
    mp_obj_t (*run)(engine_t *self, size_t n_args, const mp_obj_t *args, size_t keywords);
} method_t;

// Call a method of the object args[0] while no other call is in it.
static mp_obj_t call_alone(mp_obj_t function, size_t n_args, size_t keywords, const mp_obj_t *args) {
    const method_t *method = MP_OBJ_TO_PTR(function);
    FQT_CHECK_ARGUMENTS(n_args, keywords, method->signature);
    engine_t *volatile self = get_engine(args[0]); // still there when an exception came
    catch_t here;
    if (FQT_CATCH(&here) == 0) {
        if (!take(self, &here)) {
            // Nothing of the Python part, which opens a file: it may be an interrupt, or another core.
            const mp_obj_type_t *type = MP_OBJ_TO_PTR(mp_load_global(MP_QSTR_RuntimeError));
            mp_raise_msg(type, FQT_TEXT("the model is in use (by another core, thread, interrupt or callback)"));
        }
        find_source(self);
        mp_obj_t result = method->run(self, n_args, args, keywords);
        leave(self);
        FQT_CATCH_NO_MORE();
        return result != MP_OBJ_NULL ? result : mp_const_none;
    }
    if (self->call == &here) {
        leave(self);
    }
    nlr_raise((mp_obj_t)here.buffer.ret_val);
}
