// Taking a model file from where it lies, front to back, so that a stream need not be sought in, and so that the
// checksum is computed over the very bytes that are used.
#ifndef FQT_SOURCE_H
#define FQT_SOURCE_H

#include <stdbool.h>

#include "../base/fqt_fault.h"
#include "fqt_file.h"

// Where a model file is read from. With `memory`, the file lies there and frozen blobs are used where they lie;
// otherwise `read` copies from a stream, and every blob is loaded into the arena. A stream may change between two
// reads, so whatever decides something is read once (the header is kept here), and checked as it is taken.
typedef struct {
    const uint8_t *memory;
    bool (*read)(void *context, uint32_t offset, void *destination, uint32_t bytes); // false: could not
    void *context;
    uint32_t bytes;
    fqt_fault_t fault; // reading fails with it (fqt_fault.h); zero at first, as all that follows
    fqt_header_t header;
    uint32_t offset; // of the next byte that is taken
    uint32_t crc; // of those before it
    uint32_t low_bits[FQT_MAX_LAYERS / 16]; // of each layer's weights in the file, divided by 4: two bits a layer
} fqt_source_t;

// No read is longer.
#define FQT_PIECE_BYTES (128)

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
