// See fqt_model.h. Not inlined: a pass asks once.
#include "fqt_model.h"

FQT_NOINLINE int8_t *fqt_weights(const fqt_model_t *model, const fqt_layer_t *layer) {
    return (int8_t *)fqt_blob(model, layer, FQT_BLOB_WEIGHTS);
}
