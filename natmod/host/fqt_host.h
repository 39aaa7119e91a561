// The core as a shared library for the desk: the same code as on the board, called through ctypes
// (host_tools/fqt/run/core.py). Only this layer allocates. Threads may share a model: each sample, step or change waits
// for the one before. Between fqt_host_step_forward and fqt_host_step_backward another may come: it spoils that step,
// no memory.
#ifndef FQT_HOST_H
#define FQT_HOST_H

#include <stdbool.h>
#include <stdint.h>

#ifdef _WIN32
#define FQT_HOST_EXPORT __declspec(dllexport)
#else
#define FQT_HOST_EXPORT __attribute__((visibility("default")))
#endif

typedef struct fqt_host_model fqt_host_model_t;

// The file VERSION when this was built.
FQT_HOST_EXPORT const char *fqt_host_version(void);

// Open a model file of `bytes` bytes. With `in_place` frozen parameters are used where they lie in `file`, which must
// outlive the model; otherwise the file is read like a stream. NULL on failure, with the reason in `error_text`
// (FQT_ERROR_TEXT_BYTES).
FQT_HOST_EXPORT fqt_host_model_t *fqt_host_open(
    const uint8_t *file, uint32_t bytes, uint32_t master, uint32_t batch, bool in_place, char *error_text);
FQT_HOST_EXPORT void fqt_host_close(fqt_host_model_t *host);

// RAM in bytes: tables and arena, what model.memory tells on a device.
FQT_HOST_EXPORT uint32_t fqt_host_memory(const fqt_host_model_t *host);

// The least that any layout of the arena takes: the parameters, and at each moment of a step what lives then.
FQT_HOST_EXPORT uint32_t fqt_host_memory_bound(const fqt_host_model_t *host);

// Bytes in front of the buffers in the arena.
FQT_HOST_EXPORT uint32_t fqt_host_parameters(const fqt_host_model_t *host);
// Of a model that has not trained yet, for each buffer (fqt_plan.h; four a layer, and two) where it lies in the arena,
// its bytes (0: there is no such), and its first and last moment of a step.
FQT_HOST_EXPORT void fqt_host_places(const fqt_host_model_t *host, uint32_t (*places)[4]);

FQT_HOST_EXPORT uint32_t fqt_host_input_elements(const fqt_host_model_t *host);
FQT_HOST_EXPORT uint32_t fqt_host_output_elements(const fqt_host_model_t *host);
FQT_HOST_EXPORT uint32_t fqt_host_feature_elements(const fqt_host_model_t *host);
FQT_HOST_EXPORT bool fqt_host_trains(const fqt_host_model_t *host);
// Number (from 1) of the layer that was seen to diverge; 0: none.
FQT_HOST_EXPORT uint32_t fqt_host_diverged(const fqt_host_model_t *host);
// Training steps so far, those before saving included.
FQT_HOST_EXPORT uint32_t fqt_host_steps(const fqt_host_model_t *host);
// Whether a layer updates; its output's scale as float32 bits.
FQT_HOST_EXPORT bool fqt_host_updates(const fqt_host_model_t *host, uint32_t layer);
FQT_HOST_EXPORT uint32_t fqt_host_output_scale(const fqt_host_model_t *host, uint32_t layer);
// Whether that layer's output was 0, which may pass: steps go on.
FQT_HOST_EXPORT bool fqt_host_silent(const fqt_host_model_t *host);
FQT_HOST_EXPORT bool fqt_host_quantize_float(const fqt_host_model_t *host, uint32_t float_bits, int8_t *value);
// Finite float32 bits, of samples one after another, as int8 inputs; returns how many lie beyond the input's range.
FQT_HOST_EXPORT uint32_t fqt_host_quantize(
    const fqt_host_model_t *host, const uint32_t *floats, uint32_t count, int8_t *values);
// Targets, float32 bits [samples][output_elements], as Q16. Returns the place of the first that is none; their count
// when there is none of these.
FQT_HOST_EXPORT uint32_t fqt_host_targets(
    const fqt_host_model_t *host, const uint32_t *floats, uint32_t samples, int32_t *targets);
