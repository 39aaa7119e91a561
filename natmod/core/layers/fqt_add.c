// Residual connections: the sum of two tensors of one shape. docs/arithmetic.md, sections 4 and 6.
#include "../engine/fqt_errors.h"
#include "../model/fqt_window.h"

#define FACTOR_BITS (20) // 2 * 255 * 2^(20 + 1) < 2^31
#define ADDED_TOGETHER (16)

// y = (a - za) * sa / sy + (b - zb) * sb / sy, the two factors in units of 2^-shift in which the greater is 2^20 or
// more: as LiteRT forms sums, with the same bits.
static void add_forward(fqt_pass_t *pass) {
    const fqt_tensor_t *a = pass->input;
    const fqt_tensor_t *b = fqt_tensor(pass->model, pass->layer->second_input);
    const int8_t *b_values = fqt_activation(pass->model, pass->layer->second_input);
    fqt_activations_t output;
    fqt_activations_begin(&output, pass);
    const uint32_t fa = fqt_scale_pack(output.scale_ratio);
    const uint32_t fb = fqt_scale_pack(fqt_scale_divide_stored(fqt_scale_unpack(b->scale), pass->output->scale));
    const int32_t shift = FACTOR_BITS - ((int32_t)((fa > fb ? fa : fb) - FQT_FLOAT_ONE) >> 23);
    const int32_t ma = fqt_fixed_multiply(fqt_scale_shifted(fqt_scale_unpack(fa), shift), 1);
    const int32_t mb = fqt_fixed_multiply(fqt_scale_shifted(fqt_scale_unpack(fb), shift), 1);
    const fqt_multiplier_t multiplier = fqt_multiplier(fqt_scale(1u << 30, -30 - shift));
    const int32_t bias = -a->zero_point * ma - b->zero_point * mb;
#if FQT_SPARES_TEXT
    for (uint32_t i = 0; i < a->elements; ++i) {
        fqt_activations_put(&output, &multiplier, i, bias + pass->x[i] * ma + b_values[i] * mb);
    }
#else
    output.is_short = fqt_multiplier_is_short(&multiplier);
    fqt_channel_t channels[ADDED_TOGETHER]; // all alike
    for (uint32_t n = 0; n < ADDED_TOGETHER; ++n) {
        channels[n] = (fqt_channel_t) {bias, multiplier};
    }
    uint32_t count;
    for (uint32_t i = 0; i < a->elements; i += count) {
        int32_t sums[ADDED_TOGETHER];
        for (count = 0; count < ADDED_TOGETHER && i + count < a->elements; ++count) {
            sums[count] = pass->x[i + count] * ma + b_values[i + count] * mb;
        }
        fqt_activations_put_all(&output, channels, i, sums, (int32_t)count);
    }
#endif
    fqt_activations_end(&output, pass);
}

// e -> d of both, each the same
static void add_error(fqt_pass_t *pass) {
    fqt_errors_pass_on(pass, 0);
    fqt_pass_read(pass, pass->layer->second_input);
    fqt_errors_pass_on(pass, 0);
}

static void add_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    fqt_layer(model, index)->passes_error_scale = true;
    fqt_two_inputs_check(model, index, false, fault);
}

const fqt_kind_t fqt_kind_add = {
    .name = "add",
    .last_activation = FQT_ACTIVATION_RELU6,
    .has_second_input = true,
    .check = add_check,
    .forward = add_forward,
    .error = add_error,
};
