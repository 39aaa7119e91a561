// See fqt_tiles.h: tiles, and how they are spread.
#include "fqt_tiles.h"
#include "../../base/fqt_simd.h"

#define TILE_BYTES (2560) // if the smallest tile takes no more

// Set the size of the tiles; give the bytes they take.
static int32_t set_tile(fqt_tiles_t *tiles, int32_t rows, int32_t columns) {
    tiles->tile_rows = rows;
    tiles->tile_columns = columns;
    tiles->pitch = ((columns - 1) * tiles->stride_width + tiles->kernel_width + 1) & -2;
    tiles->elements = FQT_LANES * tiles->pitch * ((rows - 1) * tiles->stride_height + tiles->kernel_height);
    return 2 * tiles->elements + tiles->result_bytes * rows * fqt_tiles_rounded((columns - 1) * tiles->spacing + 1);
}

FQT_NOINLINE static int32_t greatest_tile_bytes(fqt_tiles_t *tiles) {
    const int32_t least = set_tile(tiles, 1, FQT_NEIGHBOURS);
    return least > TILE_BYTES ? least : TILE_BYTES;
}

static uint32_t parameter_bytes(const fqt_layer_t *layer) {
    return 4 * FQT_LANES * layer->filter_elements; // gradients; terms take no more
}

FQT_NOINLINE static void turn_to_window(fqt_tiles_t *tiles, const fqt_layer_t *layer, int32_t result_bytes) {
    const fqt_window_t *window = &layer->window;
    *tiles = (fqt_tiles_t) {.source.dilation = 1,
        .spacing = 1,
        .kernel_height = window->kernel_height,
        .kernel_width = window->kernel_width,
        .stride_height = window->stride_height,
        .stride_width = window->stride_width,
        .pad_top = window->pad_top,
        .pad_left = window->pad_left,
        .result_bytes = result_bytes,
        .weights_row_step = window->kernel_width,
        .weights_column_step = 1,
        .filter_elements = (int32_t)layer->filter_elements};
}

FQT_NOINLINE void fqt_tiles_of_windows(fqt_tiles_t *tiles, const fqt_pass_t *pass, int32_t result_bytes) {
    turn_to_window(tiles, pass->layer, result_bytes);
    tiles->source.tensor = pass->input;
    tiles->source.values = pass->x;
    tiles->source.zero = pass->input->zero_point;
    tiles->height = pass->output->height;
    tiles->width = pass->output->width;
}

uint32_t fqt_depthwise_bytes(const fqt_layer_t *layer) {
    fqt_tiles_t tiles;
    turn_to_window(&tiles, layer, 2 * FQT_LANES);
    const uint32_t behind = 8u * layer->window.stride_width + 8; // read, for nothing, where rows are rounded up
    return parameter_bytes(layer) + (uint32_t)greatest_tile_bytes(&tiles) + behind;
}

void fqt_tiles_begin(fqt_tiles_t *tiles, const fqt_pass_t *pass) {
    tiles->spread = (int16_t *)(void *)((uint8_t *)pass->scratch + parameter_bytes(pass->layer));
    const int32_t bytes = greatest_tile_bytes(tiles);
    int32_t columns = tiles->width;
    while (columns > FQT_NEIGHBOURS && set_tile(tiles, 1, columns) > bytes) {
        columns = (columns + 1) / 2;
    }
    int32_t count = 1;
    int32_t tile_bytes;
    while ((tile_bytes = set_tile(tiles, (tiles->height + count - 1) / count, columns)) > bytes) {
        ++count;
    }
    fqt_clear(tiles->spread, (uint32_t)tile_bytes / 4);
    tiles->terms = pass->scratch;
    tiles->selected = 0;
    tiles->first = -FQT_LANES;
    tiles->row = tiles->height;
    tiles->column = tiles->width;
}

// x [columns][channels] -> [FQT_LANES][pitch], x - zero.
FQT_LOOP void spread_row(
    const int8_t *x, int32_t channels, int32_t columns, int32_t zero, int16_t *to, int32_t pitch, int32_t dilation) {
#if FQT_HAS_DSP
    // Two columns: two loads, four extractions that take the zero point off, four words put together and stored.
    const uint32_t negative = fqt_lower_halves((uint32_t)-zero, (uint32_t)-zero);
    int16_t *second_lane = to + pitch;
    int16_t *third_lane = second_lane + pitch;
    int16_t *fourth_lane = third_lane + pitch;
    for (; columns > 1 && dilation == 1; columns -= 2, x += 2 * channels) {
        const uint32_t first = fqt_load4(x);
        const uint32_t second = fqt_load4(x + channels);
        uint32_t a = fqt_add_even_bytes(negative, first);
        uint32_t b = fqt_add_even_bytes(negative, second);
        fqt_store4(to, fqt_lower_halves(a, b));
        to += 2;
        fqt_store4(third_lane, fqt_upper_halves(a, b));
        third_lane += 2;
        a = fqt_add_odd_bytes(negative, first);
        b = fqt_add_odd_bytes(negative, second);
        fqt_store4(second_lane, fqt_lower_halves(a, b));
        second_lane += 2;
        fqt_store4(fourth_lane, fqt_upper_halves(a, b));
        fourth_lane += 2;
    }
#endif
    for (; columns > 0; --columns, x += channels, to += dilation) {
        int16_t *lane = to;
        *lane = (int16_t)(x[0] - zero);
        lane += pitch;
        *lane = (int16_t)(x[1] - zero);
        lane += pitch;
        *lane = (int16_t)(x[2] - zero);
        lane += pitch;
        *lane = (int16_t)(x[3] - zero);
    }
}

