// The order of samples and the learning rate over a run, the same on every machine.
#ifndef FQT_SCHEDULE_H
#define FQT_SCHEDULE_H

#include "fqt_scale.h"

// A permutation of `count` elements from a seed (Fisher-Yates with xorshift32).
void fqt_shuffle(uint16_t *order, uint32_t count, uint32_t seed);

// rate * (whole - done) / whole; done <= whole, whole > 0.
fqt_scale_t fqt_decayed(fqt_scale_t rate, uint32_t done, uint32_t whole);

#endif
