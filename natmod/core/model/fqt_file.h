// The model file: its layout, described once.
//
// Little-endian throughout. Every offset counts bytes from the start of the file. A reader may meet the file at any
// alignment (a ROMFS file in flash, a slice of a buffer), so nothing is read in place but bytes; blobs start at
// multiples of 4 within the file. Scales are bit patterns of positive float32 numbers in [2^-64, 2^64]
// (docs/arithmetic.md, section 1).
//
//   header                      64 bytes
//   layer records               72 bytes each, in the order in which they run
//   blobs                       each layer's weights, low bits, weight scales, biases; see below
//   maps                        of the input, of the outputs; see below
//   texts                       names of the outputs, a note; see below
//   checksum                    4 bytes: CRC-32 (IEEE 802.3) of every byte before it
//
// There is one way to write a model: blobs lie one after another, in the order of the layers and within each as listed,
// filled up with zeros to multiples of 4; maps and texts follow, and then the checksum. A reader refuses overlaps,
// holes, and bytes behind.
//
// Maps: what the numbers of the user's units are to the network's, which are about 0 and 1 (docs/arithmetic.md, section
// 3). Of the input a row for each channel, then of the outputs a row for each, as many rows as fqt_header_t.maps says
// that there are; a row is offset and scale, float32. They lie behind the blobs, since the last record tells how many
// outputs there are. A checkpoint has them too.
//
// Texts: what belongs to a model and is no number, fqt_header_t.text_bytes of it: for each output (with pixelwise
// cross-entropy for each channel) its name (of a class, say; may be empty), then a note, on how samples are made ready
// say; UTF-8, each ended by a zero; behind the last up to three zeros, to a multiple of 4. A checkpoint has them too.
//
// The format has a version, major.minor. A minor version adds meaning to values that are refused before it (numbers of
// kinds and losses, flags, reserved fields): a reader loads files of any minor version of its major one, and refuses
// what it does not know with a text of its own. A major version changes what is there; files of another one are
// refused, and made anew by the tools that belong to the module. tests/data keeps a file of each released version,
// which must go on loading.
//
// Limits: files of 2^28 bytes, 128 layers, tensors of 2^24 elements, 4096 outputs, 2^30 multiply-adds forward, 2^30
// bytes of arena; and those of each kind that keep its sums in 32 bits.
//
// Header and records are structures with no gaps, copied from and to the file as they are: all machines that run this
// are little-endian.
#ifndef FQT_FILE_H
#define FQT_FILE_H

#include <stdint.h>

#define FQT_FILE_MAGIC (0x1A545146u) // "FQT\x1a"
#define FQT_FILE_MAJOR (2)
// Since 1: maps, low halves, texts; since 2: more than 64 layers; since 3: tables; since 4: pixelwise cross-entropy,
// concatenate; since 5: lstm, functions from GELU on; since 6: gru.
#define FQT_FILE_MINOR (6)
#define FQT_MAX_FILE_BYTES (1u << 28)
#define FQT_HEADER_BYTES (64)
#define FQT_RECORD_BYTES (72)
#define FQT_CHECKSUM_BYTES (4)
#define FQT_MAP_ROW_BYTES (8)
#define FQT_MAX_LAYERS (128)
#define FQT_NAME_BYTES (16)
#define FQT_TABLE_ENTRIES (256)
#define FQT_LSTM_GATES (4)
#define FQT_GRU_GATES (3)
#define FQT_GATE_BIASES (4) // of each unit of an lstm or gru
#define FQT_LSTM_CELL_BITS (4) // at most so many of a cell state's 16 bits lie before the point
#define FQT_IGNORED (255) // the label of a pixel that does not count

#define FQT_NO_SECOND_INPUT (0xFFFF)

