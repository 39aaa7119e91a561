// Sums of terms, each an error times bytes that lie side by side: of the weights where errors are formed, of the input
// where gradients are. Without DSP instructions, whose lists are others (fqt_error_sums.c).
#ifndef FQT_TERMS_H
#define FQT_TERMS_H

#include "../fqt_kernels.h"

// An error that is not 0, and where its bytes start. Two with error 0 end a list; the place of the first one is added
// to each sum, but for vectors.
typedef struct {
    int32_t error;
    int32_t place;
} fqt_term_t;

_Static_assert(sizeof(fqt_term_t) == FQT_ERROR_TERM_BYTES, "as the scratch has room for");

// sum[i] += sum over the terms of error * bytes[place + i], for `count` sums.
void fqt_add_terms(const fqt_term_t *terms, const int8_t *bytes, int32_t count, int32_t *sum);

#endif
