// A core, and what a fuzzer does with it: a model is loaded, run, trained, frozen in part, trained from features,
// saved, restored, and loaded again; both then go on alike. What it computes goes into hashes; anything that must not
// be stops the program.
#include "../../natmod/core/fqt_core_all.c"
#include "../../natmod/host/fqt_host_fault.h"

#include <stdlib.h>

#include "fuzz.h"

#define MAX_RAM (1u << 20) // larger models are valid, but slow
#ifndef FUZZ_WORK // multiply-adds of a step
#define FUZZ_WORK (1u << 16)
#endif
#define RUN_WORK (FUZZ_WORK / 2) // of all steps but the first
#define FLOAT_INFINITY (0x7F800000u)

// What a jump out of the core leaves behind is static.
typedef struct {
    fqt_model_t model;
    fqt_source_t source;
    void *tables;
    void *arena;
    const fuzz_job_t *job;
    const uint8_t *file;
    uint32_t reads;
} fuzz_model_t;

// A stream, which may change while it is read.
static bool read_bytes(void *context, uint32_t offset, void *destination, uint32_t bytes) {
    fuzz_model_t *fuzz = context;
    memcpy(destination, fuzz->file + offset, bytes);
    if (fuzz->job->flags & FUZZ_CHANGING_STREAM && ++fuzz->reads == fuzz->job->change && bytes > 0) {
        ((uint8_t *)destination)[fuzz->job->label % bytes] ^= (uint8_t)(1u << fuzz->job->label % 8);
    }
    return true;
}

static void note(fuzz_result_t *result, const char *name, const void *bytes, size_t count) {
    uint64_t hash = 0xCBF29CE484222325u; // FNV-1a
    for (const uint8_t *byte = bytes; count > 0; --count, ++byte) {
        hash = (hash ^ *byte) * 0x100000001B3u;
    }
    if (result->stages == FUZZ_STAGES) {
        abort();
    }
    result->names[result->stages] = name;
    result->hashes[result->stages++] = hash;
}

#define GATE_WORK (100) // of the function of a gate

// Multiply-adds of a step, roughly; the error pass of max pooling looks at a window for each window that an input is
// in, and recurrent layers form all their gates at each position of the input.
static uint64_t work(const fqt_model_t *model) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        const fqt_layer_t *layer = fqt_layer(model, i);
        const uint64_t taps = (uint64_t)layer->window.kernel_height * layer->window.kernel_width;
        sum += (uint64_t)fqt_tensor(model, i + 1)->elements * (layer->filter_elements + taps)
               + (uint64_t)fqt_input_of(model, i)->elements * taps;
        if (layer->kind == FQT_KIND_MAX_POOL2D) {
            sum += (uint64_t)fqt_input_of(model, i)->elements * taps * taps;
        }
        if (layer->kind == FQT_KIND_LSTM || layer->kind == FQT_KIND_GRU) {
            const fqt_tensor_t *input = fqt_input_of(model, i);
            const uint64_t positions = (uint64_t)input->height * input->width;
            sum += positions * fqt_output_of(model, i)->channels * (layer->filter_elements + 4 * GATE_WORK);
        }
    }
    return sum;
}

// Load a model. Returns false, with a reason, where the file is none, and where it would take too long.
static bool load(fuzz_model_t *fuzz, const fuzz_job_t *job, const uint8_t *file, uint32_t bytes) {
    *fuzz = (fuzz_model_t) {
        .source = {.memory = job->flags & FUZZ_IN_PLACE ? file : NULL,
            .read = read_bytes,
            .context = fuzz,
            .bytes = bytes},
        .job = job,
        .file = file,
    };
    if (setjmp(fqt_escape) != 0) {
        char text[FQT_ERROR_TEXT_BYTES];
        fqt_error_text(&fuzz->source.fault, text); // there is always a reason
        return false;
    }
    fqt_model_t *model = &fuzz->model;
    fuzz->tables = malloc(fqt_tables_bytes(fqt_model_peek(&fuzz->source)));
    fqt_model_open(model, &fuzz->source, fqt_kinds, 8 + job->master % 3 * 4, 1 + job->batch % 4, fuzz->tables);
    if (model->arena_bytes > MAX_RAM || work(model) > FUZZ_WORK) {
        return false;
    }
    fuzz->arena = malloc(model->arena_bytes);
    fqt_model_load(model, &fuzz->source, fuzz->arena);
    const uint32_t least_rate = 1 + (job->least_rate & 0xFFFF);
    const uint32_t greatest_rate = 1 + (job->greatest_rate & 0xFFFF);
    const uint32_t decay = job->weight_decay & INT32_MAX;
    model->options = (fqt_options_t) {
        .least_rate = least_rate < greatest_rate ? least_rate : greatest_rate,
        .greatest_rate = least_rate < greatest_rate ? greatest_rate : least_rate,
        .weight_decay = decay < FLOAT_INFINITY ? decay : 0,
        .standardizes = (job->flags & FUZZ_STANDARDIZES) != 0,
        .samples = (job->flags & FUZZ_SAMPLES) != 0,
    };
    return true;
}

