// See fqt_common_unit.h.
#include "fqt_common_unit.h"

#define MAX_UNIT (256) // e * m: 127 * 256 < 2^15

uint32_t fqt_greatest_weight_scale(const fqt_pass_t *pass) {
    uint32_t greatest = 0; // positive floats compare like their bits
    for (uint32_t o = 0; o < pass->output->channels; ++o) {
        const uint32_t bits = fqt_weight_scale(pass->model, pass->layer, o);
        greatest = bits > greatest ? bits : greatest;
    }
    return greatest;
}

// The greatest integer that weight scales of a layer are brought to: the products stay in 16 bits, their sum in 32.
static int32_t common_unit(const fqt_pass_t *pass) {
    const fqt_window_t *window = &pass->layer->window;
    int32_t terms = window->kernel_height * window->kernel_width * pass->output->channels;
    int32_t unit = INT32_MAX / (127 * 128) / terms;
    return unit < MAX_UNIT ? unit : MAX_UNIT;
}

fqt_scale_t fqt_common_unit(const fqt_pass_t *pass, int16_t *m) {
    const int32_t unit = common_unit(pass);
    const fqt_scale_t s_greatest = fqt_scale_unpack(fqt_greatest_weight_scale(pass));
    for (uint32_t n = 0; n < pass->selection.count; ++n) {
        const uint32_t bits = fqt_weight_scale(pass->model, pass->layer, pass->selection.channels[n]);
        m[n] = (int16_t)fqt_fixed_multiply(fqt_scale_divide(fqt_scale_unpack(bits), s_greatest), unit);
    }
    const fqt_scale_t s_e = fqt_scale_unpack(pass->output->error_scale);
    return fqt_scale_divide(fqt_scale_multiply(s_e, s_greatest), fqt_scale_from_int((uint32_t)unit));
}
