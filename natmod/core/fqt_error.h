// What went wrong, where: filled where it is found, made into text only when somebody asks.
#ifndef FQT_ERROR_H
#define FQT_ERROR_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *message; // each '#' stands for the next of numbers; NULL: no error
    const char *kind; // the layer's kind, NULL where no layer is concerned
    uint32_t layer; // counted from 1
    uint32_t numbers[3];
} fqt_error_t;

#define FQT_ERROR_TEXT_BYTES (160)

// Fill `error` and return false, so that a check can end with `return fqt_fail(...)`.
bool fqt_fail(fqt_error_t *error, const char *message, uint32_t a, uint32_t b, uint32_t c);

// Write for example "layer 3 (conv2d): 4096 bytes of weights at 1200, file has 3120" to text, ended with a zero byte.
// Give its length.
uint32_t fqt_error_text(const fqt_error_t *error, char text[FQT_ERROR_TEXT_BYTES]);

#endif
