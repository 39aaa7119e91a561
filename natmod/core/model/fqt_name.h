// Names, of models and layers.
#ifndef FQT_NAME_H
#define FQT_NAME_H

#include "fqt_model.h"

bool fqt_all_zero(const void *bytes, uint32_t count);

// Text in UTF-8, then zeros to the end.
void fqt_name_check(const char name[FQT_NAME_BYTES], const fqt_fault_t *fault);

#endif
