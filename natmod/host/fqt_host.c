// See fqt_host.h.
#include "fqt_host.h"
#include "../core/fqt_core_all.c"
#include "fqt_host_fault.h"
#include "fqt_host_lock.h"

#include <stdlib.h>

#ifndef FQT_HOST_VERSION
#define FQT_HOST_VERSION "unknown" // the builds of setup.py and mk/tests.mk tell it
#endif

// The core is not reentrant, and Python's threads run at the same time here (ctypes releases Python's lock): one
// sample, step or change at a time has the model.
struct fqt_host_model {
    fqt_host_lock_t lock;
    fqt_model_t model;
    fqt_source_t source;
    void *tables;
    void *arena;
    uint32_t memory_bound;
};

static void lock(const fqt_host_model_t *host) {
    fqt_host_lock_take((fqt_host_lock_t *)(uintptr_t)&host->lock);
}

static void unlock(const fqt_host_model_t *host) {
    fqt_host_lock_give((fqt_host_lock_t *)(uintptr_t)&host->lock);
}

// A stream over bytes in memory.
static bool read_bytes(void *context, uint32_t offset, void *destination, uint32_t bytes) {
    memcpy(destination, (const uint8_t *)context + offset, bytes);
    return true;
}

static fqt_source_t source_of(const uint8_t *file, uint32_t bytes, bool in_place) {
    return (fqt_source_t) {
        .memory = in_place ? file : NULL, .read = read_bytes, .context = (void *)(uintptr_t)file, .bytes = bytes};
}

// Of a model that was opened and has not trained yet.
static uint32_t memory_bound(const fqt_model_t *model) {
    fqt_lifetimes_find(model);
    const uint32_t bound = fqt_buffers_bound(model);
    fqt_lifetimes_forget(model);
    return model->tables_bytes + model->targets + fqt_targets_bytes(model) + bound + FQT_BYTES_BEHIND;
}

// Give whether the model is open, otherwise why not.
static bool open_model(fqt_host_model_t *host, uint32_t master, uint32_t batch, char *error_text) {
    if (setjmp(fqt_escape) != 0) {
        fqt_error_text(&host->source.fault, error_text);
        return false;
    }
    strcpy(error_text, "out of memory");
    host->tables = malloc(fqt_tables_bytes(fqt_model_peek(&host->source)));
    if (host->tables == NULL) {
        return false;
    }
    fqt_model_open(&host->model, &host->source, fqt_kinds, master, batch, host->tables);
    host->arena = malloc(host->model.arena_bytes);
    if (host->arena == NULL) {
        return false;
    }
    fqt_model_load(&host->model, &host->source, host->arena);
    host->memory_bound = memory_bound(&host->model);
    return true;
}

const char *fqt_host_version(void) {
    return FQT_HOST_VERSION;
}

fqt_host_model_t *fqt_host_open(
    const uint8_t *file, uint32_t bytes, uint32_t master, uint32_t batch, bool in_place, char *error_text) {
    fqt_host_model_t *host = calloc(1, sizeof(fqt_host_model_t));
    if (host == NULL) {
        strcpy(error_text, "out of memory");
        return NULL;
    }
    fqt_host_lock_init(&host->lock);
    host->source = source_of(file, bytes, in_place);
    if (!open_model(host, master, batch, error_text)) {
        fqt_host_close(host);
        return NULL;
    }
    return host;
}

void fqt_host_close(fqt_host_model_t *host) {
    fqt_host_lock_destroy(&host->lock);
    free(host->arena);
    free(host->tables);
    free(host);
}

uint32_t fqt_host_memory(const fqt_host_model_t *host) {
    return host->model.tables_bytes + host->model.arena_bytes;
}

uint32_t fqt_host_memory_bound(const fqt_host_model_t *host) {
    return host->memory_bound;
}

uint32_t fqt_host_parameters(const fqt_host_model_t *host) {
    return host->model.targets + fqt_targets_bytes(&host->model);
}

void fqt_host_places(const fqt_host_model_t *host, uint32_t (*places)[4]) {
    const fqt_model_t *model = &host->model;
    lock(host);
    fqt_lifetimes_find(model);
    for (uint32_t number = 0; number < fqt_buffers(model); ++number) {
        const fqt_buffer_t buffer = fqt_buffer(model, number);
        const uint32_t place[4] = {*buffer.offset, buffer.bytes, buffer.birth, buffer.death};
        memcpy(places[number], place, sizeof(place));
    }
    fqt_lifetimes_forget(model);
    unlock(host);
}

uint32_t fqt_host_input_elements(const fqt_host_model_t *host) {
    return fqt_tensor(&host->model, 0)->elements;
}

