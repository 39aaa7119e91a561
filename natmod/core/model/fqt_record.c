// See fqt_record.h, and fqt_file.h for the fields.
#include "fqt_record.h"
#include "fqt_blobs.h"
#include "fqt_kind.h"
#include "fqt_name.h"
#include "fqt_source.h"

#define MAX_ELEMENTS (1u << 24)
#define MAX_RANGE (1 << 30)

// A kind that the module was built without has a message of its own, so that its name takes no RAM.
_Static_assert(FQT_LINE_MODEL_NEEDED - FQT_LINE_LACKS_DENSE == FQT_KIND_END - FQT_KIND_DENSE, "one for each kind");

void fqt_record_take(fqt_source_t *source, uint32_t index, fqt_record_t *record) {
    source->fault.layer = index + 1;
    source->fault.name = NULL;
    fqt_source_take(source, record, FQT_RECORD_BYTES);
}

void fqt_at_layer(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    fault->layer = index + 1;
    fault->name = fqt_kind_of(model, index)->name;
}

void fqt_record_state_check(const fqt_kind_t *kind, const fqt_record_t *record, const fqt_fault_t *fault) {
    if (!fqt_scale_is_valid(record->output_scale)
        || (record->error_scale != 0 && !fqt_scale_is_valid(record->error_scale))
        || (kind->has_weights && !fqt_scale_is_valid(record->bias_scale))) {
        fqt_fail(fault, FQT_MESSAGE_SCALES);
    }
    if (record->output_range < 1 || record->output_range > MAX_RANGE) {
        fqt_fail(fault, FQT_MESSAGE_OUTPUT_RANGE);
    }
}

void fqt_record_take_state(const fqt_model_t *model, uint32_t index, const fqt_record_t *record) {
    fqt_layer_t *layer = fqt_layer(model, index);
    fqt_tensor_t *output = fqt_output_of(model, index);
    output->scale = record->output_scale;
    layer->bias_scale = record->bias_scale;
    output->error_scale = record->error_scale;
    output->next_error_scale = 0;
    layer->output_range = (int32_t)record->output_range;
    layer->stuck_steps = 0;
}

FQT_NOINLINE void fqt_tensor_take_shape(fqt_tensor_t *tensor, fqt_dimensions_t shape, fqt_fault_t *fault) {
    tensor->height = shape.height;
    tensor->width = shape.width;
    tensor->channels = shape.channels;
    const uint64_t elements = (uint64_t)tensor->height * tensor->width * tensor->channels;
    if (elements < 1 || elements > MAX_ELEMENTS) {
        fqt_fail_3(fault, FQT_MESSAGE_TENSOR_SHAPE, tensor->height, tensor->width, tensor->channels);
    }
    tensor->elements = (uint32_t)elements;
}

static void fields_check(const fqt_kind_t *kind, uint32_t index, const fqt_record_t *record, fqt_fault_t *fault) {
    const uint32_t input = record->input;
    const uint32_t second_input = record->second_input;
    if (input > index || (kind->has_second_input ? second_input > index : second_input != FQT_NO_SECOND_INPUT)) {
        fqt_fail_3(fault, FQT_MESSAGE_INPUT_TENSORS, input, second_input, index);
    }
    if (record->reserved != 0 || record->activation > kind->last_activation
        || record->flags > (kind->has_weights ? FQT_LAYER_TRAINABLE | FQT_LAYER_LOW_HALVES : 0)) {
        fqt_fail(fault, FQT_MESSAGE_RECORD_FIELD);
    }
    fqt_record_state_check(kind, record, fault);
}

static void name_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    const char *name = fqt_layer(model, index)->name;
    fqt_name_check(name, fault);
    for (uint32_t other = 0; other < index; ++other) {
        if (fqt_same_bytes(name, fqt_layer(model, other)->name, FQT_NAME_BYTES)) {
            fqt_fail_1(fault, FQT_MESSAGE_SAME_NAME, other + 1);
        }
    }
}

