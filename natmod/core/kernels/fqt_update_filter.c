// A filter's update from its gradient, what convolution and depthwise convolution share: standardized if that is asked
// for, then by the kernel that moves weights, or one by one where steps are summed or weights decay.
#include "fqt_kernels.h"

// Bring a gradient to 14 bits, so that its spread fits 64 bits. Gives the spread.
static fqt_spread_t gradient_spread(int32_t *gradient, uint32_t count) {
    int32_t peak = 0;
    for (uint32_t i = 0; i < count; ++i) {
        int32_t magnitude = gradient[i] < 0 ? -gradient[i] : gradient[i];
        peak = magnitude > peak ? magnitude : peak;
    }
    int32_t shift = 0;
    while (peak >> shift >= 1 << 14) {
        ++shift;
    }
    fqt_spread_t spread = {0, 0, 0};
    for (uint32_t i = 0; i < count; ++i) {
        gradient[i] >>= shift;
        fqt_spread_add(&spread, gradient[i]);
    }
    return spread;
}

void fqt_update_filter(fqt_update_t *update, uint32_t channel, int32_t *gradient, int32_t bias_gradient) {
    const uint32_t count = update->layer->filter_elements;
    uint32_t j = channel * count;
    fqt_update_channel(update, channel);
    fqt_scale_t rate = update->channel_rate;
    if (update->model->options.standardizes) {
        fqt_spread_t spread = gradient_spread(gradient, count);
        for (uint32_t i = 0; i < count; ++i) {
            gradient[i] = fqt_spread_centred(&spread, gradient[i]);
        }
        rate = fqt_update_standard_rate(update, channel, &spread);
    }
    if (fqt_update_is_plain(update)) {
        fqt_update_weights(update, j, gradient, count, rate);
    } else {
        for (uint32_t i = 0; i < count; ++i, ++j) {
            int32_t step = fqt_limited_multiply(rate, gradient[i], FQT_STEP_LIMIT);
            fqt_update_put(update, j, step);
        }
    }
    fqt_update_end_channel(update, channel, bias_gradient);
}
