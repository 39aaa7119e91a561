// A pass of one layer, forward or backward: everything that its kernel looks at, found once.
#ifndef FQT_PASS_H
#define FQT_PASS_H

#include "../model/fqt_kind.h"

// A window sliding over an input, padded at its upper and left border.
typedef struct {
    int32_t kernel_height;
    int32_t kernel_width;
    int32_t stride_height;
    int32_t stride_width;
    int32_t pad_top;
    int32_t pad_left;
} fqt_sliding_t;

typedef struct {
    int32_t in_height;
    int32_t in_width;
    int32_t in_channels;
    int32_t out_height;
    int32_t out_width;
    int32_t out_channels;
    fqt_sliding_t window;
    uint32_t source; // the tensor that is the input; dense: what that was flattened from
} fqt_shape_t;

// The shape of layer `index`. A dense layer is a convolution: all positions of its input, before that was flattened,
// are one row, and the window is as wide.
fqt_shape_t fqt_shape(const fqt_model_t *model, uint32_t index);

// Channels, ascending. Those of the output that take part in a backward pass lie in front of the scratch of its
// error and update.
typedef struct {
    uint32_t count;
    const uint16_t *channels;
} fqt_selection_t;

struct fqt_pass {
    fqt_model_t *model;
    fqt_layer_t *layer;
    uint32_t index; // of the layer
    fqt_tensor_t *input; // x; of two, the first
    fqt_tensor_t *output; // y
    const int8_t *x; // [in_height][in_width][in_channels]
    int8_t *y; // [out_height][out_width][out_channels]; NULL: the last layer, which gives logits
    const int8_t *e; // the error of y; NULL where none is needed
    void *scratch; // backward behind the selection
    fqt_shape_t shape;
    bool training; // forward: the layer's fill is wanted
    const fqt_tensor_t *end; // backward: tensors up to this one need no error in this step
    uint32_t update_rate; // backward: the share of channels that take part, Q16
    fqt_selection_t selection; // of layers with weights (fqt_select)
    fqt_scale_t learning_rate; // update
};

// Turn to the forward pass of layer `index`.
void fqt_pass_begin(fqt_pass_t *pass, fqt_model_t *model, uint32_t index);

// Take another tensor that the layer reads for its input.
void fqt_pass_read(fqt_pass_t *pass, uint32_t tensor);

// Biases in units of accumulators: sums with them stay in 32 bits.
#define FQT_BIAS_LIMIT (1 << 30)
int32_t fqt_limited_bias(int32_t bias);

// Whether the backward pass goes on to a tensor.
static inline bool fqt_pass_wants(const fqt_pass_t *pass, const fqt_tensor_t *tensor) {
    return tensor->needs_error && tensor > pass->end;
}

static inline bool fqt_pass_is_last(const fqt_pass_t *pass) {
    return pass->y == NULL;
}

#endif
