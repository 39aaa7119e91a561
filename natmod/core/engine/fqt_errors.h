// From accumulators to the int8 error of a layer's input, at a scale chosen in hindsight.
// docs/arithmetic.md, section 6. Shared by every layer kind that passes errors on.
#ifndef FQT_ERRORS_H
#define FQT_ERRORS_H

#include "fqt_activations.h"

typedef struct {
    fqt_tensor_t *tensor;
    const int8_t *activation; // the tensor's values
    int8_t *error;
    fqt_multiplier_t multiplier; // accumulator -> units of the error's scale
    fqt_limits_t unclipped; // errors pass where the activation lies strictly between
    bool adds; // a later layer that reads the tensor too has stored its error before
    bool keeps_scale; // the scale follows from the output's: nothing is chosen
    int32_t limit; // of |error| before it adds to another
    uint32_t step; // from an element to the next of those that are stored together
    int32_t peak; // greatest |error| before the clamp
} fqt_errors_t;

// Errors of a layer's input. `accumulator_scale`: what one unit of the accumulators means.
void fqt_errors_begin(fqt_errors_t *errors, const fqt_pass_t *pass, fqt_scale_t accumulator_scale);

// Turn to accumulators of another scale.
static inline void fqt_errors_scale(fqt_errors_t *errors, fqt_scale_t accumulator_scale) {
    errors->multiplier = fqt_multiplier(fqt_scale_divide_stored(accumulator_scale, errors->tensor->error_scale));
}

// A multiplier of about 1 or more takes the long way through fqt_requantise. The zeros, at most `most`, that
// accumulators need behind them to take the short one, with the same result, from here on; 0: none help.
uint32_t fqt_errors_take_zeros(fqt_errors_t *errors, int32_t most);

// Store the error of element `i`: 0 where the activation that made the element had clipped it.
void fqt_errors_put(fqt_errors_t *errors, uint32_t i, int32_t accumulator);

// Store the errors of elements i to i + count - 1.
void fqt_errors_put_all(fqt_errors_t *errors, uint32_t i, const int32_t *accumulators, int32_t count);

// Where the errors of a channel lie; from a column to the next it is errors->step.
typedef struct {
    uint32_t first; // element
    int32_t row_step;
    int32_t rows;
    int32_t columns;
} fqt_places_t;

// Store errors of one channel. accumulators: [rows][columns rounded up to four]
void fqt_errors_put_channel(fqt_errors_t *errors, const fqt_places_t *places, const int32_t *accumulators);

// Choose the scale for the next step: fast attack, slow decay.
void fqt_errors_end(const fqt_errors_t *errors);

// Pass the output's errors on to the input, where it needs them: those of its channels, from `first` on.
void fqt_errors_pass_on(const fqt_pass_t *pass, uint32_t first);

#endif