static void unload(fuzz_model_t *fuzz) {
    free(fuzz->arena);
    free(fuzz->tables);
}

static void fill_input(fuzz_model_t *fuzz, uint32_t step) {
    int8_t *input = fqt_input(&fuzz->model);
    uint32_t state = fuzz->job->input_seed + step;
    for (uint32_t i = 0; i < fqt_tensor(&fuzz->model, 0)->elements; ++i) {
        state = state * 1664525 + 1013904223;
        input[i] = (int8_t)(fuzz->job->flags & FUZZ_EXTREME_INPUT ? (state >> 31 ? INT8_MAX : INT8_MIN)
                                                                  : (int32_t)(state >> 24) - 128);
    }
}

// Targets, where the model has some, checked as the binding checks them. Returns the label of a step.
static uint32_t fill_target(fuzz_model_t *fuzz, uint32_t step) {
    fqt_model_t *model = &fuzz->model;
    const uint32_t outputs = fqt_output_elements(model);
    if (fqt_is_pixelwise(model)) {
        for (uint32_t p = 0; p < model->pixels; ++p) {
            const uint32_t number = (fuzz->job->label + step + p) % (model->classes + 1);
            fqt_pixel_labels(model)[p] = (uint8_t)(number == model->classes ? FQT_IGNORED : number);
        }
        return 0;
    }
    if (!fqt_has_targets(model)) {
        return (fuzz->job->label + step) % outputs;
    }
    int32_t *targets = fqt_targets(model);
    const uint32_t numbers[] = {0, 0x3F800000u, fuzz->job->target}; // 0, 1
    for (uint32_t o = 0; o < outputs; ++o) {
        if (!fqt_target_float(model, o, numbers[(o + step) % 3], &targets[o])) {
            targets[o] = 0;
        }
    }
    if (fuzz->job->flags & FUZZ_TARGETS_INPUT && fqt_tensor(model, 0)->elements == outputs) {
        fqt_target_input(model);
    }
    for (uint32_t o = 0; o < outputs && model->loss == FQT_LOSS_BINARY_CROSS_ENTROPY; ++o) {
        targets[o] = targets[o] < 0 || targets[o] > 65536 ? 0 : targets[o];
    }
    return 0;
}

// A step on the whole model, or behind the frozen front part.
static void train(fuzz_model_t *fuzz, uint32_t step, bool from_features, fuzz_result_t *result) {
    fqt_model_t *model = &fuzz->model;
    if (!fqt_trains(model) || model->diverged != 0) {
        return;
    }
    fill_input(fuzz, step);
    const uint32_t label = fill_target(fuzz, step);
    const uint32_t rate = fuzz->job->learning_rate & INT32_MAX;
    if (from_features) {
        fqt_features(model);
    }
    const int32_t loss = fqt_train_step(
        model, from_features ? model->cut : 0, label, rate < FLOAT_INFINITY ? rate : 0x3C23D70Au); // 0.01
    note(result, "loss of a step", &loss, sizeof(loss));
    result->has_trained = true;
}

static void run(fuzz_model_t *fuzz, fuzz_result_t *result) {
    fqt_model_t *model = &fuzz->model;
    fill_input(fuzz, 0);
    const uint32_t predicted =
        fqt_is_pixelwise(model) ? fqt_predict_pixels(model)[model->pixels - 1] : fqt_predict(model);
    fill_input(fuzz, 0); // a run takes the input's bytes for others
    const int32_t loss = fqt_loss(model, fill_target(fuzz, 0));
    int8_t quantized[3] = {0};
    uint32_t found;
    fqt_quantize(model, (const uint8_t *)&fuzz->job->target, FQT_FLOAT32, 1, &quantized[0], &found);
    fqt_quantize(model, (const uint8_t *)&fuzz->job->target, FQT_INT16, 1, &quantized[1], &found);
    fqt_quantize(model, (const uint8_t *)&fuzz->job->target, FQT_UINT8, 1, &quantized[2], &found);
    if (model->maps & FQT_MAP_OUTPUT) {
        fqt_map_output(model, 0, fuzz->job->target, fuzz->job->learning_rate);
    }
    const uint32_t output = fqt_output_float(model, 0, (int32_t)(fuzz->job->input_seed & INT32_MAX));
    note(result, "class", &predicted, sizeof(predicted));
    note(result, "loss", &loss, sizeof(loss));
    note(result, "quantized inputs", quantized, sizeof(quantized));
    note(result, "real output", &output, sizeof(output));
    fill_input(fuzz, 0);
    note(result, "outputs", fqt_logits(model, 0), 4 * (size_t)fqt_output_elements(model));
}