void fqt_record_open(fqt_model_t *model, uint32_t index, const fqt_record_t *record, fqt_fault_t *fault) {
    fqt_layer_t *layer = fqt_layer(model, index);
    fqt_tensor_t *to = fqt_output_of(model, index);
    if (record->kind < FQT_KIND_DENSE || record->kind >= FQT_KIND_END) {
        fqt_fail_1(fault, FQT_MESSAGE_KIND, record->kind);
    }
    const fqt_kind_t *kind = model->kinds[record->kind];
    if (kind == NULL) {
        fqt_fail(fault, FQT_MESSAGE_LACKS_DENSE + record->kind - FQT_KIND_DENSE);
    }
    fault->name = kind->name;
    fields_check(kind, index, record, fault);
    layer->kind = record->kind;
    layer->activation = record->activation;
    layer->trainable = record->flags & FQT_LAYER_TRAINABLE;
    layer->updates = layer->trainable;
    layer->window = record->window;
    layer->input = (uint8_t)record->input;
    layer->second_input = (uint8_t)record->second_input; // FQT_NO_INPUT, when there is none
    fqt_copy(layer->name, record->name, FQT_NAME_BYTES);
    fqt_record_take_state(model, index, record);
    fqt_tensor_take_shape(to, record->output, fault);
    const fqt_tensor_t *from = fqt_input_of(model, index);
    to->zero_point = record->output_zero_point;
    to->clips = kind->keeps_scale ? from->clips : kind->has_table ? FQT_ACTIVATION_NONE : record->activation;
    to->same_as = kind->is_alias ? from->same_as : (uint8_t)(index + 1);
    if (kind->keeps_scale && (to->zero_point != from->zero_point || to->scale != from->scale)) {
        fqt_fail(fault, FQT_MESSAGE_KEPT_SCALE);
    }
    name_check(model, index, fault);
    kind->check(model, index, fault);
}

uint32_t fqt_record_blobs(
    const fqt_model_t *model, fqt_source_t *source, uint32_t index, const fqt_record_t *record, uint32_t offset) {
    const bool checkpoint = source->header.flags & FQT_FILE_CHECKPOINT;
    const uint32_t low_bits = fqt_low_bits_of_flags(record->flags);
    uint32_t blobs[FQT_BLOBS];
    const uint32_t end = fqt_blobs_lay_out(model, index, checkpoint, low_bits, offset, blobs);
    const uint32_t weights = fqt_blob_bytes(model, index, FQT_BLOB_WEIGHTS, 0);
    // No sum wraps: files have at most FQT_MAX_FILE_BYTES, layers at most as many weights as multiply-adds
    // (fqt_open.c).
    if (end > source->bytes) {
        fqt_fail_3(&source->fault, FQT_MESSAGE_BLOBS_BEYOND_FILE, weights, offset, source->bytes);
    }
    for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
        if (record->blobs[blob] != blobs[blob]) {
            fqt_fail_3(&source->fault, FQT_MESSAGE_BLOB_PLACE, blob + 1, record->blobs[blob], blobs[blob]);
        }
    }
    uint32_t *kept = &source->low_bits[index / 16];
    *kept = (*kept & ~(3u << index % 16 * 2)) | low_bits / 4 << index % 16 * 2; // a stream may say otherwise now
    return end;
}

// Whether the scale of the output's error is remembered from step to step.
static bool keeps_error_scale(const fqt_model_t *model, uint32_t index) {
    const fqt_tensor_t *output = fqt_output_of(model, index);
    return !(output->readers == 1 && fqt_layer(model, output->last_reader)->passes_error_scale);
}

void fqt_record_fill(const fqt_model_t *model, uint32_t index, fqt_record_t *record) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_tensor_t *to = fqt_output_of(model, index);
    *record = (fqt_record_t) {
        .kind = layer->kind,
        .activation = layer->activation,
        .flags = layer->trainable ? FQT_LAYER_TRAINABLE : 0,
        .output_zero_point = to->zero_point,
        .input = layer->input,
        .second_input = layer->second_input == FQT_NO_INPUT ? FQT_NO_SECOND_INPUT : layer->second_input,
        .output = fqt_shape_of(to),
        .window = layer->window,
        .output_scale = to->scale,
        .bias_scale = layer->bias_scale,
        .error_scale = keeps_error_scale(model, index) ? to->error_scale : 0,
        .output_range = (uint32_t)layer->output_range,
    };
    fqt_copy(record->name, layer->name, FQT_NAME_BYTES);
}
