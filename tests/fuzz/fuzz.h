// A fuzzer's input, and the cores that it is given to.
//
// An input is a job, which says how the model is loaded and trained, and a model file. Every core
// (natmod/core/base/fqt_target.h) is a shared library of its own, made of fuzz_backend.c with the core in it: all must
// make the same bytes of a model.
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_JOB_BYTES (32)
#define FUZZ_STAGES (32)

// How a model is loaded and trained. Every value of every field is a valid one.
typedef struct {
    uint8_t master; // 8 + 4 * (this modulo 3)
    uint8_t batch; // 1 more, modulo 4
    uint8_t flags;
    uint8_t steps; // 1 more, modulo 6
    uint8_t frozen; // bit i: the i-th trainable layer, in the second half of the run
    uint8_t reset; // likewise: gets random weights before it
    uint8_t label;
    uint8_t change; // which read of a stream meets another byte
    uint32_t least_rate; // 1 more, modulo 2^16, as the next
    uint32_t greatest_rate;
    uint32_t weight_decay; // bits of a float
    uint32_t learning_rate; // likewise
    uint32_t input_seed;
    uint32_t target; // bits of a float: outputs' targets
} fuzz_job_t;

_Static_assert(sizeof(fuzz_job_t) == FUZZ_JOB_BYTES, "as it lies in an input");

// Flags of a job.
enum {
    FUZZ_IN_PLACE = 1,
    FUZZ_STANDARDIZES = 2,
    FUZZ_SAMPLES = 4,
    FUZZ_FROM_FEATURES = 8, // in the second half
    FUZZ_TARGETS_INPUT = 16, // where the shapes fit
    FUZZ_EXTREME_INPUT = 32,
    FUZZ_CHANGING_STREAM = 64,
};

// What came of it: a hash of what the core computed at each stage.
typedef struct {
    bool is_loaded;
    bool has_trained;
    uint32_t stages;
    uint64_t hashes[FUZZ_STAGES];
    const char *names[FUZZ_STAGES];
} fuzz_result_t;

typedef void fuzz_backend_t(const fuzz_job_t *job, const uint8_t *file, uint32_t bytes, fuzz_result_t *result);

// Run an input on all backends; stop the program where they differ.
void fuzz_run(const uint8_t *data, size_t size);

// Put a file's length and checksum right.
void fuzz_put_right(uint8_t *file, size_t bytes);

#endif
