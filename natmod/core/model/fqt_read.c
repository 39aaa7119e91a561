// See fqt_read.h, and fqt_file.h for the layout.
#include "fqt_read.h"
#include "../base/fqt_crc.h"
#include "fqt_graph.h"
#include "fqt_kind.h"
#include "fqt_plan.h"

#define CHUNK_BYTES (128) // read at a time where a pass over the file keeps nothing
#define MAX_ELEMENTS (1u << 24)
#define MAX_OUTPUTS (4096)
#define MAX_RANGE (1 << 30)

void fqt_source_read(fqt_source_t *source, uint32_t offset, void *destination, uint32_t bytes) {
    if (offset > source->bytes || bytes > source->bytes - offset) {
        fqt_fail_3(&source->fault, FQT_MESSAGE_BEYOND_FILE, bytes, offset, source->bytes);
    }
    if (source->memory != NULL) {
        fqt_copy(destination, source->memory + offset, bytes);
    } else if (!source->read(source->context, offset, destination, bytes)) {
        fqt_fail_2(&source->fault, FQT_MESSAGE_UNREADABLE, bytes, offset);
    }
}

void fqt_at_layer(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    fault->layer = index + 1;
    fault->name = fqt_kind_of(model, index)->name;
}

static bool all_zero(const void *bytes, uint32_t count) {
    for (const uint8_t *byte = bytes; count--;) {
        if (*byte++ != 0) {
            return false;
        }
    }
    return true;
}

// Text, then zeros to the end; not checked for UTF-8.
static bool name_is_valid(const char name[FQT_NAME_BYTES]) {
    uint32_t length = 0;
    while (length < FQT_NAME_BYTES && name[length] != 0) {
        ++length;
    }
    return length > 0 && all_zero(name + length, FQT_NAME_BYTES - length);
}

void fqt_read_header(fqt_source_t *source, fqt_header_t *header) {
    fqt_fault_t *fault = &source->fault;
    if (source->bytes < FQT_HEADER_BYTES + FQT_CHECKSUM_BYTES) {
        fqt_fail_2(fault, FQT_MESSAGE_FILE_SHORT, source->bytes, FQT_HEADER_BYTES);
    }
    fqt_source_read(source, 0, header, FQT_HEADER_BYTES);
    if (header->magic != FQT_FILE_MAGIC) {
        fqt_fail(fault, FQT_MESSAGE_NO_MODEL);
    }
    if (header->version != FQT_FILE_VERSION) {
        fqt_fail_2(fault, FQT_MESSAGE_VERSION, header->version, FQT_FILE_VERSION);
    }
    if (header->file_bytes != source->bytes) {
        fqt_fail_2(fault, FQT_MESSAGE_FILE_BYTES, header->file_bytes, source->bytes);
    }
    if (header->layer_count < 1 || header->layer_count > FQT_MAX_LAYERS) {
        fqt_fail_2(fault, FQT_MESSAGE_LAYER_COUNT, header->layer_count, FQT_MAX_LAYERS);
    }
    if (header->record_bytes != FQT_RECORD_BYTES || header->flags > FQT_FILE_CHECKPOINT
        || header->input_type > FQT_INPUT_UINT8 || header->loss > FQT_LOSS_BINARY_CROSS_ENTROPY
        || !all_zero(header->reserved, sizeof(header->reserved)) || !name_is_valid(header->name)) {
        fqt_fail(fault, FQT_MESSAGE_HEADER_FIELD);
    }
    if (!fqt_scale_is_valid(header->input_scale)) {
        fqt_fail(fault, FQT_MESSAGE_INPUT_SCALE);
    }
    if (header->random_state == 0) {
        fqt_fail(fault, FQT_MESSAGE_RANDOM_STATE);
    }
}

void fqt_read_checksum(fqt_source_t *source) {
    uint32_t crc = FQT_CRC_START;
    uint32_t stored;
    const uint32_t end = source->bytes - FQT_CHECKSUM_BYTES;
    uint8_t chunk[CHUNK_BYTES];
    for (uint32_t offset = 0; offset < end; offset += CHUNK_BYTES) {
        uint32_t count = end - offset < CHUNK_BYTES ? end - offset : CHUNK_BYTES;
        fqt_source_read(source, offset, chunk, count);
        crc = fqt_crc_update(crc, chunk, count);
    }
    fqt_source_read(source, end, &stored, FQT_CHECKSUM_BYTES);
    if (stored != fqt_crc_finish(crc)) {
        fqt_fail(&source->fault, FQT_MESSAGE_CHECKSUM);
    }
}

void fqt_read_record(fqt_source_t *source, uint32_t index, fqt_record_t *record) {
    fqt_source_read(source, FQT_HEADER_BYTES + index * FQT_RECORD_BYTES, record, FQT_RECORD_BYTES);
}