uint32_t fqt_host_output_elements(const fqt_host_model_t *host) {
    return fqt_output_elements(&host->model);
}

uint32_t fqt_host_feature_elements(const fqt_host_model_t *host) {
    return fqt_tensor(&host->model, host->model.cut)->elements;
}

bool fqt_host_trains(const fqt_host_model_t *host) {
    return fqt_trains(&host->model);
}

uint32_t fqt_host_diverged(const fqt_host_model_t *host) {
    return host->model.diverged;
}

uint32_t fqt_host_steps(const fqt_host_model_t *host) {
    return host->model.step_count;
}

bool fqt_host_updates(const fqt_host_model_t *host, uint32_t layer) {
    return fqt_layer(&host->model, layer)->updates;
}

uint32_t fqt_host_output_scale(const fqt_host_model_t *host, uint32_t layer) {
    return fqt_output_of(&host->model, layer)->scale;
}

bool fqt_host_silent(const fqt_host_model_t *host) {
    return host->model.silent;
}

bool fqt_host_quantize_float(const fqt_host_model_t *host, uint32_t float_bits, int8_t *value) {
    uint32_t found;
    return fqt_quantize(&host->model, (const uint8_t *)&float_bits, FQT_FLOAT32, 1, value, &found);
}

uint32_t fqt_host_quantize(const fqt_host_model_t *host, const uint32_t *floats, uint32_t count, int8_t *values) {
    uint32_t clipped;
    fqt_quantize(&host->model, (const uint8_t *)floats, FQT_FLOAT32, count, values, &clipped);
    return clipped;
}

uint32_t fqt_host_targets(const fqt_host_model_t *host, const uint32_t *floats, uint32_t samples, int32_t *targets) {
    const uint32_t outputs = fqt_output_elements(&host->model);
    uint32_t i = 0;
    lock(host);
    for (uint32_t o = 0; i < samples * outputs; ++i) {
        if (!fqt_target_float(&host->model, o, floats[i], &targets[i])) {
            break;
        }
        o = o + 1 < outputs ? o + 1 : 0;
    }
    unlock(host);
    return i;
}

void fqt_host_real_outputs(const fqt_host_model_t *host, const int32_t *outputs, uint32_t samples, uint32_t *floats) {
    const uint32_t elements = fqt_output_elements(&host->model);
    lock(host);
    for (uint32_t i = 0; i < samples; ++i) {
        for (uint32_t o = 0; o < elements; ++o) {
            floats[i * elements + o] = fqt_output_float(&host->model, o, outputs[i * elements + o]);
        }
    }
    unlock(host);
}

bool fqt_host_map_output(fqt_host_model_t *host, uint32_t output, uint32_t offset, uint32_t scale) {
    lock(host);
    const bool is_set = fqt_map_output(&host->model, output, offset, scale);
    unlock(host);
    return is_set;
}

void fqt_host_set_options(fqt_host_model_t *host, uint32_t least_rate, uint32_t greatest_rate, uint32_t weight_decay,
    bool standardizes, bool samples) {
    lock(host);
    host->model.options = (fqt_options_t) {least_rate, greatest_rate, weight_decay, standardizes, samples};
    unlock(host);
}

void fqt_host_end_batch(fqt_host_model_t *host) {
    lock(host);
    fqt_end_batch(&host->model);
    unlock(host);
}

void fqt_host_freeze(fqt_host_model_t *host, uint32_t layer, bool frozen) {
    lock(host);
    fqt_end_batch(&host->model);
    fqt_freeze(&host->model, layer, frozen);
    unlock(host);
}

void fqt_host_reset(fqt_host_model_t *host, uint32_t layer) {
    lock(host);
    fqt_reset(&host->model, layer);
    unlock(host);
}

// Sample i of x to the tensor that a run starts from.
static void set_input(fqt_host_model_t *host, uint32_t tensor, const int8_t *x, uint32_t i) {
    uint32_t elements = fqt_tensor(&host->model, tensor)->elements;
    memcpy(fqt_activation(&host->model, tensor), x + (size_t)i * elements, elements);
}

// Sample i's targets to the model. Gives its label.
static uint32_t set_wanted(fqt_host_model_t *host, const fqt_host_wanted_t *wanted, uint32_t i) {
    const uint32_t pixels = host->model.pixels;
    if (fqt_is_pixelwise(&host->model)) {
        for (uint32_t p = 0; p < pixels; ++p) {
            fqt_pixel_labels(&host->model)[p] = (uint8_t)wanted->labels[(size_t)i * pixels + p];
        }
        return 0;
    }
    if (!fqt_has_targets(&host->model)) {
        return wanted->labels[i];
    }
    uint32_t outputs = fqt_output_elements(&host->model);
    memcpy(fqt_targets(&host->model), wanted->targets + (size_t)i * outputs, 4 * outputs);
    return 0;
}

