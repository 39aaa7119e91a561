// See fqt_host.h.
#include "fqt_host.h"
#include "../core/fqt_core_all.c"

#include <stdlib.h>
#include <string.h>

struct fqt_host_model {
    fqt_model_t model;
    fqt_source_t source;
    void *tables;
    void *arena;
};

// A stream over bytes in memory.
static bool read_bytes(void *context, uint32_t offset, void *destination, uint32_t bytes) {
    memcpy(destination, (const uint8_t *)context + offset, bytes);
    return true;
}

static fqt_source_t source_of(const uint8_t *file, uint32_t bytes, bool in_place) {
    return (fqt_source_t) {in_place ? file : NULL, read_bytes, (void *)(uintptr_t)file, bytes};
}

fqt_host_model_t *fqt_host_open(const uint8_t *file, uint32_t bytes, uint32_t master, bool in_place, char *error_text) {
    fqt_error_t error = {0};
    uint32_t layer_count;
    fqt_source_t source = source_of(file, bytes, in_place);
    fqt_host_model_t *host = calloc(1, sizeof(fqt_host_model_t));
    bool ok = host != NULL && fqt_model_peek(&source, &layer_count, &error);
    if (ok) {
        host->tables = malloc(fqt_tables_bytes(layer_count));
        ok = host->tables != NULL && fqt_model_open(&host->model, &source, master, host->tables, &error);
    }
    if (ok) {
        host->arena = malloc(host->model.arena_bytes);
        ok = host->arena != NULL && fqt_model_load(&host->model, &source, host->arena, &error);
    }
    if (ok) {
        return host;
    }
    if (error.message == NULL) {
        error.message = "out of memory";
    }
    fqt_error_text(&error, error_text);
    if (host != NULL) {
        fqt_host_close(host);
    }
    return NULL;
}

void fqt_host_close(fqt_host_model_t *host) {
    free(host->arena);
    free(host->tables);
    free(host);
}

uint32_t fqt_host_memory(const fqt_host_model_t *host) {
    return host->model.tables_bytes + host->model.arena_bytes;
}

uint32_t fqt_host_input_elements(const fqt_host_model_t *host) {
    return fqt_tensor(&host->model, 0)->elements;
}

uint32_t fqt_host_output_elements(const fqt_host_model_t *host) {
    return fqt_output_elements(&host->model);
}

bool fqt_host_has_trainable(const fqt_host_model_t *host) {
    return host->model.first_trainable < host->model.layer_count;
}

bool fqt_host_quantize_float(const fqt_host_model_t *host, uint32_t float_bits, int8_t *value) {
    return fqt_quantize_float(&host->model, float_bits, value);
}

static void set_input(fqt_host_model_t *host, const int8_t *x) {
    memcpy(fqt_input(&host->model), x, fqt_host_input_elements(host));
}

uint32_t fqt_host_predict(fqt_host_model_t *host, const int8_t *x) {
    set_input(host, x);
    return fqt_predict(&host->model);
}

void fqt_host_logits(fqt_host_model_t *host, const int8_t *x, int32_t *logits) {
    set_input(host, x);
    memcpy(logits, fqt_logits(&host->model), 4 * fqt_output_elements(&host->model));
}

uint32_t fqt_host_evaluate(fqt_host_model_t *host, const int8_t *x, const uint16_t *labels, uint32_t samples) {
    uint32_t right = 0;
    for (uint32_t i = 0; i < samples; ++i) {
        right += fqt_host_predict(host, x + (size_t)i * fqt_host_input_elements(host)) == labels[i];
    }
    return right;
}

int64_t fqt_host_train(fqt_host_model_t *host, const int8_t *x, const uint16_t *labels, const uint32_t *order,
    const uint32_t *learning_rates, uint32_t steps) {
    int64_t loss = 0;
    for (uint32_t i = 0; i < steps; ++i) {
        set_input(host, x + (size_t)order[i] * fqt_host_input_elements(host));
        loss += fqt_train_step(&host->model, labels[order[i]], learning_rates[i]);
    }
    return loss;
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
    fqt_model_write(&host->model, checkpoint, append, &file);
}

bool fqt_host_restore(fqt_host_model_t *host, const uint8_t *file, uint32_t bytes, char *error_text) {
    fqt_error_t error = {0};
    fqt_source_t source = source_of(file, bytes, true);
    bool ok = fqt_model_restore(&host->model, &source, &error);
    if (!ok) {
        fqt_error_text(&error, error_text);
    }
    return ok;
}