// A source's part of rows * columns from (row, column) on, channels `first` to first + 3 (the last ones' neighbours in
// memory fill up their four: FQT_BYTES_BEHIND), 0 where it lies outside. When all columns are in one tile, what lies
// beside the tensor stays 0.
void fqt_tiles_spread(const fqt_tiles_t *tiles, const fqt_tiles_source_t *source, int32_t row, int32_t column,
    int32_t rows, int32_t columns, int16_t *to, int32_t pitch) {
    const fqt_tensor_t *tensor = source->tensor;
    const int32_t channels = tensor->channels;
    const int32_t dilation = source->dilation;
    const int32_t begin = column > 0 ? (column + dilation - 1) / dilation : 0;
    int32_t count = (column + columns - 1) / dilation + 1 - begin;
    count = count < tensor->width - begin ? count : tensor->width - begin;
    for (const int32_t end = row + rows; row < end; ++row, to += FQT_LANES * pitch) {
        const bool is_inside = row >= 0 && row < tensor->height;
        if (!is_inside || tiles->tile_columns < tiles->width) {
            fqt_clear(to, (uint32_t)(FQT_LANES / 2 * pitch));
        }
        if (is_inside) {
            spread_row(source->values + (row * tensor->width + begin) * channels + tiles->first, channels, count,
                source->zero, to + begin * dilation - column, pitch, dilation);
        }
    }
}

static void next_block(fqt_tiles_t *tiles) {
    const fqt_selection_t *selection = tiles->selection;
    tiles->first += FQT_LANES;
    const int32_t left = tiles->source.tensor->channels - tiles->first;
    tiles->lanes = 0;
    if (selection == NULL) {
        tiles->lanes = left >= FQT_LANES ? (1u << FQT_LANES) - 1 : left > 0 ? (1u << left) - 1 : 0;
    } else {
        while (tiles->selected < selection->count && selection->channels[tiles->selected] < tiles->first + FQT_LANES) {
            tiles->lanes |= 1u << (selection->channels[tiles->selected++] - tiles->first);
        }
    }
}

bool fqt_tiles_next_tile(fqt_tiles_t *tiles) {
    tiles->column += tiles->tile_columns;
    if (tiles->column >= tiles->width) {
        tiles->column = 0;
        tiles->row += tiles->tile_rows;
    }
    if (tiles->row >= tiles->height) {
        tiles->row = 0;
        do {
            next_block(tiles);
            if (tiles->first >= tiles->source.tensor->channels) {
                return false;
            }
        } while (tiles->lanes == 0);
    }
    tiles->rows = tiles->height - tiles->row < tiles->tile_rows ? tiles->height - tiles->row : tiles->tile_rows;
    tiles->columns =
        tiles->width - tiles->column < tiles->tile_columns ? tiles->width - tiles->column : tiles->tile_columns;
    fqt_tiles_spread(tiles, &tiles->source, tiles->row * tiles->stride_height - tiles->pad_top,
        tiles->column * tiles->stride_width - tiles->pad_left,
        (tiles->rows - 1) * tiles->stride_height + tiles->kernel_height,
        (tiles->columns - 1) * tiles->stride_width + tiles->kernel_width, tiles->spread, tiles->pitch);
    return true;
}

FQT_NOINLINE void fqt_tiles_put_others(const fqt_tiles_t *tiles, int32_t i, fqt_activations_t *output) {
    const int32_t *sums = fqt_tiles_sums(tiles);
    for (int32_t rows = tiles->rows; rows > 0; --rows) {
        for (int32_t column = 0; column < tiles->columns; ++column) {
            const uint32_t to = (uint32_t)(i + column * tiles->column_step);
            fqt_activations_put(output, &tiles->multiplier, to, sums[column]);
        }
        sums += fqt_tiles_rounded(tiles->columns);
        i += tiles->row_step;
    }
}
