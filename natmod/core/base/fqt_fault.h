// What went wrong, and where.
//
// An error does not return: whoever embeds the core defines fqt_fail, which leaves it (by an exception, or a jump).
// What can fail needs no answer then. Nothing is left to be cleaned up: the core allocates nothing.
#ifndef FQT_FAULT_H
#define FQT_FAULT_H

#include "fqt_messages.h"

#include <stdint.h>

typedef struct {
    const char *name; // of the layer, or its kind: FQT_NAME_BYTES, or fewer and a zero byte; NULL: not known
    uint32_t layer; // counted from 1; 0: none is concerned
    uint32_t numbers[3]; // for each '#' of the message
} fqt_fault_t;

#define FQT_NORETURN __attribute__((noreturn))

// message: FQT_MESSAGE_...
FQT_NORETURN void fqt_fail(const fqt_fault_t *fault, uint32_t message);

// The same with the message's numbers.
FQT_NORETURN void fqt_fail_1(fqt_fault_t *fault, uint32_t message, uint32_t a);
FQT_NORETURN void fqt_fail_2(fqt_fault_t *fault, uint32_t message, uint32_t a, uint32_t b);
FQT_NORETURN void fqt_fail_3(fqt_fault_t *fault, uint32_t message, uint32_t a, uint32_t b, uint32_t c);

#endif