enum {
    FQT_KIND_DENSE = 1,
    FQT_KIND_CONV2D = 2,
    FQT_KIND_MAX_POOL2D = 3,
    FQT_KIND_FLATTEN = 4,
    FQT_KIND_DEPTHWISE_CONV2D = 5,
    FQT_KIND_AVERAGE_POOL2D = 6,
    FQT_KIND_ADD = 7,
    FQT_KIND_MULTIPLY = 8,
    FQT_KIND_TABLE = 9,
    FQT_KIND_CONCATENATE = 10,
    FQT_KIND_UPSAMPLE2D = 11,
    FQT_KIND_LSTM = 12,
    FQT_KIND_GRU = 13,
    FQT_KIND_END // greater than all kinds
};
enum { FQT_ACTIVATION_NONE = 0, FQT_ACTIVATION_RELU = 1, FQT_ACTIVATION_RELU6 = 2 };
// What a table holds, for tools that go back to the function: the values alone count.
enum {
    FQT_FUNCTION_TANH = 0,
    FQT_FUNCTION_SIGMOID = 1,
    FQT_FUNCTION_LEAKY_RELU = 2,
    FQT_FUNCTION_ELU = 3,
    FQT_FUNCTION_HARD_SWISH = 4,
    FQT_FUNCTION_SILU = 5,
    FQT_FUNCTION_HARD_SIGMOID = 6,
    FQT_FUNCTION_GELU = 7,
    FQT_FUNCTION_GELU_TANH = 8,
    FQT_FUNCTION_SOFTPLUS = 9,
    FQT_FUNCTION_MISH = 10,
    FQT_FUNCTION_SELU = 11,
    FQT_FUNCTION_HARD_TANH = 12,
};
// Where a gru's reset gate is: behind the weights that its new gate has for the state (PyTorch; Keras: reset_after), or
// in front of them.
enum { FQT_GRU_RESET_AFTER = 0, FQT_GRU_RESET_BEFORE = 1 };
enum {
    FQT_LOSS_SOFTMAX_CROSS_ENTROPY = 0,
    FQT_LOSS_MEAN_SQUARED_ERROR = 1,
    FQT_LOSS_BINARY_CROSS_ENTROPY = 2,
    FQT_LOSS_PIXELWISE_CROSS_ENTROPY = 3, // at each place of the output: its channels are the classes
};
enum { FQT_INPUT_INT8 = 0, FQT_INPUT_UINT8 = 1 };
enum { FQT_FILE_CHECKPOINT = 1 };
enum { FQT_MAP_INPUT = 1, FQT_MAP_OUTPUT = 2 }; // bits of fqt_header_t.maps
enum { FQT_LAYER_TRAINABLE = 1, FQT_LAYER_LOW_BYTES = 2, FQT_LAYER_LOW_HALVES = 4 };

// A window sliding over an input: what convolution and pooling share.
typedef struct {
    uint8_t kernel_height; // layers without a window: 1, as the next three
    uint8_t kernel_width;
    uint8_t stride_height;
    uint8_t stride_width;
    uint8_t pad_top; // padding may differ by side; layers without a window: 0
    uint8_t pad_bottom;
    uint8_t pad_left;
    uint8_t pad_right;
} fqt_window_t;

typedef struct {
    uint16_t height;
    uint16_t width;
    uint16_t channels;
} fqt_dimensions_t;

// A layer's blobs, in the order of the file. Of a table (docs/arithmetic.md, section 4): the derivatives, int8 [256],
// nothing, their scale, the outputs, int8 [256]. Of an lstm, with the gates input, forget, cell, output: int8
// [gate][unit][features, then units], nothing, float32 [gate][2] of those two parts and the cell state's limit, int32
// [gate][unit], in units of the input's scale * that of the gate's first part. Of a gru, with the gates reset, update,
// new, the same without a limit; behind its biases another int32 [unit], of the new gate, in units of the output's
// scale * that of this gate's second part.
enum {
    // int8 [out_channels][kernel_height][kernel_width][in_channels], depthwise_conv2d: without the last
    FQT_BLOB_WEIGHTS,
    // What the weights have behind the point, offset 0: nothing. As many int8 in units of 1 / 256; or signed halves of
    // bytes in units of 1 / 16, that of weight j in the lower half of byte j / 2 if j is even, else in the upper.
    FQT_BLOB_LOW_BITS,
    FQT_BLOB_WEIGHT_SCALES, // float32 [out_channels]
    FQT_BLOB_BIASES, // int32 [out_channels]
    FQT_BLOBS
};

