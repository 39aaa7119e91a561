// The model file: its layout, described once.
//
// Little-endian throughout. Every offset counts bytes from the start of the file. A reader may meet the file at any
// alignment (a ROMFS file in flash, a slice of a buffer), so fields are read byte by byte; blobs start at multiples of 4
// within the file. Scales are bit patterns of positive float32 numbers in [2^-64, 2^64] (docs/arithmetic.md, section 1).
//
//   header                      64 bytes
//   layer records               72 bytes each, in the order in which they run
//   blobs                       each layer's weights, low bytes, weight scales, biases; see below
//   checksum                    4 bytes: CRC-32 (IEEE 802.3) of every byte before it
//
// Header:
//    0  char[4] magic           "FQT\x1a"
//    4  u16  version            2; a reader refuses others
//    6  u16  record_bytes       72
//    8  u32  file_bytes         length of the whole file, checksum included
//   12  u16  layer_count        1 .. 64
//   14  u16  flags              bit 0: checkpoint (frozen layers' blobs are left out, their offsets are 0)
//   16  u16  input_height
//   18  u16  input_width
//   20  u16  input_channels
//   22  u8   input_type         0: int8, 1: uint8 (taken as int8 after subtracting 128)
//   23  i8   input_zero_point
//   24  f32  input_scale
//   28  u32  random_state       xorshift32 state, never 0
//   32  u32  identity           chosen when the model is made, kept by every save; a checkpoint fits the model that has
//                               the same one
//   36  u32  step_count         training steps taken so far
//   40  char[16] name           UTF-8, padded with zeros
//   56  u32  greatest_loss      the greatest loss of a training step so far, Q16 (docs/arithmetic.md, section 10)
//   60  u8   loss               0 softmax cross-entropy, 1 mean squared error, 2 binary cross-entropy
//   61  u8[3] reserved          0
//
// Layer record:
//    0  u8   kind               FQT_KIND_...
//    1  u8   activation         0 none, 1 ReLU, 2 ReLU6
//    2  u8   flags              bit 0: trainable; bit 1: has low bytes (was trained with master=16)
//    3  i8   output_zero_point
//    4  u16  input              the tensor it reads: 0 is the model's input, i the output of the i-th layer (from 1)
//    6  u16  second_input       add: the other tensor, before this layer too; 0xFFFF: none
//    8  u16  output_height
//   10  u16  output_width
//   12  u16  output_channels    dense: height and width are 1
//   14  u8   kernel_height      layers without a window: 1, as the next three
//   15  u8   kernel_width
//   16  u8   stride_height
//   17  u8   stride_width
//   18  u8   pad_top            padding may differ by side; layers without a window: 0
//   19  u8   pad_bottom
//   20  u8   pad_left
//   21  u8   pad_right
//   22  u16  reserved           0
//   24  f32  output_scale       max_pool2d, flatten: the input's; last layer: any valid scale (its output is not int8)
//   28  f32  bias_scale         the input scale that biases were stored with; bias o is in bias_scale * weight_scale[o]
//   32  f32  error_scale        of the error of this layer's output; 0: not yet seen
//   36  i32  output_range       how full the output range was lately, Q16; 62415 at first (docs/arithmetic.md, section 8)
//   40  u32  weights            offset of int8 [out_channels][kernel_height][kernel_width][in_channels];
//                               depthwise_conv2d: [out_channels][kernel_height][kernel_width]
//   44  u32  low_bytes          offset of as many int8; 0: none
//   48  u32  weight_scales      offset of f32 [out_channels]
//   52  u32  biases             offset of i32 [out_channels]
//   56  char[16] name           UTF-8, padded with zeros, unique in the model
// Layers without weights have 0 in the four offsets, in bias_scale, and flags 0. Where an error scale is never used (the
// last layer, or the one layer that reads the output hands the scale on) it is 0.
// Every layer's output, but the last one's, is read by a layer behind it.
#ifndef FQT_FILE_H
#define FQT_FILE_H

#define FQT_FILE_MAGIC (0x1A545146u)
#define FQT_FILE_VERSION (2)
#define FQT_HEADER_BYTES (64)
#define FQT_RECORD_BYTES (72)
#define FQT_CHECKSUM_BYTES (4)
#define FQT_MAX_LAYERS (64)
#define FQT_NAME_BYTES (16)

#define FQT_NO_SECOND_INPUT (0xFFFF)

enum {
    FQT_KIND_DENSE = 1,
    FQT_KIND_CONV2D = 2,
    FQT_KIND_MAX_POOL2D = 3,
    FQT_KIND_FLATTEN = 4,
    FQT_KIND_DEPTHWISE_CONV2D = 5,
    FQT_KIND_AVERAGE_POOL2D = 6,
    FQT_KIND_ADD = 7,
};
enum { FQT_ACTIVATION_NONE = 0, FQT_ACTIVATION_RELU = 1, FQT_ACTIVATION_RELU6 = 2 };
enum { FQT_LOSS_SOFTMAX_CROSS_ENTROPY = 0, FQT_LOSS_MEAN_SQUARED_ERROR = 1, FQT_LOSS_BINARY_CROSS_ENTROPY = 2 };
enum { FQT_INPUT_INT8 = 0, FQT_INPUT_UINT8 = 1 };
enum { FQT_FILE_CHECKPOINT = 1 };
enum { FQT_LAYER_TRAINABLE = 1, FQT_LAYER_LOW_BYTES = 2 };

#endif