void fqt_blobs_check(const fqt_model_t *model, fqt_source_t *source, uint32_t index, const fqt_record_t *record) {
    fqt_fault_t *fault = &source->fault;
    const uint32_t channels = fqt_output_of(model, index)->channels;
    const uint32_t records_end = FQT_HEADER_BYTES + model->layer_count * FQT_RECORD_BYTES;
    const uint32_t end = source->bytes - FQT_CHECKSUM_BYTES;
    const uint32_t low_bytes = record->blobs[FQT_BLOB_LOW_BYTES];
    if ((low_bytes != 0) != ((record->flags & FQT_LAYER_LOW_BYTES) != 0)) {
        fqt_fail_2(fault, FQT_MESSAGE_LOW_BYTES, low_bytes, record->flags);
    }
    // A multiple of 4 behind the records, whole before the checksum. No size overflows: the kind's check limits filters.
    for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
        const uint32_t offset = record->blobs[blob];
        const uint32_t bytes = fqt_blob_bytes(model, index, blob);
        if (blob == FQT_BLOB_LOW_BYTES && offset == 0) {
            continue;
        }
        if (offset % 4 != 0 || offset < records_end) {
            fqt_fail_2(fault, FQT_MESSAGE_BLOB_PLACE, offset, records_end);
        }
        if (offset > end || bytes > end - offset) {
            fqt_fail_3(fault, FQT_MESSAGE_BLOB_BEYOND_FILE + blob, bytes, offset, source->bytes);
        }
    }
    for (uint32_t o = 0; o < channels; ++o) {
        uint32_t scale;
        fqt_source_read(source, record->blobs[FQT_BLOB_WEIGHT_SCALES] + 4 * o, &scale, 4);
        if (!fqt_scale_is_valid(scale)) {
            fqt_fail_1(fault, FQT_MESSAGE_WEIGHT_SCALE, o);
        }
    }
}

void fqt_read_state(const fqt_model_t *model, uint32_t index, const fqt_record_t *record) {
    fqt_layer_t *layer = fqt_layer(model, index);
    fqt_tensor_t *output = fqt_output_of(model, index);
    output->scale = record->output_scale;
    layer->bias_scale = record->bias_scale;
    output->error_scale = record->error_scale;
    output->next_error_scale = 0;
    layer->output_range = (int32_t)record->output_range;
    layer->stuck_steps = 0;
}

void fqt_state_check(const fqt_model_t *model, const fqt_record_t *record, fqt_fault_t *fault) {
    if (!fqt_scale_is_valid(record->output_scale)
        || (record->error_scale != 0 && !fqt_scale_is_valid(record->error_scale))
        || (model->kinds[record->kind]->has_weights && !fqt_scale_is_valid(record->bias_scale))) {
        fqt_fail(fault, FQT_MESSAGE_SCALES);
    }
    if (record->output_range < 1 || record->output_range > MAX_RANGE) {
        fqt_fail(fault, FQT_MESSAGE_OUTPUT_RANGE);
    }
}

static void read_tensor(fqt_tensor_t *tensor, fqt_dimensions_t dimensions, fqt_fault_t *fault) {
    tensor->height = dimensions.height;
    tensor->width = dimensions.width;
    tensor->channels = dimensions.channels;
    uint64_t elements = (uint64_t)tensor->height * tensor->width * tensor->channels;
    if (elements < 1 || elements > MAX_ELEMENTS) {
        fqt_fail_3(fault, FQT_MESSAGE_TENSOR_SHAPE, tensor->height, tensor->width, tensor->channels);
    }
    tensor->elements = (uint32_t)elements;
}

// The fields of a record, but for its blobs, into the layer's and its output's table entries.
static void read_layer(fqt_model_t *model, uint32_t index, const fqt_record_t *record, fqt_fault_t *fault) {
    fqt_layer_t *layer = fqt_layer(model, index);
    fqt_tensor_t *to = fqt_output_of(model, index);
    const fqt_kind_t *kind = record->kind < FQT_KIND_END ? model->kinds[record->kind] : NULL;
    layer->kind = record->kind;
    if (kind == NULL) {
        fqt_fail_1(fault, FQT_MESSAGE_KIND, record->kind);
    }
    fault->name = kind->name;
    layer->activation = record->activation;
    layer->trainable = record->flags & FQT_LAYER_TRAINABLE;
    layer->updates = layer->trainable;
    layer->fill = 1;
    layer->window = record->window;
    fqt_read_state(model, index, record);
    fqt_copy(layer->name, record->name, FQT_NAME_BYTES);
    const uint32_t input = record->input;
    const uint32_t second_input = record->second_input;
    if (input > index || (kind->has_second_input ? second_input > index : second_input != FQT_NO_SECOND_INPUT)) {
        fqt_fail_3(fault, FQT_MESSAGE_INPUT_TENSORS, input, second_input, index);
    }
    layer->input = (uint8_t)input;
    layer->second_input = (uint8_t)second_input; // FQT_NO_INPUT, when there is none
    if (record->reserved != 0 || record->activation > (kind->has_activation ? FQT_ACTIVATION_RELU6 : 0)
        || record->flags > (FQT_LAYER_TRAINABLE | FQT_LAYER_LOW_BYTES)
        || (!kind->has_weights && (record->flags != 0 || !all_zero(record->blobs, sizeof(record->blobs))))) {
        fqt_fail(fault, FQT_MESSAGE_RECORD_FIELD);
    }
    read_tensor(to, record->output, fault);
    const fqt_tensor_t *from = fqt_tensor(model, input);
    to->zero_point = record->output_zero_point;
    to->clips = kind->keeps_scale ? from->clips : record->activation;
    to->same_as = kind->is_alias ? from->same_as : (uint8_t)(index + 1);
    if (kind->keeps_scale && (to->zero_point != from->zero_point || to->scale != from->scale)) {
        fqt_fail(fault, FQT_MESSAGE_KEPT_SCALE);
    }
}

