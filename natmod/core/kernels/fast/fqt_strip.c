// Convolution whose windows do not come in fours, as those of first layers (1 or 3 channels), with DSP instructions:
// forward. The plain version with the same bits is ../plain/fqt_convolution.c.
//
// There it costs more to make a column for each window than to multiply with it. So the part of the input that
// neighbouring windows read is spread once into 16-bit numbers, position by position with the rows of the kernel side
// by side: a window then is a run of this strip, and the next one starts a few elements further on. Filters are brought
// to the same order, and to 16 bits, once a pass, pairs of four side by side: for two elements five loads that follow
// each other and four multiply-adds, 1.9 cycles a product on Cortex-M4.
#include "fqt_strip.h"
#include "../../model/fqt_blobs.h"

#if FQT_HAS_DSP
// What is spread: to[(x * kernel_height + ky) * channels + c] = from[ky][x][c] - zero_point.
typedef struct {
    int32_t kernel_height;
    int32_t channels;
    int32_t row_bytes;
    int32_t zero_point;
} spread_t;

// Of the rows and columns that are there.
static FQT_NOINLINE void spread(
    const spread_t *how, const int8_t *from, const fqt_taps_t *rows, const fqt_taps_t *columns, int16_t *to) {
    const int32_t channels = how->channels;
    const int32_t zx = how->zero_point;
    const int32_t step = channels * how->kernel_height;
    const int32_t count = columns->end - columns->begin;
    from += rows->begin * how->row_bytes + columns->begin * channels;
    to += columns->begin * step + rows->begin * channels;
    for (int32_t left = rows->end - rows->begin; left > 0; --left, from += how->row_bytes - channels) {
        for (const int8_t *end = from + channels; from < end; ++from, ++to) {
            int16_t *element = to;
            for (const int8_t *x = from; x < from + count * channels; x += channels, element += step) {
                *element = (int16_t)(*x - zx);
            }
        }
    }
}

// sums[o] = sum over i of filters[o][i] * window[i], for `count` filters, four at a time, of `pairs` pairs, which lie
// side by side. The last sums may be followed by up to three that mean nothing.
FQT_LOOP void multiply_window(
    const fqt_pair_t *filters, uint32_t pairs, const int16_t *window, int32_t count, int32_t *sums) {
    for (; count > 0; count -= 4, sums += 4) {
        const fqt_pair_t *end = filters + 4 * pairs;
        const int16_t *element = window;
        int32_t sum_0 = 0;
        int32_t sum_1 = 0;
        int32_t sum_2 = 0;
        int32_t sum_3 = 0;
        for (; filters < end; filters += 4, element += 2) {
            uint32_t words[5];
            fqt_load_pair_and_four(element, filters, words);
            sum_0 = fqt_multiply_add_pair(words[0], words[1], sum_0);
            sum_1 = fqt_multiply_add_pair(words[0], words[2], sum_1);
            sum_2 = fqt_multiply_add_pair(words[0], words[3], sum_2);
            sum_3 = fqt_multiply_add_pair(words[0], words[4], sum_3);
        }
        sums[0] = sum_0;
        sums[1] = sum_1;
        sums[2] = sum_2;
        sums[3] = sum_3;
    }
}

// The first place from `offset` on where `bytes` meet no activation so far; it may be beyond the arena.
static uint32_t free_place(const fqt_pass_t *pass, uint32_t offset, uint32_t bytes) {
    for (uint32_t t = 0; t <= pass->index + 1; ++t) {
        const fqt_tensor_t *tensor = fqt_tensor(pass->model, t);
        if (tensor->activation < offset + bytes && offset < tensor->activation + tensor->elements) {
            offset = fqt_aligned(tensor->activation + tensor->elements);
            t = UINT32_MAX; // once more from the first
        }
    }
    return offset;
}

bool fqt_strip_forward(const fqt_pass_t *pass, fqt_activations_t *output, const fqt_channel_t *channels, uint32_t first,
    int32_t count, int32_t *sums) {
    const fqt_shape_t *shape = &pass->shape;
    const fqt_sliding_t *window = &shape->window;
    const uint32_t elements = pass->layer->filter_elements;
    const uint32_t pairs = (elements + 1) / 2;
    const uint32_t filter_words = ((uint32_t)count + 3) / 4 * 4 * pairs;
    const fqt_taps_t all_rows = {0, window->kernel_height};
    fqt_taps_t columns = {0, window->kernel_width};
    spread_t how = {all_rows.end, shape->in_channels, columns.end * shape->in_channels, 0};
    const int32_t width = (shape->out_width - 1) * window->stride_width + columns.end;
    const int32_t step = how.kernel_height * how.channels; // of the strip, from position to position
    const uint32_t strip_words = (uint32_t)(width * step) / 2 + 1; // one more ends the pairs of the last window
    const uint32_t words = filter_words + strip_words;
    if (elements % 4 == 0 || shape->out_width == 1 || fqt_pass_is_last(pass) || words > pass->model->arena_bytes / 4) {
        return false;
    }
    const uint32_t behind_sums = (uint32_t)((uint8_t *)(sums + count + 3) - pass->model->arena); // the last fills four
    const uint32_t place = free_place(pass, behind_sums, 4 * words);
    if (place + 4 * words > pass->model->arena_bytes) {
        return false;
    }
    fqt_pair_t *filters = (fqt_pair_t *)(void *)(pass->model->arena + place);
    fqt_pair_t *strip = filters + filter_words;
    int16_t *elements_of_strip = (int16_t *)(void *)strip;
    const int8_t *filter = fqt_weights(pass->model, pass->layer) + first * elements;
    fqt_clear(filters, filter_words + strip_words);
    for (uint32_t o = 0; o < (uint32_t)count; ++o, filter += elements) {
        fqt_pair_t *to = filters + o / 4 * 4 * pairs + o % 4;
        spread(&how, filter, &all_rows, &columns, elements_of_strip);
        for (uint32_t i = 0; i < pairs; ++i) {
            to[4 * i] = strip[i];
        }
    }
    columns = fqt_taps(-window->pad_left, width, shape->in_width);
    how.row_bytes = shape->in_width * how.channels;
    how.zero_point = pass->input->zero_point;
    const int8_t *x = pass->x - window->pad_left * how.channels - window->pad_top * how.row_bytes;
    int32_t iy = -window->pad_top;
    for (int32_t rows = shape->out_height; rows > 0; --rows, iy += window->stride_height) {
        const fqt_taps_t there = fqt_taps(iy, how.kernel_height, shape->in_height);
        const int16_t *at = elements_of_strip;
        fqt_clear(strip, strip_words);
        spread(&how, x, &there, &columns, elements_of_strip);
        x += window->stride_height * how.row_bytes;
        for (int32_t left = shape->out_width; left > 0; --left) {
            multiply_window(filters, pairs, at, count, sums);
            fqt_activations_put_all(output, channels, first, sums, count);
            at += window->stride_width * step;
            first += (uint32_t)shape->out_channels;
        }
    }
    return true;
}
#endif
