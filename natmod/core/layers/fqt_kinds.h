// The table of layer kinds, by their numbers in a model file.
#ifndef FQT_KINDS_H
#define FQT_KINDS_H

#include "../model/fqt_kind.h"

extern const fqt_kind_t *const fqt_kinds[FQT_KIND_END]; // NULL: a number that is no kind

#endif
