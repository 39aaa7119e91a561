// Bytes of a file: little-endian fields at any alignment. Loops of our own: the core links with no library.
#ifndef FQT_BYTES_H
#define FQT_BYTES_H

#include <stdbool.h>
#include <stdint.h>

static inline uint32_t fqt_read_u32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void fqt_write_u32(uint8_t *p, uint32_t value);

static inline void fqt_copy(void *to, const void *from, uint32_t count) {
    uint8_t *next = to;
    for (const uint8_t *byte = from; count; --count) {
        *next++ = *byte++;
    }
}

static inline bool fqt_same_bytes(const void *a, const void *b, uint32_t count) {
    const uint8_t *other = b;
    for (const uint8_t *byte = a; count; --count) {
        if (*byte++ != *other++) {
            return false;
        }
    }
    return true;
}

static inline void fqt_fill_zero(void *bytes, uint32_t count) {
    for (uint8_t *next = bytes; count; --count) {
        *next++ = 0;
    }
}

// `count` words of 32 bits become 0.
void fqt_clear(void *words, uint32_t count);

#endif
