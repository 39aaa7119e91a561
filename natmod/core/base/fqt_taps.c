// See fqt_taps.h.
#include "fqt_taps.h"
#include "fqt_target.h"

FQT_NOINLINE int32_t fqt_first_window(int32_t i, int32_t pad, int32_t kernel, int32_t stride) {
    const int32_t distance = i + pad - kernel + 1;
    return distance > 0 ? (distance + stride - 1) / stride : 0;
}
