// See fqt_schedule.h.
#include "fqt_schedule.h"
#include "fqt_random.h"

void fqt_shuffle(uint16_t *order, uint32_t count, uint32_t seed) {
    uint32_t state = seed != 0 ? seed : FQT_DITHER_STEP;
    for (uint32_t i = count; i > 1; --i) {
        const uint32_t j = fqt_random_draw(&state) % i;
        const uint16_t moved = order[i - 1];
        order[i - 1] = order[j];
        order[j] = moved;
    }
}

fqt_scale_t fqt_decayed(fqt_scale_t rate, uint32_t done, uint32_t whole) {
    rate = fqt_scale_multiply(rate, fqt_scale_from_int(whole - done));
    return fqt_scale_divide(rate, fqt_scale_from_int(whole));
}
