// Errors of convolution and dense layers in the channels that are wanted, few of them, from the errors of those that
// are selected, few too (fqt_convolution_error.c): an input row at a time. Of an output row that meets it, the errors
// of up to eight selected channels are put side by side, in their common unit, so that each tap's products with the
// weights that lead to a wanted channel are one dot product: with DSP instructions eight products take four loads and
// four multiply-adds.
#include "../fqt_kernels.h"
#include "../../base/fqt_simd.h"
#include "../../model/fqt_window.h"

// e [columns][out_channels] -> [columns][FQT_ERRORS_TOGETHER]: e * m of `count` channels; weights of 0 meet the others.
static FQT_NOINLINE void gather_errors(const int8_t *e, int32_t out_channels, const uint16_t *channels,
    const int16_t *m, uint32_t count, int32_t columns, int16_t *to) {
    for (; columns > 0; --columns, e += out_channels, to += FQT_ERRORS_TOGETHER) {
        for (uint32_t n = 0; n < count; ++n) {
            to[n] = (int16_t)(e[channels[n]] * m[n]);
        }
    }
}

// sums[i * stride] += the dot product of e[i] with w
FQT_LOOP void add_dot_products(
    const int16_t *e, const int16_t *w, bool is_wide, int32_t count, int32_t stride, int32_t *sums) {
#if FQT_HAS_DSP
    const uint32_t w_0 = fqt_load4(w);
    const uint32_t w_2 = fqt_load4(w + 2);
    const uint32_t w_4 = fqt_load4(w + 4);
    const uint32_t w_6 = fqt_load4(w + 6);
#endif
    for (; count > 0; --count, e += FQT_ERRORS_TOGETHER, sums += stride) {
        int32_t sum = *sums;
#if FQT_HAS_DSP
        const uint32_t e_0 = fqt_load4(e);
        const uint32_t e_2 = fqt_load4(e + 2);
        sum = fqt_multiply_add_pair(e_2, w_2, fqt_multiply_add_pair(e_0, w_0, sum));
        if (is_wide) {
            const uint32_t e_4 = fqt_load4(e + 4);
            const uint32_t e_6 = fqt_load4(e + 6);
            sum = fqt_multiply_add_pair(e_6, w_6, fqt_multiply_add_pair(e_4, w_4, sum));
        }
#else
        for (int32_t n = is_wide ? FQT_ERRORS_TOGETHER : FQT_ERRORS_TOGETHER / 2; n-- > 0;) {
            sum += e[n] * w[n];
        }
#endif
        *sums = sum;
    }
}

// What an output row of gathered errors adds to the sums of an input row in one wanted channel. w: of the first tap of
// the kernel row with which they meet, in the first filter.
static void add_taps(
    const fqt_pass_t *pass, const int16_t *e, const uint16_t *filters, uint32_t count, const int8_t *w, int32_t *sums) {
    const fqt_shape_t *shape = &pass->shape;
    const fqt_sliding_t *window = &shape->window;
    const int32_t stride = window->stride_width;
    int16_t weights[FQT_ERRORS_TOGETHER];
    fqt_clear(weights, FQT_ERRORS_TOGETHER / 2);
    for (int32_t kx = 0; kx < window->kernel_width; ++kx, w += shape->in_channels) {
        const int32_t begin = fqt_first_window(-kx, window->pad_left, 1, stride);
        const int32_t ix = begin * stride + kx - window->pad_left;
        int32_t end = shape->out_width;
        while (ix + (end - 1 - begin) * stride >= shape->in_width) {
            --end;
        }
        for (uint32_t n = 0; n < count; ++n) {
            weights[n] = w[filters[n] * pass->layer->filter_elements];
        }
        add_dot_products(
            e + begin * FQT_ERRORS_TOGETHER, weights, count > FQT_ERRORS_TOGETHER / 2, end - begin, stride, sums + ix);
    }
}

// The sums of input row iy in `count` wanted channels: sums[n][ix].
static void add_rows(const fqt_pass_t *pass, const int16_t *m, int32_t iy, const uint16_t *wanted, uint32_t count,
    int16_t *gathered, int32_t *sums) {
    const fqt_shape_t *shape = &pass->shape;
    const fqt_sliding_t *window = &shape->window;
    const fqt_selection_t *selection = &pass->selection;
    const int8_t *weights = fqt_weights(pass->model, pass->layer);
    int32_t oy = fqt_first_window(iy, window->pad_top, window->kernel_height, window->stride_height);
    int32_t ky = iy + window->pad_top - oy * window->stride_height;
    for (; oy < shape->out_height && ky >= 0; ++oy, ky -= window->stride_height) {
        const int8_t *e = pass->e + oy * shape->out_width * shape->out_channels;
        const int8_t *w = weights + ky * window->kernel_width * shape->in_channels;
        for (uint32_t o = 0; o < selection->count; o += FQT_ERRORS_TOGETHER) {
            const uint16_t *filters = selection->channels + o;
            const uint32_t left = selection->count - o;
            const uint32_t filter_count = left < FQT_ERRORS_TOGETHER ? left : FQT_ERRORS_TOGETHER;
            gather_errors(e, shape->out_channels, filters, m + o, filter_count, shape->out_width, gathered);
            for (uint32_t n = 0; n < count; ++n) {
                add_taps(pass, gathered, filters, filter_count, w + wanted[n], sums + n * (uint32_t)shape->in_width);
            }
        }
    }
}

void fqt_put_wanted_errors(
    const fqt_pass_t *pass, fqt_errors_t *errors, const int16_t *m, const fqt_selection_t *wanted, int16_t *to) {
    const fqt_shape_t *shape = &pass->shape;
    const int32_t width = shape->in_width;
    const int32_t room = fqt_columns_together(shape) * shape->in_channels / width;
    const uint32_t block = room > 0 ? (uint32_t)room : 1; // channels at a time
    int32_t *sums = (int32_t *)(void *)(to + FQT_ERRORS_TOGETHER * shape->out_width); // [block][width]
    errors->step = (uint32_t)shape->in_channels;
    for (int32_t iy = 0; iy < shape->in_height; ++iy) {
        for (uint32_t first = 0; first < wanted->count; first += block) {
            const uint32_t count = wanted->count - first < block ? wanted->count - first : block;
            const uint16_t *channels = wanted->channels + first;
            fqt_clear(sums, count * (uint32_t)width);
            add_rows(pass, m, iy, channels, count, to, sums);
            for (uint32_t n = 0; n < count; ++n) {
                const fqt_places_t places = {(uint32_t)(iy * width * shape->in_channels) + channels[n], 0, 1, width};
                fqt_errors_put_channel(errors, &places, sums + n * (uint32_t)width);
            }
        }
    }
}
