// The core as a shared library for the desk: the same code as on the board, called through ctypes
// (host_tools/fqt/core.py). Only this layer allocates.
#ifndef FQT_HOST_H
#define FQT_HOST_H

#include <stdbool.h>
#include <stdint.h>

#define FQT_HOST_EXPORT __attribute__((visibility("default")))

typedef struct fqt_host_model fqt_host_model_t;

// Open a model file of `bytes` bytes. With `in_place` frozen parameters are used where they lie in `file`, which must
// outlive the model; otherwise the file is read like a stream. NULL on failure, with the reason in `error_text`
// (FQT_ERROR_TEXT_BYTES).
FQT_HOST_EXPORT fqt_host_model_t *fqt_host_open(
    const uint8_t *file, uint32_t bytes, uint32_t master, bool in_place, char *error_text);
FQT_HOST_EXPORT void fqt_host_close(fqt_host_model_t *host);

// RAM in bytes: tables and arena, what model.memory tells on a device.
FQT_HOST_EXPORT uint32_t fqt_host_memory(const fqt_host_model_t *host);
FQT_HOST_EXPORT uint32_t fqt_host_input_elements(const fqt_host_model_t *host);
FQT_HOST_EXPORT uint32_t fqt_host_output_elements(const fqt_host_model_t *host);
FQT_HOST_EXPORT bool fqt_host_has_trainable(const fqt_host_model_t *host);
FQT_HOST_EXPORT bool fqt_host_quantize_float(const fqt_host_model_t *host, uint32_t float_bits, int8_t *value);

// x: int8 [input_elements] (uint8 inputs minus 128). logits: int32 [output_elements], Q16.
FQT_HOST_EXPORT uint32_t fqt_host_predict(fqt_host_model_t *host, const int8_t *x);
FQT_HOST_EXPORT void fqt_host_logits(fqt_host_model_t *host, const int8_t *x, int32_t *logits);

// x: int8 [samples][input_elements], labels [samples]. Gives how many are predicted right.
FQT_HOST_EXPORT uint32_t fqt_host_evaluate(
    fqt_host_model_t *host, const int8_t *x, const uint16_t *labels, uint32_t samples);

// One step on each of x[order[i]], i < steps, with learning_rates[i] (float32 bits). Gives the sum of losses, Q16.
FQT_HOST_EXPORT int64_t fqt_host_train(fqt_host_model_t *host, const int8_t *x, const uint16_t *labels,
    const uint32_t *order, const uint32_t *learning_rates, uint32_t steps);

FQT_HOST_EXPORT uint32_t fqt_host_file_bytes(const fqt_host_model_t *host, bool checkpoint);
FQT_HOST_EXPORT void fqt_host_write(const fqt_host_model_t *host, bool checkpoint, uint8_t *file);
FQT_HOST_EXPORT bool fqt_host_restore(fqt_host_model_t *host, const uint8_t *file, uint32_t bytes, char *error_text);

#endif
