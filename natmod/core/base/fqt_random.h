// Random numbers for stochastic rounding: docs/arithmetic.md, section 2.
#ifndef FQT_RANDOM_H
#define FQT_RANDOM_H

#include <stdint.h>

// xorshift32 (Marsaglia 2003); the state is never 0.
static inline uint32_t fqt_random_draw(uint32_t *state) {
    uint32_t s = *state;
    s ^= s << 13;
    s ^= s >> 17;
    s ^= s << 5;
    *state = s;
    return s;
}

// A layer's parameters share one draw: parameter j takes base + j * (the golden ratio), uniform for each, known for any
// j without computing the others.
#define FQT_DITHER_STEP (0x9E3779B9u)

static inline uint32_t fqt_dither(uint32_t base, uint32_t j) {
    return base + j * FQT_DITHER_STEP;
}

#endif
