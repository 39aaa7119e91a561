// Exponential and logarithm in integers, for the losses: docs/arithmetic.md, section 5.
#ifndef FQT_EXPONENTIAL_H
#define FQT_EXPONENTIAL_H

#include <stdint.h>

#define FQT_ONE_Q30 (1 << 30)

// e^-distance: distance in Q16, the result in Q30.
int32_t fqt_exponential(uint32_t distance);

// ln(sum / 2^30) in Q16, for sum >= 2^30.
int32_t fqt_logarithm(uint64_t sum);

#endif
