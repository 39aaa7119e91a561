// The table of layer kinds (../fqt.h).
#include "../fqt.h"

#define WHERE_CHOSEN(number, kind) [number] = FQT_KIND_IS_CHOSEN(number) ? &(kind) : NULL

extern const fqt_kind_t fqt_kind_dense;
extern const fqt_kind_t fqt_kind_conv2d;
extern const fqt_kind_t fqt_kind_max_pool2d;
extern const fqt_kind_t fqt_kind_flatten;
extern const fqt_kind_t fqt_kind_depthwise_conv2d;
extern const fqt_kind_t fqt_kind_average_pool2d;
extern const fqt_kind_t fqt_kind_add;
extern const fqt_kind_t fqt_kind_multiply;
extern const fqt_kind_t fqt_kind_table;
extern const fqt_kind_t fqt_kind_concatenate;
extern const fqt_kind_t fqt_kind_upsample2d;
extern const fqt_kind_t fqt_kind_lstm;
extern const fqt_kind_t fqt_kind_gru;

const fqt_kind_t *const fqt_kinds[FQT_KIND_END] = {
    WHERE_CHOSEN(FQT_KIND_DENSE, fqt_kind_dense),
    WHERE_CHOSEN(FQT_KIND_CONV2D, fqt_kind_conv2d),
    WHERE_CHOSEN(FQT_KIND_MAX_POOL2D, fqt_kind_max_pool2d),
    WHERE_CHOSEN(FQT_KIND_FLATTEN, fqt_kind_flatten),
    WHERE_CHOSEN(FQT_KIND_DEPTHWISE_CONV2D, fqt_kind_depthwise_conv2d),
    WHERE_CHOSEN(FQT_KIND_AVERAGE_POOL2D, fqt_kind_average_pool2d),
    WHERE_CHOSEN(FQT_KIND_ADD, fqt_kind_add),
    WHERE_CHOSEN(FQT_KIND_MULTIPLY, fqt_kind_multiply),
    WHERE_CHOSEN(FQT_KIND_TABLE, fqt_kind_table),
    WHERE_CHOSEN(FQT_KIND_CONCATENATE, fqt_kind_concatenate),
    WHERE_CHOSEN(FQT_KIND_UPSAMPLE2D, fqt_kind_upsample2d),
    WHERE_CHOSEN(FQT_KIND_LSTM, fqt_kind_lstm),
    WHERE_CHOSEN(FQT_KIND_GRU, fqt_kind_gru),
};
