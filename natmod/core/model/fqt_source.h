// Taking a model file from where it lies, front to back, so that a stream need not be sought in, and so that the checksum is
// computed over the very bytes that are used.
#ifndef FQT_SOURCE_H
#define FQT_SOURCE_H

#include "fqt_model.h"

// The next bytes, at most FQT_PIECE_BYTES.
void fqt_source_take(fqt_source_t *source, void *to, uint32_t bytes);

// The header, taken and checked: source->header from here on.
void fqt_source_take_header(fqt_source_t *source);

// Look through the whole file for its checksum, so that a damaged file is said to be damaged; then turn back.
void fqt_source_check(fqt_source_t *source);

// Turn back to behind the header, which is not read again.
void fqt_source_turn_back(fqt_source_t *source);

// All but the checksum is taken: it must be that of what was taken.
void fqt_source_end(fqt_source_t *source);

#endif
