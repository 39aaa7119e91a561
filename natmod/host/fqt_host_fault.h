// Errors on the desk: fqt_fail jumps back to where the core was entered, and there are texts.
#ifndef FQT_HOST_FAULT_H
#define FQT_HOST_FAULT_H

#include "../core/base/fqt_fault.h"
#include "../core/model/fqt_file.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#define FQT_ERROR_TEXT_BYTES (160) // the longest message, three numbers and a layer: less

// Set by setjmp before the core is entered; of each thread, as the message that the core failed with.
static __thread jmp_buf fqt_escape;
static __thread uint32_t fqt_message;

FQT_NORETURN void fqt_fail(const fqt_fault_t *fault, uint32_t message) {
    (void)fault; // the caller has it: it is in the source
    fqt_message = message;
    longjmp(fqt_escape, 1);
}

// Write for example "layer 3 (conv2d): 4096 bytes of weights at 1200, file has 3120".
static inline void fqt_error_text(const fqt_fault_t *fault, char text[FQT_ERROR_TEXT_BYTES]) {
#define FQT_MESSAGE(exception, name, text) text,
    static const char *const messages[] = {FQT_MESSAGES};
#undef FQT_MESSAGE
    const uint32_t *number = fault->numbers;
    if (fault->layer != 0) {
        text += sprintf(text, "layer %u", (unsigned)fault->layer);
        text += fault->name != NULL ? sprintf(text, " (%.*s)", FQT_NAME_BYTES, fault->name) : 0;
        text += sprintf(text, ": ");
    }
    for (const char *c = messages[fqt_message & 0xFF]; *c != 0; ++c) {
        text += *c == '#' ? sprintf(text, "%u", (unsigned)*number++) : sprintf(text, "%c", *c);
    }
}

#endif
