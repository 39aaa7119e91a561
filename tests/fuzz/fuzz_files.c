// Inputs from files: `files FILE ...` runs them, `files --every-byte FILE ...` also every truncation of them, and every
// byte changed in four ways.
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

static void run_put_right(uint8_t *data, size_t size) {
    if (size > FUZZ_JOB_BYTES) {
        fuzz_put_right(data + FUZZ_JOB_BYTES, size - FUZZ_JOB_BYTES);
    }
    fuzz_run(data, size);
}

static void change_every_byte(const uint8_t *data, size_t size) {
    static const uint8_t flips[] = {0x01, 0x10, 0x80, 0xFF};
    static uint8_t changed[1 << 16];
    for (size_t length = FUZZ_JOB_BYTES; length < size; ++length) {
        memcpy(changed, data, length);
        run_put_right(changed, length);
    }
    for (size_t at = FUZZ_JOB_BYTES; at < size; ++at) {
        for (size_t flip = 0; flip < sizeof(flips); ++flip) {
            memcpy(changed, data, size);
            changed[at] ^= flips[flip];
            run_put_right(changed, size);
        }
    }
}

int main(int argc, char **argv) {
    const bool every_byte = argc > 1 && strcmp(argv[1], "--every-byte") == 0;
    for (int i = every_byte ? 2 : 1; i < argc; ++i) {
        static uint8_t data[1 << 20];
        FILE *file = fopen(argv[i], "rb");
        if (file == NULL) {
            fprintf(stderr, "%s cannot be opened\n", argv[i]);
            return 1;
        }
        const size_t size = fread(data, 1, sizeof(data), file);
        fclose(file);
        fuzz_run(data, size);
        if (every_byte) {
            change_every_byte(data, size);
        }
    }
    return 0;
}
