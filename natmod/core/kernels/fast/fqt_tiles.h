// How the passes of depthwise convolution go over their results: by four channels, in these by tiles, in these channel
// by channel.
//
// Channels lie next to each other in memory, but here each has sums of its own. So a tile of four channels at a time
// (as much as the scratch holds) is spread into rows of 16-bit numbers, channels apart, zero points taken off, 0 where
// it lies outside: there is no border any more, and neighbours along a row meet two weights or two errors in one
// multiply-add.
#ifndef FQT_TILES_H
#define FQT_TILES_H

#include "../fqt_kernels.h"
#include "../../engine/fqt_errors.h"
#include "../../engine/fqt_activations.h"

#define FQT_LANES (4) // channels at a time
#define FQT_TERM_TAPS (3) // of a kernel row at a time
#define FQT_NEIGHBOURS (4) // rows of results are rounded up to

// Up to FQT_TERM_TAPS taps of a kernel row; the rest is 0.
typedef struct {
    int32_t offset; // of the first tap's element from that of the result
    int16_t weights[FQT_TERM_TAPS];
    int16_t is_last; // -1: of the list
} fqt_tap_term_t;

// What is spread.
typedef struct {
    const fqt_tensor_t *tensor;
    const int8_t *values;
    int32_t zero;
    int32_t dilation; // from one of its columns to the next
} fqt_tiles_source_t;

// How a pass goes over its results: by four channels, in these by tiles, in these channel by channel.
typedef struct {
    fqt_tiles_source_t source;
    int32_t kernel_height; // what a result takes of it
    int32_t kernel_width;
    int32_t stride_height;
    int32_t stride_width;
    int32_t pad_top;
    int32_t pad_left;
    int32_t height; // of all results
    int32_t width;
    // The current tile, of four channels from `first` on:
    int32_t first;
    uint32_t lanes; // a bit for each lane that is wanted
    int32_t row;
    int32_t column;
    int32_t rows;
    int32_t columns;
    int16_t *spread; // [rows][FQT_LANES][pitch]
    int32_t pitch;
    int32_t elements;
    int32_t tile_rows; // of results
    int32_t tile_columns;
    int32_t spacing; // from one of the results' columns to the next
    int32_t row_step; // from a row of results to the next, in elements of the tensor that they go to
    int32_t column_step;
    int32_t i; // the first result's element there
    // The current channel:
    const int16_t *x; // spread, of the first result
    fqt_tap_term_t *terms;
    int32_t bias;
    fqt_multiplier_t multiplier;
    const int8_t *weights; // of the first channel's first tap, and the way to others
    int32_t weights_row_step;
    int32_t weights_column_step;
    int32_t filter_elements;
    int32_t result_bytes; // behind what is spread, for each result of a tile: its sum, or the errors of all lanes
    const fqt_selection_t *selection; // NULL: all channels
    uint32_t selected; // of these, those met so far
} fqt_tiles_t;

static inline int32_t fqt_tiles_rounded(int32_t columns) {
    return (columns + FQT_NEIGHBOURS - 1) & -FQT_NEIGHBOURS;
}

// The sums of a tile: [rows][columns rounded up].
static inline int32_t *fqt_tiles_sums(const fqt_tiles_t *tiles) {
    return (int32_t *)(void *)(tiles->spread + tiles->elements);
}

// The element that the current channel's first sum goes to.
static inline int32_t fqt_tiles_first_element(const fqt_tiles_t *tiles, int32_t lane) {
    return tiles->i + tiles->row * tiles->row_step + tiles->column * tiles->column_step + tiles->first + lane;
}

// The tiles of forward and update passes: windows over the input, a result for each output.
void fqt_tiles_of_windows(fqt_tiles_t *tiles, const fqt_pass_t *pass, int32_t result_bytes);

// Divide the results into tiles of about the same size, in the scratch behind the parameters.
void fqt_tiles_begin(fqt_tiles_t *tiles, const fqt_pass_t *pass);

// Spread the next tile, of the next channels after the last one; false: that was all.
bool fqt_tiles_next_tile(fqt_tiles_t *tiles);

// A source's part of rows * columns from (row, column) on, channels `first` to first + 3, 0 where it lies outside.
void fqt_tiles_spread(const fqt_tiles_t *tiles, const fqt_tiles_source_t *source, int32_t row, int32_t column,
    int32_t rows, int32_t columns, int16_t *to, int32_t pitch);

// Turn to a channel of the tile, and form its sums.
void fqt_tiles_sum_lane(fqt_tiles_t *tiles, int32_t lane);

// Store the sums whatever the multiplier, or as logits.
void fqt_tiles_put_others(const fqt_tiles_t *tiles, int32_t i, fqt_activations_t *output);

#endif
