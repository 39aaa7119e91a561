// The file parser under a fuzzer, with AddressSanitizer and UndefinedBehaviorSanitizer.
//
// Input is a model file; its length field and checksum are put right first, so that mutations reach the checks behind
// them. Byte 0 chooses how the file is read and trained. A model that opens is run, trained, frozen in part, trained from
// features, saved, restored and trained again.
#include "../../natmod/core/fqt_core_all.c"
#include "../../natmod/host/fqt_host_fault.h"

#include <stdlib.h>

#define MAX_RAM (1u << 22) // larger models are valid, but slow
#define MAX_WORK (1u << 22)

// Byte 0 of an input.
enum { IN_PLACE = 1, MASTER_16 = 2, BATCH_2 = 4, HAS_OPTIONS = 8, FREEZES = 16, RESETS = 32 };

static bool read_bytes(void *context, uint32_t offset, void *destination, uint32_t bytes) {
    memcpy(destination, (const uint8_t *)context + offset, bytes);
    return true;
}

typedef struct {
    uint8_t *next;
    uint8_t *end;
} buffer_t;

static bool append(void *context, const void *bytes, uint32_t count) {
    buffer_t *buffer = context;
    if (count > (uint32_t)(buffer->end - buffer->next)) {
        abort(); // fqt_model_file_bytes was too small
    }
    memcpy(buffer->next, bytes, count);
    buffer->next += count;
    return true;
}

// Multiply-adds forward, roughly.
static uint64_t work(const fqt_model_t *model) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        const fqt_layer_t *layer = fqt_layer(model, i);
        uint64_t taps = (uint64_t)layer->window.kernel_height * layer->window.kernel_width;
        sum += (uint64_t)fqt_tensor(model, i + 1)->elements * (layer->filter_elements + taps);
    }
    return sum;
}

static void fill_input(fqt_model_t *model) {
    int8_t *input = fqt_input(model);
    for (uint32_t i = 0; i < fqt_tensor(model, 0)->elements; ++i) {
        input[i] = (int8_t)(i * 37);
    }
}

// Targets, where the model has some: the input, or numbers of its range. Gives the label of a step.
static uint32_t fill_target(fqt_model_t *model, uint32_t step) {
    const uint32_t outputs = fqt_output_elements(model);
    if (fqt_has_targets(model)) {
        if (step == 1 && model->loss == FQT_LOSS_MEAN_SQUARED_ERROR && fqt_tensor(model, 0)->elements == outputs) {
            fqt_target_input(model);
        } else {
            const uint32_t numbers[] = {0, 0x3F800000u, 0x3EAAAAABu}; // 0, 1, 1/3
            for (uint32_t o = 0; o < outputs; ++o) {
                fqt_target_float(numbers[(o + step) % 3], &fqt_targets(model)[o]);
            }
        }
    }
    return step % outputs;
}

// A step on the whole model, or behind the frozen front part.
static void train(fqt_model_t *model, uint32_t step, bool from_features, uint32_t learning_rate) {
    fill_input(model);
    uint32_t label = fill_target(model, step);
    if (fqt_trains(model)) {
        uint32_t first = from_features ? model->cut : 0;
        if (from_features) {
            fqt_features(model);
        }
        fqt_train_step(model, first, label, learning_rate);
    }
}

static void change_layers(fqt_model_t *model, uint32_t how) {
    bool frozen = false;
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        if (!fqt_layer(model, i)->trainable) {
            continue;
        }
        if (how & RESETS) {
            fqt_reset(model, i);
        }
        if (how & FREEZES && !frozen) {
            fqt_freeze(model, i, true); // the first one
            frozen = true;
        }
    }
}