static void name_check(const fqt_model_t *model, uint32_t index, fqt_fault_t *fault) {
    const char *name = fqt_layer(model, index)->name;
    if (!name_is_valid(name)) {
        fqt_fail(fault, FQT_MESSAGE_NO_NAME);
    }
    for (uint32_t other = 0; other < index; ++other) {
        if (fqt_same_bytes(name, fqt_layer(model, other)->name, FQT_NAME_BYTES)) {
            fqt_fail_1(fault, FQT_MESSAGE_SAME_NAME, other + 1);
        }
    }
}

static void open_layer(fqt_model_t *model, fqt_source_t *source, uint32_t index) {
    fqt_record_t record;
    fqt_fault_t *fault = &source->fault;
    fault->layer = index + 1;
    fault->name = NULL;
    fqt_read_record(source, index, &record);
    read_layer(model, index, &record, fault);
    fqt_state_check(model, &record, fault);
    name_check(model, index, fault);
    const fqt_kind_t *kind = fqt_kind_of(model, index);
    kind->check(model, index, fault);
    if (kind->has_weights) {
        fqt_blobs_check(model, source, index, &record);
        fqt_copy(fqt_blob_field(fqt_layer(model, index), 0), record.blobs, sizeof(record.blobs));
        fqt_layer(model, index)->low_bytes = 0; // in the arena, or nowhere
    }
}

static void last_layer_check(const fqt_model_t *model, fqt_fault_t *fault) {
    const fqt_layer_t *last = fqt_layer(model, model->layer_count - 1);
    uint32_t outputs = fqt_output_elements(model);
    uint32_t least = fqt_has_targets(model) ? 1 : 2;
    if (!fqt_kind_of(model, model->layer_count - 1)->has_weights || last->activation != FQT_ACTIVATION_NONE) {
        fqt_fail(fault, FQT_MESSAGE_LAST_LAYER);
    }
    if (outputs < least || outputs > MAX_OUTPUTS) {
        fqt_fail_3(fault, FQT_MESSAGE_OUTPUT_COUNT, outputs, least, MAX_OUTPUTS);
    }
}

void fqt_take_progress(fqt_model_t *model, const fqt_header_t *header) {
    model->random_state = header->random_state;
    model->step_count = header->step_count;
    model->greatest_loss = (int32_t)(header->greatest_loss & INT32_MAX);
}

uint32_t fqt_model_peek(fqt_source_t *source) {
    fqt_header_t header;
    fqt_read_header(source, &header);
    return header.layer_count;
}

void fqt_model_open(fqt_model_t *model, fqt_source_t *source, const fqt_kind_t *const *kinds, uint32_t master,
    uint32_t batch, void *tables) {
    fqt_header_t header;
    fqt_fault_t *fault = &source->fault;
    fqt_read_header(source, &header);
    fqt_read_checksum(source);
    if (header.flags & FQT_FILE_CHECKPOINT) {
        fqt_fail(fault, FQT_MESSAGE_IS_CHECKPOINT);
    }
    fqt_fill_zero(model, sizeof(*model));
    model->kinds = kinds;
    model->file = source->memory;
    model->file_bytes = source->bytes;
    model->tables = tables;
    model->layer_count = header.layer_count;
    model->tables_bytes = fqt_tables_bytes(model->layer_count);
    fqt_fill_zero(tables, model->tables_bytes);
    model->master = (uint8_t)master;
    model->input_type = header.input_type;
    model->identity = header.identity;
    model->loss = header.loss;
    model->batch = batch;
    model->options.least_rate = 65536;
    model->options.greatest_rate = 65536;
    fqt_copy(model->name, header.name, FQT_NAME_BYTES);
    fqt_take_progress(model, &header);
    fqt_tensor_t *input = fqt_tensor(model, 0);
    input->zero_point = header.input_zero_point;
    input->scale = header.input_scale;
    read_tensor(input, header.input, fault);
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        open_layer(model, source, i);
    }
    last_layer_check(model, fault);
    fqt_graph_link(model, fault);
    fqt_graph_mark(model);
    fqt_plan(model, source->memory == NULL);
}
