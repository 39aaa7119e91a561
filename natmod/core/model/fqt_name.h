// Names, of models and layers.
#ifndef FQT_NAME_H
#define FQT_NAME_H

#include "fqt_model.h"

// Where in a character of UTF-8 a text is (RFC 3629): bytes that are missing, the next from `least` to `most`.
typedef struct {
    uint32_t missing;
    uint32_t least;
    uint32_t most;
} fqt_utf8_t;

// Whether a text goes on with this byte; zeroed at its start. It may end where none is missing.
bool fqt_utf8_take(fqt_utf8_t *text, uint32_t byte);

// Text in UTF-8, then zeros to the end.
void fqt_name_check(const char name[FQT_NAME_BYTES], const fqt_fault_t *fault);

#endif