// The numbers are offsets in the file.
typedef struct {
    /*  0 */ uint32_t magic; // FQT_FILE_MAGIC
    /*  4 */ uint8_t major; // FQT_FILE_MAJOR; a reader refuses others
    /*  5 */ uint8_t minor; // FQT_FILE_MINOR; a reader takes any
    /*  6 */ uint16_t record_bytes; // 72
    /*  8 */ uint32_t file_bytes; // length of the whole file, checksum included
    /* 12 */ uint16_t layer_count; // 1 .. 128
    /* 14 */ uint16_t flags; // bit 0: checkpoint (frozen layers' blobs are left out, their offsets are 0)
    /* 16 */ fqt_dimensions_t input;
    /* 22 */ uint8_t input_type; // 0: int8, 1: uint8 (taken as int8 after subtracting 128)
    /* 23 */ int8_t input_zero_point;
    /* 24 */ uint32_t input_scale; // float32 bits, as all scales
    /* 28 */ uint32_t random_state; // xorshift32 state, never 0
    /* 32 */ uint32_t identity; // chosen when the model is made; a checkpoint and its model share it
    /* 36 */ uint32_t step_count; // training steps taken so far
    /* 40 */ char name[FQT_NAME_BYTES]; // UTF-8, padded with zeros
    /* 56 */ uint32_t greatest_loss; // of late, Q16 (docs/arithmetic.md, section 10)
    /* 60 */ uint8_t loss; // FQT_LOSS_...
    /* 61 */ uint8_t maps; // FQT_MAP_...: those that there are; of outputs with mean squared error alone
    /* 62 */ uint16_t text_bytes; // of the texts, a multiple of 4; 0: none
} fqt_header_t;

// Layers without weights have flags 0, and but for tables, lstm and gru 0 in the four offsets and in bias_scale. Where
// an error scale is never used (the last layer, or the one layer that reads the output hands the scale on) it is 0.
// Every layer's output, but the last one's, is read by a layer behind it.
typedef struct {
    /*  0 */ uint8_t kind; // FQT_KIND_...
    /*  1 */ uint8_t
        activation; // 0 none, 1 ReLU, 2 ReLU6; table: FQT_FUNCTION_...; lstm: bits of its cell; gru: FQT_GRU_...
    /*  2 */ uint8_t
        flags; // bit 0: trainable; bit 1: has low bytes (master=16); bit 2: low halves (master=12), since 2.1
    /*  3 */ int8_t output_zero_point;
    /*  4 */ uint16_t input; // the tensor it reads: 0 is the model's input, i the output of the i-th layer (from 1)
    /*  6 */ uint16_t second_input; // add, multiply: the other tensor, before this layer too; 0xFFFF: none
    /*  8 */ fqt_dimensions_t output; // dense: height and width are 1
    /* 14 */ fqt_window_t window;
    /* 22 */ uint16_t reserved; // 0
    /* 24 */ uint32_t
        output_scale; // max_pool2d, flatten, upsample2d: the input's; last layer: any valid one (it gives no int8)
    // The input's when biases were stored: bias o is in bias_scale * weight_scale[o]. Of a table the function's slope
    // or alpha, or 0, which no device reads.
    /* 28 */ uint32_t bias_scale;
    /* 32 */ uint32_t error_scale; // of the error of this layer's output; 0: not yet seen
    /* 36 */ uint32_t output_range; // how full it was lately, Q16; 62415 at first (docs/arithmetic.md, section 8)
    /* 40 */ uint32_t blobs[FQT_BLOBS]; // their offsets
    /* 56 */ char name[FQT_NAME_BYTES]; // UTF-8, padded with zeros, unique in the model
} fqt_record_t;

// The low bits of weight j, in units of the last of them; bits: 4 or 8 of each weight.
static inline int32_t fqt_low_bits_of(const uint8_t *low_bits, uint32_t bits, uint32_t j) {
    const uint32_t place = j * bits;
    return (int8_t)(low_bits[place / 8] << (8 - bits - place % 8)) >> (8 - bits);
}

static inline void fqt_low_bits_set(uint8_t *low_bits, uint32_t bits, uint32_t j, int32_t value) {
    const uint32_t place = j * bits;
    const uint32_t mask = ((1u << bits) - 1) << place % 8;
    uint8_t *byte = &low_bits[place / 8];
    *byte = (uint8_t)((*byte & ~mask) | ((uint32_t)value << place % 8 & mask));
}

// How many low bits each weight has, by a record's flags; and the flags for so many.
static inline uint32_t fqt_low_bits_of_flags(uint32_t flags) {
    return flags & FQT_LAYER_LOW_BYTES ? 8 : flags & FQT_LAYER_LOW_HALVES ? 4 : 0;
}

static inline uint32_t fqt_flags_of_low_bits(uint32_t low_bits) {
    return low_bits == 0 ? 0 : low_bits == 8 ? FQT_LAYER_LOW_BYTES : FQT_LAYER_LOW_HALVES;
}

_Static_assert(sizeof(fqt_header_t) == FQT_HEADER_BYTES && sizeof(fqt_record_t) == FQT_RECORD_BYTES, "no gaps");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "as the file is");

#endif
