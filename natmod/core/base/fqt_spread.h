// Gradient standardization (an option of the paper's recipe): a structure's gradient is brought to mean 0 and deviation
// 1, so that the learning rate alone sets how far its weights move. docs/arithmetic.md, section 10.
#ifndef FQT_SPREAD_H
#define FQT_SPREAD_H

#include "fqt_scale.h"

// Sums over `count` values of at most 14 bits: all that mean and deviation need.
typedef struct {
    int32_t count;
    int32_t sum;
    uint64_t squares;
} fqt_spread_t;

static inline void fqt_spread_add(fqt_spread_t *spread, int32_t value) {
    ++spread->count;
    spread->sum += value;
    spread->squares += (uint32_t)(value * value);
}

// (value - mean) * count; times fqt_spread_inverse it is (value - mean) / deviation.
static inline int32_t fqt_spread_centred(const fqt_spread_t *spread, int32_t value) {
    return value * spread->count - spread->sum;
}

// 1 / (deviation * count); zero when all values are equal.
fqt_scale_t fqt_spread_inverse(const fqt_spread_t *spread);

#endif
