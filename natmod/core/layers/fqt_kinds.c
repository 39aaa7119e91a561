// The table of layer kinds.
#include "../engine/fqt_kind.h"

extern const fqt_kind_t fqt_kind_dense;
extern const fqt_kind_t fqt_kind_conv2d;
extern const fqt_kind_t fqt_kind_max_pool2d;
extern const fqt_kind_t fqt_kind_flatten;
extern const fqt_kind_t fqt_kind_depthwise_conv2d;
extern const fqt_kind_t fqt_kind_average_pool2d;
extern const fqt_kind_t fqt_kind_add;

void fqt_pass_scales_on(const fqt_model_t *model) {
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        if (fqt_kind_of(model, i)->keeps_scale) {
            fqt_output_of(model, i)->scale = fqt_input_of(model, i)->scale;
        }
    }
}

const fqt_kind_t *fqt_kind(uint32_t number) {
    static const fqt_kind_t *const kinds[] = {
        [FQT_KIND_DENSE] = &fqt_kind_dense,
        [FQT_KIND_CONV2D] = &fqt_kind_conv2d,
        [FQT_KIND_MAX_POOL2D] = &fqt_kind_max_pool2d,
        [FQT_KIND_FLATTEN] = &fqt_kind_flatten,
        [FQT_KIND_DEPTHWISE_CONV2D] = &fqt_kind_depthwise_conv2d,
        [FQT_KIND_AVERAGE_POOL2D] = &fqt_kind_average_pool2d,
        [FQT_KIND_ADD] = &fqt_kind_add,
    };
    return number < sizeof(kinds) / sizeof(kinds[0]) ? kinds[number] : NULL;
}

const fqt_kind_t *fqt_kind_of(const fqt_model_t *model, uint32_t index) {
    return fqt_kind(fqt_layer(model, index)->kind);
}
