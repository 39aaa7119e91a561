// One input on every core: see fuzz.h.
#include "fuzz.h"

#include "../../natmod/core/base/fqt_crc.c"
#include "../../natmod/core/model/fqt_file.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const backend_names[] = {"core", "plain", "scalar", "dsp", "armv6m"};
#define BACKENDS (sizeof(backend_names) / sizeof(backend_names[0]))

static uint64_t runs;
static uint64_t models_loaded;
static uint64_t models_trained;

static void print_counts(void) {
    printf("%llu executions, %llu models loaded, %llu trained on %zu backends\n", (unsigned long long)runs,
        (unsigned long long)models_loaded, (unsigned long long)models_trained, BACKENDS);
}

// The backends, beside the program.
static fuzz_backend_t *const *backends(void) {
    static fuzz_backend_t *found[BACKENDS];
    for (size_t i = 0; i < BACKENDS && found[BACKENDS - 1] == NULL; ++i) {
        char name[64];
        snprintf(name, sizeof(name), "libfuzz_%s.so", backend_names[i]);
        void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
        void *symbol = library == NULL ? NULL : dlsym(library, "fuzz_backend");
        if (symbol == NULL) {
            fprintf(stderr, "%s\n", dlerror());
            exit(1);
        }
        memcpy(&found[i], &symbol, sizeof(symbol));
    }
    return found;
}

void fuzz_put_right(uint8_t *file, size_t bytes) {
    if (bytes > FQT_HEADER_BYTES + FQT_CHECKSUM_BYTES) {
        const uint32_t length = (uint32_t)bytes;
        memcpy(file + offsetof(fqt_header_t, file_bytes), &length, sizeof(length));
        const uint32_t crc = fqt_crc_finish(fqt_crc_update(FQT_CRC_START, file, length - FQT_CHECKSUM_BYTES));
        memcpy(file + bytes - FQT_CHECKSUM_BYTES, &crc, sizeof(crc));
    }
}

static void compare(const fuzz_result_t *expected, const fuzz_result_t *result, const char *name) {
    for (uint32_t i = 0; i < expected->stages; ++i) {
        if (result->stages != expected->stages || result->hashes[i] != expected->hashes[i]) {
            fprintf(stderr, "backend %s differs from %s at stage %u of %u: %s\n", name, backend_names[0], (unsigned)i,
                (unsigned)expected->stages, expected->names[i]);
            abort();
        }
    }
}

void fuzz_run(const uint8_t *data, size_t size) {
    if (size < FUZZ_JOB_BYTES || size > 1 << 20) {
        return;
    }
    if (runs++ == 0) {
        atexit(print_counts);
    }
    const uint32_t bytes = (uint32_t)(size - FUZZ_JOB_BYTES);
    fuzz_job_t job;
    memcpy(&job, data, sizeof(job));
    uint8_t *file =
        malloc(bytes > 0 ? bytes : 1); // not a byte more, so that a sanitizer sees one that is read behind it
    memcpy(file, data + FUZZ_JOB_BYTES, bytes);
    static fuzz_result_t expected;
    for (size_t i = 0; i < BACKENDS; ++i) {
        static fuzz_result_t result;
        backends()[i](&job, file, bytes, i == 0 ? &expected : &result);
        if (!expected.is_loaded) {
            break; // the same code reads files everywhere
        }
        if (i > 0) {
            compare(&expected, &result, backend_names[i]);
        }
    }
    if (memcmp(file, data + FUZZ_JOB_BYTES, bytes) != 0) {
        abort(); // a file in flash cannot be written
    }
    models_loaded += expected.is_loaded;
    models_trained += expected.has_trained;
    free(file);
}