static void change_layers(fuzz_model_t *fuzz) {
    uint32_t trainable = 0;
    for (uint32_t i = 0; i < fuzz->model.layer_count; ++i) {
        if (fqt_layer(&fuzz->model, i)->trainable) {
            if (fuzz->job->reset >> trainable % 8 & 1) {
                fqt_reset(&fuzz->model, i);
            }
            fqt_freeze(&fuzz->model, i, fuzz->job->frozen >> trainable % 8 & 1);
            ++trainable;
        }
    }
}

typedef struct {
    uint8_t *next;
    uint8_t *end;
} buffer_t;

static bool append(void *context, const void *bytes, uint32_t count) {
    buffer_t *buffer = context;
    if (count > (size_t)(buffer->end - buffer->next)) {
        abort(); // fqt_model_file_bytes was too small
    }
    memcpy(buffer->next, bytes, count);
    buffer->next += count;
    return true;
}

// The model as a file, to be freed.
static uint8_t *saved(const fqt_model_t *model, bool checkpoint, uint32_t *bytes, fuzz_result_t *result) {
    *bytes = fqt_model_file_bytes(model, checkpoint);
    uint8_t *file = malloc(*bytes);
    buffer_t buffer = {file, file + *bytes};
    if (!fqt_model_write(model, checkpoint, append, &buffer) || buffer.next != buffer.end) {
        abort();
    }
    note(result, checkpoint ? "checkpoint" : "saved model", file, *bytes);
    return file;
}

// What the model writes, it takes back.
static void restore(fuzz_model_t *fuzz, fuzz_result_t *result) {
    uint32_t bytes;
    uint8_t *checkpoint = saved(&fuzz->model, true, &bytes, result);
    fuzz->source = (fqt_source_t) {.memory = checkpoint, .bytes = bytes};
    if (setjmp(fqt_escape) != 0) {
        abort();
    }
    fqt_model_restore(&fuzz->model, &fuzz->source);
    free(checkpoint);
}

// A saved model, loaded anew, goes on as the model does.
static void check_loaded_anew(fuzz_model_t *fuzz, fuzz_result_t *result) {
    static fuzz_model_t other;
    uint32_t bytes;
    uint8_t *file = saved(&fuzz->model, false, &bytes, result);
    fuzz_job_t job = *fuzz->job;
    job.flags &= (uint8_t)~FUZZ_CHANGING_STREAM;
    if (!load(&other, &job, file, bytes)) {
        abort();
    }
    other.model.options = fuzz->model.options;
    fuzz_result_t results[2] = {{0}, {0}};
    fuzz_model_t *const models[] = {fuzz, &other};
    for (uint32_t i = 0; i < 2; ++i) {
        train(models[i], 7, false, &results[i]);
        free(saved(&models[i]->model, false, &bytes, &results[i]));
    }
    if (memcmp(results[0].hashes, results[1].hashes, sizeof(results[0].hashes)) != 0) {
        abort();
    }
    note(result, "saved model after a further step", results[0].hashes, sizeof(results[0].hashes));
    unload(&other);
    free(file);
}

__attribute__((visibility("default"))) fuzz_backend_t fuzz_backend;

void fuzz_backend(const fuzz_job_t *job, const uint8_t *file, uint32_t bytes, fuzz_result_t *result) {
    static fuzz_model_t fuzz;
    *result = (fuzz_result_t) {0};
    result->is_loaded = load(&fuzz, job, file, bytes);
    if (result->is_loaded) {
        const uint32_t steps = 1 + job->steps % 6 % (1 + RUN_WORK / (uint32_t)work(&fuzz.model));
        run(&fuzz, result);
        for (uint32_t step = 0; step < steps; ++step) {
            train(&fuzz, step, false, result);
        }
        change_layers(&fuzz);
        for (uint32_t step = 0; step < steps; ++step) {
            train(&fuzz, step, (job->flags & FUZZ_FROM_FEATURES) != 0, result);
        }
        for (uint32_t i = 0; i < fuzz.model.layer_count; ++i) {
            fqt_freeze(&fuzz.model, i, false);
        }
        restore(&fuzz, result);
        check_loaded_anew(&fuzz, result);
    }
    unload(&fuzz);
}
