// See fqt_spread.h.
#include "fqt_spread.h"

fqt_scale_t fqt_spread_inverse(const fqt_spread_t *spread) {
    // (deviation * count)^2 = count * squares - sum^2, below 2^60
    uint64_t square = (uint32_t)spread->count * spread->squares - (uint64_t)((int64_t)spread->sum * spread->sum);
    if (square == 0) {
        return FQT_SCALE_ZERO;
    }
    return fqt_scale_inverse(fqt_scale_square_root(fqt_scale_from_long(square)));
}
