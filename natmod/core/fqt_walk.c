// See fqt_walk.h: tiles, and how they are spread.
#include "fqt_walk.h"
#include "fqt_simd.h"

#define TILE_BYTES (2560) // if the smallest tile takes no more

// Set the size of the tiles; give the bytes they take.
static int32_t set_tile(fqt_walk_t *walk, int32_t rows, int32_t columns) {
    walk->tile_rows = rows;
    walk->tile_columns = columns;
    walk->pitch = ((columns - 1) * walk->stride_width + walk->kernel_width + 1) & -2;
    walk->elements = FQT_LANES * walk->pitch * ((rows - 1) * walk->stride_height + walk->kernel_height);
    return 2 * walk->elements + walk->result_bytes * rows * fqt_walk_rounded((columns - 1) * walk->spacing + 1);
}

static int32_t greatest_tile_bytes(fqt_walk_t *walk) {
    const int32_t least = set_tile(walk, 1, FQT_NEIGHBOURS);
    return least > TILE_BYTES ? least : TILE_BYTES;
}

static uint32_t parameter_bytes(const fqt_layer_t *layer) {
    return 4 * FQT_LANES * layer->filter_elements; // gradients; terms take no more
}

static fqt_walk_t walk_of_window(const fqt_layer_t *layer, int32_t result_bytes) {
    const fqt_window_t *window = &layer->window;
    return (fqt_walk_t) {.source.dilation = 1,
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

fqt_walk_t fqt_walk_of_windows(const fqt_pass_t *pass, int32_t result_bytes) {
    fqt_walk_t walk = walk_of_window(pass->layer, result_bytes);
    walk.source.tensor = pass->input;
    walk.source.values = pass->x;
    walk.source.zero = pass->input->zero_point;
    walk.height = pass->output->height;
    walk.width = pass->output->width;
    return walk;
}

uint32_t fqt_depthwise_bytes(const fqt_layer_t *layer) {
    fqt_walk_t walk = walk_of_window(layer, 2 * FQT_LANES);
    const uint32_t behind = 8u * layer->window.stride_width + 8; // read, for nothing, where rows are rounded up
    return parameter_bytes(layer) + (uint32_t)greatest_tile_bytes(&walk) + behind;
}

void fqt_walk_begin(fqt_walk_t *walk, const fqt_pass_t *pass) {
    walk->spread = (int16_t *)(void *)((uint8_t *)pass->scratch + parameter_bytes(pass->layer));
    const int32_t bytes = greatest_tile_bytes(walk);
    int32_t columns = walk->width;
    while (columns > FQT_NEIGHBOURS && set_tile(walk, 1, columns) > bytes) {
        columns = (columns + 1) / 2;
    }
    int32_t count = 1;
    int32_t tile_bytes;
    while ((tile_bytes = set_tile(walk, (walk->height + count - 1) / count, columns)) > bytes) {
        ++count;
    }
    fqt_clear(walk->spread, (uint32_t)tile_bytes / 4);
    walk->terms = pass->scratch;
    walk->selected = 0;
    walk->first = -FQT_LANES;
    walk->row = walk->height;
    walk->column = walk->width;
}

// x [columns][channels] -> [FQT_LANES][pitch], x - zero.
FQT_LOOP void spread_row(
    const int8_t *x, int32_t channels, int32_t columns, int32_t zero, int16_t *to, int32_t pitch, int32_t dilation) {
#if FQT_HAS_DSP
    // Two columns: two loads, four extractions that take the zero point off, four words put together and stored.
    const uint32_t negative = fqt_lower_halves((uint32_t)-zero, (uint32_t)-zero);
    for (; columns > 1 && dilation == 1; columns -= 2, x += 2 * channels, to += 2) {
        const uint32_t first = fqt_load4(x);
        const uint32_t second = fqt_load4(x + channels);
        int16_t *lane = to;
        fqt_store4(lane, fqt_lower_halves(fqt_add_even_bytes(negative, first), fqt_add_even_bytes(negative, second)));
        lane += pitch;
        fqt_store4(lane, fqt_lower_halves(fqt_add_odd_bytes(negative, first), fqt_add_odd_bytes(negative, second)));
        lane += pitch;
        fqt_store4(lane, fqt_upper_halves(fqt_add_even_bytes(negative, first), fqt_add_even_bytes(negative, second)));
        lane += pitch;
        fqt_store4(lane, fqt_upper_halves(fqt_add_odd_bytes(negative, first), fqt_add_odd_bytes(negative, second)));
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
// memory fill up their four; the scratch lies behind all tensors), 0 where it lies outside. When all columns are in one
// tile, what lies beside the tensor stays 0.
void fqt_walk_spread(const fqt_walk_t *walk, const fqt_walk_source_t *source, int32_t row, int32_t column, int32_t rows,
    int32_t columns, int16_t *to, int32_t pitch) {
    const fqt_tensor_t *tensor = source->tensor;
    const int32_t channels = tensor->channels;
    const int32_t dilation = source->dilation;
    const int32_t begin = column > 0 ? (column + dilation - 1) / dilation : 0;
    int32_t count = (column + columns - 1) / dilation + 1 - begin;
    count = count < tensor->width - begin ? count : tensor->width - begin;
    for (const int32_t end = row + rows; row < end; ++row, to += FQT_LANES * pitch) {
        const bool is_inside = row >= 0 && row < tensor->height;
        if (!is_inside || walk->tile_columns < walk->width) {
            fqt_clear(to, (uint32_t)(FQT_LANES / 2 * pitch));
        }
        if (is_inside) {
            spread_row(source->values + (row * tensor->width + begin) * channels + walk->first, channels, count,
                source->zero, to + begin * dilation - column, pitch, dilation);
        }
    }
}

static void next_block(fqt_walk_t *walk) {
    const fqt_selection_t *selection = walk->selection;
    walk->first += FQT_LANES;
    const int32_t left = walk->source.tensor->channels - walk->first;
    walk->lanes = 0;
    if (selection == NULL) {
        walk->lanes = left >= FQT_LANES ? (1u << FQT_LANES) - 1 : left > 0 ? (1u << left) - 1 : 0;
    } else {
        while (walk->selected < selection->count && selection->channels[walk->selected] < walk->first + FQT_LANES) {
            walk->lanes |= 1u << (selection->channels[walk->selected++] - walk->first);
        }
    }
}

bool fqt_walk_next_tile(fqt_walk_t *walk) {
    walk->column += walk->tile_columns;
    if (walk->column >= walk->width) {
        walk->column = 0;
        walk->row += walk->tile_rows;
    }
    if (walk->row >= walk->height) {
        walk->row = 0;
        do {
            next_block(walk);
            if (walk->first >= walk->source.tensor->channels) {
                return false;
            }
        } while (walk->lanes == 0);
    }
    walk->rows = walk->height - walk->row < walk->tile_rows ? walk->height - walk->row : walk->tile_rows;
    walk->columns = walk->width - walk->column < walk->tile_columns ? walk->width - walk->column : walk->tile_columns;
    fqt_walk_spread(walk, &walk->source, walk->row * walk->stride_height - walk->pad_top,
        walk->column * walk->stride_width - walk->pad_left,
        (walk->rows - 1) * walk->stride_height + walk->kernel_height,
        (walk->columns - 1) * walk->stride_width + walk->kernel_width, walk->spread, walk->pitch);
    return true;
}

void fqt_walk_put_others(const fqt_walk_t *walk, int32_t i, fqt_output_t *output, fqt_error_pass_t *errors) {
    const int32_t *sums = fqt_walk_sums(walk);
    for (int32_t rows = walk->rows; rows > 0; --rows) {
        for (int32_t column = 0; column < walk->columns; ++column) {
            const uint32_t to = (uint32_t)(i + column * walk->column_step);
            if (output != NULL) {
                fqt_output_put(output, &walk->multiplier, to, sums[column]);
            } else {
                fqt_error_pass_put(errors, to, sums[column]);
            }
        }
        sums += fqt_walk_rounded(walk->columns);
        i += walk->row_step;
    }
}