void fqt_host_predict(fqt_host_model_t *host, const int8_t *x, uint32_t samples, uint16_t *classes) {
    for (uint32_t i = 0; i < samples; ++i) {
        lock(host);
        set_input(host, 0, x, i);
        if (fqt_is_pixelwise(&host->model)) {
            const uint32_t pixels = host->model.pixels;
            const uint8_t *predicted = fqt_predict_pixels(&host->model);
            for (uint32_t p = 0; p < pixels; ++p) {
                classes[(size_t)i * pixels + p] = predicted[p];
            }
        } else {
            classes[i] = (uint16_t)fqt_predict(&host->model);
        }
        unlock(host);
    }
}

void fqt_host_outputs(fqt_host_model_t *host, const int8_t *x, uint32_t samples, int32_t *outputs) {
    uint32_t elements = fqt_output_elements(&host->model);
    for (uint32_t i = 0; i < samples; ++i) {
        lock(host);
        set_input(host, 0, x, i);
        memcpy(outputs + (size_t)i * elements, fqt_logits(&host->model, 0), 4 * elements);
        unlock(host);
    }
}

void fqt_host_features(fqt_host_model_t *host, const int8_t *x, uint32_t samples, int8_t *features) {
    lock(host); // all samples are cut at one layer
    const uint32_t elements = fqt_host_feature_elements(host);
    for (uint32_t i = 0; i < samples; ++i) {
        set_input(host, 0, x, i);
        memcpy(features + (size_t)i * elements, fqt_features(&host->model), elements);
    }
    unlock(host);
}

void fqt_host_losses(
    fqt_host_model_t *host, const int8_t *x, const fqt_host_wanted_t *wanted, uint32_t samples, int32_t *losses) {
    for (uint32_t i = 0; i < samples; ++i) {
        lock(host);
        set_input(host, 0, x, i);
        losses[i] = fqt_loss(&host->model, set_wanted(host, wanted, i));
        unlock(host);
    }
}

void fqt_host_train(fqt_host_model_t *host, const int8_t *x, bool from_features, const fqt_host_wanted_t *wanted,
    const uint32_t *order, const uint32_t *learning_rates, uint32_t steps, int32_t *losses) {
    uint32_t first = from_features ? host->model.cut : 0;
    bool goes_on = true;
    for (uint32_t i = 0; i < steps && goes_on; ++i) {
        lock(host);
        goes_on = host->model.diverged == 0 || (i == 0 && host->model.silent);
        if (goes_on) {
            set_input(host, first, x, order[i]);
            losses[i] = fqt_train_step(&host->model, first, set_wanted(host, wanted, order[i]), learning_rates[i]);
        }
        unlock(host);
    }
}

void fqt_host_step_forward(fqt_host_model_t *host, const int8_t *x, int32_t *outputs) {
    lock(host);
    set_input(host, 0, x, 0);
    fqt_step_forward(&host->model, 0);
    memcpy(outputs, fqt_outputs(&host->model), 4 * fqt_output_elements(&host->model));
    unlock(host);
}

void fqt_host_step_backward(fqt_host_model_t *host, const int8_t *error, uint32_t error_scale, uint32_t learning_rate) {
    fqt_model_t *model = &host->model;
    lock(host);
    memcpy(fqt_error_of(model, model->layer_count), error, fqt_output_elements(model));
    fqt_step_set_error_scale(model, error_scale);
    fqt_step_backward(model, 0, fqt_scale_unpack(learning_rate));
    fqt_step_end(model, fqt_scale_unpack(learning_rate));
    unlock(host);
}

uint32_t fqt_host_file_bytes(const fqt_host_model_t *host, bool checkpoint) {
    return fqt_model_file_bytes(&host->model, checkpoint);
}

static bool append(void *context, const void *bytes, uint32_t count) {
    uint8_t **next = context;
    memcpy(*next, bytes, count);
    *next += count;
    return true;
}

void fqt_host_write(const fqt_host_model_t *host, bool checkpoint, uint8_t *file) {
    lock(host);
    fqt_model_write(&host->model, checkpoint, append, &file);
    unlock(host);
}

bool fqt_host_restore(fqt_host_model_t *host, const uint8_t *file, uint32_t bytes, char *error_text) {
    lock(host);
    host->source = source_of(file, bytes, true);
    const bool failed = setjmp(fqt_escape) != 0;
    if (failed) {
        fqt_error_text(&host->source.fault, error_text);
    } else {
        fqt_model_restore(&host->model, &host->source);
    }
    unlock(host);
    return !failed;
}
