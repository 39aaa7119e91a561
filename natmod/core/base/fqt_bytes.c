// See fqt_bytes.h.
#include "fqt_bytes.h"
#include "fqt_target.h"

typedef uint32_t __attribute__((may_alias)) any_word_t;

FQT_NOINLINE void fqt_write_u32(uint8_t *p, uint32_t value) {
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
    p[2] = (uint8_t)(value >> 16);
    p[3] = (uint8_t)(value >> 24);
}

FQT_HOT void fqt_clear(void *words, uint32_t count) {
    any_word_t *sums = words;
    const uint32_t zero = fqt_in_register(0);
    for (; count >= 4; count -= 4, sums += 4) {
        sums[0] = zero;
        sums[1] = zero;
        sums[2] = zero;
        sums[3] = zero;
    }
    for (; count > 0; --count) {
        *sums++ = zero;
    }
}
