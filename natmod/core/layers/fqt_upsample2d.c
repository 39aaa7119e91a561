// Upsampling: each element of the input fills a block of the output (nearest neighbour), or the first place of a block
// whose others are zero. A convolution behind the second is a transposed convolution. docs/arithmetic.md, sections 4
// and 6.
//
// The window is that of the way back: the block is the stride, and the kernel is what of it the element fills.
#include "../engine/fqt_errors.h"
#include "../model/fqt_window.h"

#define UPSAMPLED_ZEROS (8) // 255 * 255 * 127 * 2^8 < 2^31

static void upsample2d_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_tensor_t *from = fqt_input_of(model, index);
    const fqt_tensor_t *to = fqt_output_of(model, index);
    const fqt_window_t *window = &layer->window;
    const bool fills_one = window->kernel_height == 1 && window->kernel_width == 1;
    const bool fills_all =
        window->kernel_height == window->stride_height && window->kernel_width == window->stride_width;
    const uint32_t padding = (uint32_t)window->pad_top | window->pad_bottom | window->pad_left | window->pad_right;
    if (window->stride_height == 0 || window->stride_width == 0 || !(fills_one || fills_all) || padding != 0) {
        fqt_fail(fault, FQT_MESSAGE_UPSAMPLING);
    }
    fqt_extent_check(to->height, (uint32_t)from->height * window->stride_height, fault);
    fqt_extent_check(to->width, (uint32_t)from->width * window->stride_width, fault);
    fqt_same_channels_check(model, index, fault);
    layer->passes_error_scale = fills_one;
}

// x [in_height][in_width][channels] -> y [out_height][out_width][channels]
static void upsample2d_forward(fqt_pass_t *pass) {
    const fqt_shape_t *shape = &pass->shape;
    const fqt_sliding_t *window = &shape->window;
    const int32_t row = shape->in_width * shape->in_channels;
    const int8_t zero = pass->input->zero_point;
    int8_t *y = pass->y;
    for (const int8_t *x = pass->x; x < pass->x + shape->in_height * row; x += row) {
        for (int32_t ky = 0; ky < window->stride_height; ++ky) {
            for (const int8_t *from = x; from < x + row; from += shape->in_channels) {
                for (int32_t kx = 0; kx < window->stride_width; ++kx) {
                    const bool fills = ky < window->kernel_height && kx < window->kernel_width;
                    for (int32_t c = 0; c < shape->in_channels; ++c) {
                        *y++ = fills ? from[c] : zero;
                    }
                }
            }
        }
    }
}

// e [out_height][out_width][channels] -> d [in_height][in_width][channels] = the sum over the places that x filled
static void upsample2d_error(fqt_pass_t *pass) {
    const fqt_shape_t *shape = &pass->shape;
    const fqt_sliding_t *window = &shape->window;
    const int32_t channels = shape->in_channels;
    const int32_t row = shape->out_width * channels;
    const int8_t *block = pass->e;
    fqt_errors_t errors;
    fqt_errors_begin(&errors, pass, fqt_scale_unpack(pass->output->error_scale));
    const uint32_t zeros = fqt_errors_take_zeros(&errors, UPSAMPLED_ZEROS);
    uint32_t i = 0;
    for (int32_t iy = 0; iy < shape->in_height; ++iy) {
        for (int32_t ix = 0; ix < shape->in_width; ++ix) {
            for (int32_t c = 0; c < channels; ++c) {
                int32_t sum = 0;
                for (int32_t ky = 0; ky < window->kernel_height; ++ky) {
                    for (int32_t kx = 0; kx < window->kernel_width; ++kx) {
                        sum += block[ky * row + kx * channels + c];
                    }
                }
                fqt_errors_put(&errors, i++, (int32_t)((uint32_t)sum << zeros));
            }
            block += window->stride_width * channels;
        }
        block += (window->stride_height - 1) * row;
    }
    fqt_errors_end(&errors);
}

const fqt_kind_t fqt_kind_upsample2d = {
    .name = "upsample2d",
    .keeps_scale = true,
    .check = upsample2d_check,
    .forward = upsample2d_forward,
    .error = upsample2d_error,
};