// Outputs in Q16 as float32 bits, in the user's units where the model has a map of its outputs. Both [samples]
// [output_elements].
FQT_HOST_EXPORT void fqt_host_real_outputs(
    const fqt_host_model_t *host, const int32_t *outputs, uint32_t samples, uint32_t *floats);
// Set an output's row, float32 bits, in the map of the outputs, of which the model has one. False when it is not valid:
// nothing changes then.
FQT_HOST_EXPORT bool fqt_host_map_output(fqt_host_model_t *host, uint32_t output, uint32_t offset, uint32_t scale);

// Rates in Q16, weight decay as float32 bits.
FQT_HOST_EXPORT void fqt_host_set_options(fqt_host_model_t *host, uint32_t least_rate, uint32_t greatest_rate,
    uint32_t weight_decay, bool standardizes, bool samples);
// End a mini-batch before it is full; freezing does so too.
FQT_HOST_EXPORT void fqt_host_end_batch(fqt_host_model_t *host);
FQT_HOST_EXPORT void fqt_host_freeze(fqt_host_model_t *host, uint32_t layer, bool frozen);
FQT_HOST_EXPORT void fqt_host_reset(fqt_host_model_t *host, uint32_t layer);

// x: int8 [samples][input_elements] (uint8 inputs minus 128) -> the index of the greatest output, [samples].
FQT_HOST_EXPORT void fqt_host_predict(fqt_host_model_t *host, const int8_t *x, uint32_t samples, uint16_t *classes);
// -> outputs int32 [samples][output_elements], Q16.
FQT_HOST_EXPORT void fqt_host_outputs(fqt_host_model_t *host, const int8_t *x, uint32_t samples, int32_t *outputs);
// -> features int8 [samples][feature_elements]: what the frozen front part gives.
FQT_HOST_EXPORT void fqt_host_features(fqt_host_model_t *host, const int8_t *x, uint32_t samples, int8_t *features);

// What samples should give: labels [samples], or for losses other than softmax cross-entropy targets int32
// [samples][output_elements], Q16.
typedef struct {
    const uint16_t *labels; // [samples], with pixelwise cross-entropy [samples][pixels]
    const int32_t *targets;
} fqt_host_wanted_t;

// -> the loss of each sample, Q16.
FQT_HOST_EXPORT void fqt_host_losses(
    fqt_host_model_t *host, const int8_t *x, const fqt_host_wanted_t *wanted, uint32_t samples, int32_t *losses);

// One step on each of x[order[i]], i < steps, with learning_rates[i] (float32 bits) -> losses[i], Q16. With
// `from_features`, x holds features. Stops when the model is seen to diverge, and after a step that left it silent.
FQT_HOST_EXPORT void fqt_host_train(fqt_host_model_t *host, const int8_t *x, bool from_features,
    const fqt_host_wanted_t *wanted, const uint32_t *order, const uint32_t *learning_rates, uint32_t steps,
    int32_t *losses);

// A training step whose loss is somebody else's (the mixed configuration): forward; then, from the error of the outputs
// (int8 [output_elements] at error_scale), backward.
FQT_HOST_EXPORT void fqt_host_step_forward(fqt_host_model_t *host, const int8_t *x, int32_t *outputs);
FQT_HOST_EXPORT void fqt_host_step_backward(
    fqt_host_model_t *host, const int8_t *error, uint32_t error_scale, uint32_t learning_rate);

FQT_HOST_EXPORT uint32_t fqt_host_file_bytes(const fqt_host_model_t *host, bool checkpoint);
FQT_HOST_EXPORT void fqt_host_write(const fqt_host_model_t *host, bool checkpoint, uint8_t *file);
FQT_HOST_EXPORT bool fqt_host_restore(fqt_host_model_t *host, const uint8_t *file, uint32_t bytes, char *error_text);

#endif
