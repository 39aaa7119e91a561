// Where windows that slide over an input meet it, in one direction. All integers; used by every kernel with a window.
#ifndef FQT_TAPS_H
#define FQT_TAPS_H

#include <stdint.h>

// The taps [begin, end) of a kernel that lie inside the input, for a window that starts at `origin`.
typedef struct {
    int32_t begin;
    int32_t end;
} fqt_taps_t;

static inline fqt_taps_t fqt_taps(int32_t origin, int32_t kernel, int32_t size) {
    fqt_taps_t taps = {origin < 0 ? -origin : 0, origin + kernel > size ? size - origin : kernel};
    return taps;
}

// The first window (from 0) that can reach input row or column `i`.
int32_t fqt_first_window(int32_t i, int32_t pad, int32_t kernel, int32_t stride);

#endif