static void use(fqt_model_t *model, uint32_t how) {
    fill_input(model);
    fqt_predict(model);
    fqt_loss(model, fill_target(model, 0));
    if (how & HAS_OPTIONS) {
        model->options = (fqt_options_t) {20000, 50000, 0x3DCCCCCDu, true, (how & FREEZES) != 0}; // weight decay 0.1
    }
    for (uint32_t step = 0; step < 3; ++step) {
        train(model, step, false, step == 2 ? 0x7F7FFFFFu : 0x3F000000u);
    }
    change_layers(model, how);
    for (uint32_t step = 0; step < 3; ++step) {
        train(model, step, step != 0, 0x3F000000u);
    }
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        fqt_freeze(model, i, false);
    }
    uint32_t bytes = fqt_model_file_bytes(model, true);
    uint8_t *file = malloc(bytes);
    buffer_t buffer = {file, file + bytes};
    fqt_model_write(model, true, append, &buffer);
    fqt_source_t source = {.memory = file, .bytes = bytes};
    if (buffer.next != buffer.end || setjmp(fqt_escape) != 0) {
        abort(); // what the model writes, it takes back
    }
    fqt_model_restore(model, &source);
    free(file);
    train(model, 3, false, 0x3F000000u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1 || size > 1 << 16) {
        return 0;
    }
    const uint8_t how = data[0];
    const uint32_t bytes = (uint32_t)size - 1;
    uint8_t *file = malloc(bytes + 1);
    memcpy(file, data + 1, bytes);
    if (bytes > FQT_HEADER_BYTES + FQT_CHECKSUM_BYTES) {
        fqt_write_u32(file + 8, bytes);
        uint32_t crc = fqt_crc_finish(fqt_crc_update(FQT_CRC_START, file, bytes - FQT_CHECKSUM_BYTES));
        fqt_write_u32(file + bytes - FQT_CHECKSUM_BYTES, crc);
    }
    // What a jump out of the core leaves behind is static.
    static fqt_source_t source;
    static fqt_model_t model;
    static void *tables;
    static void *arena;
    source =
        (fqt_source_t) {.memory = how & IN_PLACE ? file : NULL, .read = read_bytes, .context = file, .bytes = bytes};
    tables = NULL;
    arena = NULL;
    if (setjmp(fqt_escape) == 0) {
        tables = malloc(fqt_tables_bytes(fqt_model_peek(&source)));
        fqt_model_open(&model, &source, fqt_kinds, how & MASTER_16 ? 16 : 8, how & BATCH_2 ? 2 : 1, tables);
        if (model.arena_bytes <= MAX_RAM && work(&model) <= MAX_WORK) {
            arena = malloc(model.arena_bytes);
            fqt_model_load(&model, &source, arena);
            use(&model, how);
        }
    } else {
        char text[FQT_ERROR_TEXT_BYTES];
        fqt_error_text(&source.fault, text); // there is always a reason
    }
    free(arena);
    free(tables);
    free(file);
    return 0;
}

#ifdef FQT_EXHAUSTIVE
// Every truncation of the files named, and every byte changed in four ways: `exhaustive FILE ...`
int main(int argc, char **argv) {
    uint64_t runs = 0;
    for (int i = 1; i < argc; ++i) {
        static uint8_t data[1 << 16];
        FILE *file = fopen(argv[i], "rb");
        if (file == NULL) {
            return 1;
        }
        size_t bytes = fread(data, 1, sizeof(data), file);
        fclose(file);
        static const uint8_t hows[] = {0, IN_PLACE | MASTER_16, BATCH_2 | HAS_OPTIONS | FREEZES | RESETS,
            IN_PLACE | MASTER_16 | BATCH_2 | HAS_OPTIONS | FREEZES};
        for (size_t how = 0; how < sizeof(hows); ++how) {
            data[0] = hows[how];
            for (size_t length = 1; length <= bytes; ++length, ++runs) {
                LLVMFuzzerTestOneInput(data, length);
            }
            for (size_t at = 1; at < bytes; ++at) {
                static const uint8_t flips[] = {0x01, 0x10, 0x80, 0xFF};
                for (size_t flip = 0; flip < sizeof(flips); ++flip, ++runs) {
                    data[at] ^= flips[flip];
                    LLVMFuzzerTestOneInput(data, bytes);
                    data[at] ^= flips[flip];
                }
            }
        }
    }
    printf("%llu runs\n", (unsigned long long)runs);
    return 0;
}
#endif
