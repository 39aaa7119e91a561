// Train a model with the core of a wheel for another processor: tests/release/test_other_processors.py runs this under
// an emulator and compares the trained file.
//   train MODEL TRAINED STEPS CLASSES
#include "../../natmod/host/fqt_host.h"

#include <stdio.h>
#include <stdlib.h>

#define ERROR_TEXT_BYTES (160) // FQT_ERROR_TEXT_BYTES

static uint8_t *read_file(const char *path, uint32_t *bytes) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        exit(2);
    }
    *bytes = (uint32_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(*bytes);
    if (data == NULL || fread(data, 1, *bytes, file) != *bytes) {
        exit(2);
    }
    fclose(file);
    return data;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        return 2;
    }
    char text[ERROR_TEXT_BYTES];
    uint32_t bytes;
    const uint8_t *data = read_file(argv[1], &bytes);
    fqt_host_model_t *model = fqt_host_open(data, bytes, 12, 1, false, text);
    if (model == NULL) {
        fputs(text, stderr);
        return 1;
    }
    const uint32_t elements = fqt_host_input_elements(model);
    int8_t *x = malloc(elements);
    for (uint32_t step = 0; step < (uint32_t)atoi(argv[3]); ++step) {
        for (uint32_t i = 0; i < elements; ++i) {
            x[i] = (int8_t)((step * 7 + i * 13) % 256 - 128);
        }
        const uint16_t label = (uint16_t)(step % (uint32_t)atoi(argv[4]));
        const fqt_host_wanted_t wanted = {.labels = &label};
        const uint32_t first = 0, rate = 0x3C23D70A; // float32 0.01
        int32_t loss;
        fqt_host_train(model, x, false, &wanted, &first, &rate, 1, &loss);
    }
    const uint32_t trained_bytes = fqt_host_file_bytes(model, false);
    uint8_t *trained = malloc(trained_bytes);
    fqt_host_write(model, false, trained);
    FILE *file = fopen(argv[2], "wb");
    if (file == NULL || fwrite(trained, 1, trained_bytes, file) != trained_bytes || fclose(file) != 0) {
        return 2;
    }
    puts(fqt_host_version());
    fqt_host_close(model);
    return 0;
}
