// See fqt_read.h, and fqt_file.h for the layout.
#include "fqt_read.h"
#include "fqt_crc.h"
#include "fqt_graph.h"
#include "fqt_kind.h"
#include "fqt_plan.h"

#define CHUNK_BYTES (128) // read at a time where a pass over the file keeps nothing
#define MAX_ELEMENTS (1u << 24)
#define MAX_OUTPUTS (4096)
#define MAX_RANGE (1 << 30)

void fqt_source_read(fqt_source_t *source, uint32_t offset, void *destination, uint32_t bytes) {
    if (offset > source->bytes || bytes > source->bytes - offset) {
        fqt_fail_3(&source->error, FQT_MESSAGE_BEYOND_FILE, bytes, offset, source->bytes);
    }
    if (source->memory != NULL) {
        fqt_copy(destination, source->memory + offset, bytes);
    } else if (!source->read(source->context, offset, destination, bytes)) {
        fqt_fail_2(&source->error, FQT_MESSAGE_UNREADABLE, bytes, offset);
    }
}

void fqt_at_layer(const fqt_model_t *model, uint32_t index, fqt_error_t *error) {
    const fqt_kind_t *kind = fqt_kind(fqt_layer(model, index)->kind);
    error->layer = index + 1;
    error->name = kind != NULL ? kind->name : NULL;
}

static bool all_zero(const uint8_t *bytes, uint32_t count) {
    while (count--) {
        if (*bytes++ != 0) {
            return false;
        }
    }
    return true;
}

// Text, then zeros to the end; not checked for UTF-8.
static bool name_is_valid(const uint8_t name[FQT_NAME_BYTES]) {
    uint32_t length = 0;
    while (length < FQT_NAME_BYTES && name[length] != 0) {
        ++length;
    }
    return length > 0 && all_zero(name + length, FQT_NAME_BYTES - length);
}

void fqt_read_header(fqt_source_t *source, uint8_t header[FQT_HEADER_BYTES]) {
    fqt_error_t *error = &source->error;
    if (source->bytes < FQT_HEADER_BYTES + FQT_CHECKSUM_BYTES) {
        fqt_fail_2(error, FQT_MESSAGE_FILE_SHORT, source->bytes, FQT_HEADER_BYTES);
    }
    fqt_source_read(source, 0, header, FQT_HEADER_BYTES);
    if (fqt_read_u32(header) != FQT_FILE_MAGIC) {
        fqt_fail(error, FQT_MESSAGE_NO_MODEL);
    }
    uint32_t version = fqt_read_u16(header + 4);
    if (version != FQT_FILE_VERSION) {
        fqt_fail_2(error, FQT_MESSAGE_VERSION, version, FQT_FILE_VERSION);
    }
    uint32_t file_bytes = fqt_read_u32(header + 8);
    if (file_bytes != source->bytes) {
        fqt_fail_2(error, FQT_MESSAGE_FILE_BYTES, file_bytes, source->bytes);
    }
    uint32_t layer_count = fqt_read_u16(header + 12);
    if (layer_count < 1 || layer_count > FQT_MAX_LAYERS) {
        fqt_fail_2(error, FQT_MESSAGE_LAYER_COUNT, layer_count, FQT_MAX_LAYERS);
    }
    if (fqt_read_u16(header + 6) != FQT_RECORD_BYTES || fqt_read_u16(header + 14) > FQT_FILE_CHECKPOINT
        || header[22] > FQT_INPUT_UINT8 || header[60] > FQT_LOSS_BINARY_CROSS_ENTROPY || !all_zero(header + 61, 3)
        || !name_is_valid(header + 40)) {
        fqt_fail(error, FQT_MESSAGE_HEADER_FIELD);
    }
    if (!fqt_scale_is_valid(fqt_read_u32(header + 24))) {
        fqt_fail(error, FQT_MESSAGE_INPUT_SCALE);
    }
    if (fqt_read_u32(header + 28) == 0) {
        fqt_fail(error, FQT_MESSAGE_RANDOM_STATE);
    }
}

void fqt_read_checksum(fqt_source_t *source) {
    uint32_t crc = FQT_CRC_START;
    uint32_t end = source->bytes - FQT_CHECKSUM_BYTES;
    uint8_t chunk[CHUNK_BYTES];
    for (uint32_t offset = 0; offset < end; offset += CHUNK_BYTES) {
        uint32_t count = end - offset < CHUNK_BYTES ? end - offset : CHUNK_BYTES;
        fqt_source_read(source, offset, chunk, count);
        crc = fqt_crc_update(crc, chunk, count);
    }
    fqt_source_read(source, end, chunk, FQT_CHECKSUM_BYTES);
    if (fqt_read_u32(chunk) != fqt_crc_finish(crc)) {
        fqt_fail(&source->error, FQT_MESSAGE_CHECKSUM);
    }
}

void fqt_read_record(fqt_source_t *source, uint32_t index, uint8_t record[FQT_RECORD_BYTES]) {
    fqt_source_read(source, FQT_HEADER_BYTES + index * FQT_RECORD_BYTES, record, FQT_RECORD_BYTES);
}

void fqt_read_blobs(const fqt_model_t *model, fqt_source_t *source, uint32_t index,
    const uint8_t record[FQT_RECORD_BYTES], fqt_blobs_t *blobs) {
    fqt_error_t *error = &source->error;
    const uint32_t channels = fqt_output_of(model, index)->channels;
    const uint32_t records_end = FQT_HEADER_BYTES + model->layer_count * FQT_RECORD_BYTES;
    const uint32_t end = source->bytes - FQT_CHECKSUM_BYTES;
    for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
        blobs->at[blob] = fqt_read_u32(record + 40 + 4 * blob);
    }
    const uint32_t low_bytes = blobs->at[FQT_BLOB_LOW_BYTES];
    if ((low_bytes != 0) != ((record[2] & FQT_LAYER_LOW_BYTES) != 0)) {
        fqt_fail_2(error, FQT_MESSAGE_LOW_BYTES, low_bytes, record[2]);
    }
    // A multiple of 4 behind the records, whole before the checksum. No size overflows: the kind's check limits filters.
    for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
        const uint32_t offset = blobs->at[blob];
        const uint32_t bytes = fqt_blob_bytes(model, index, blob);
        if (blob == FQT_BLOB_LOW_BYTES && offset == 0) {
            continue;
        }
        if (offset % 4 != 0 || offset < records_end) {
            fqt_fail_2(error, FQT_MESSAGE_BLOB_PLACE, offset, records_end);
        }
        if (offset > end || bytes > end - offset) {
            fqt_fail_3(error, FQT_MESSAGE_BLOB_BEYOND_FILE + blob, bytes, offset, source->bytes);
        }
    }
    for (uint32_t o = 0; o < channels; ++o) {
        uint8_t scale[4];
        fqt_source_read(source, blobs->at[FQT_BLOB_WEIGHT_SCALES] + 4 * o, scale, 4);
        if (!fqt_scale_is_valid(fqt_read_u32(scale))) {
            fqt_fail_1(error, FQT_MESSAGE_WEIGHT_SCALE, o);
        }
    }
}

void fqt_read_state(const fqt_model_t *model, uint32_t index, const uint8_t record[FQT_RECORD_BYTES]) {
    fqt_layer_t *layer = fqt_layer(model, index);
    fqt_tensor_t *output = fqt_output_of(model, index);
    output->scale = fqt_read_u32(record + 24);
    layer->bias_scale = fqt_read_u32(record + 28);
    output->error_scale = fqt_read_u32(record + 32);
    output->next_error_scale = 0;
    layer->output_range = (int32_t)fqt_read_u32(record + 36);
    layer->stuck_steps = 0;
}

void fqt_state_check(const uint8_t record[FQT_RECORD_BYTES], fqt_error_t *error) {
    const uint32_t error_scale = fqt_read_u32(record + 32);
    const uint32_t range = fqt_read_u32(record + 36);
    if (!fqt_scale_is_valid(fqt_read_u32(record + 24)) || (error_scale != 0 && !fqt_scale_is_valid(error_scale))
        || (fqt_kind(record[0])->has_weights && !fqt_scale_is_valid(fqt_read_u32(record + 28)))) {
        fqt_fail(error, FQT_MESSAGE_SCALES);
    }
    if (range < 1 || range > MAX_RANGE) {
        fqt_fail(error, FQT_MESSAGE_OUTPUT_RANGE);
    }
}

static void read_tensor(fqt_tensor_t *tensor, const uint8_t *dimensions, fqt_error_t *error) {
    tensor->height = fqt_read_u16(dimensions);
    tensor->width = fqt_read_u16(dimensions + 2);
    tensor->channels = fqt_read_u16(dimensions + 4);
    uint64_t elements = (uint64_t)tensor->height * tensor->width * tensor->channels;
    if (elements < 1 || elements > MAX_ELEMENTS) {
        fqt_fail_3(error, FQT_MESSAGE_TENSOR_SHAPE, tensor->height, tensor->width, tensor->channels);
    }
    tensor->elements = (uint32_t)elements;
}

// The fields of a record that do not depend on other layers, into the layer's and its output's table entries.
static void read_layer(fqt_model_t *model, uint32_t index, const uint8_t *record, fqt_error_t *error) {
    fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_kind_t *kind = fqt_kind(record[0]);
    layer->kind = record[0];
    if (kind == NULL) {
        fqt_fail_1(error, FQT_MESSAGE_KIND, record[0]);
    }
    fqt_at_layer(model, index, error);
    layer->activation = record[1];
    layer->trainable = record[2] & FQT_LAYER_TRAINABLE;
    layer->updates = layer->trainable;
    layer->fill = 1;
    fqt_copy(&layer->window, record + 14, sizeof(layer->window));
    fqt_read_state(model, index, record);
    fqt_copy(layer->name, record + 56, FQT_NAME_BYTES);
    uint32_t input = fqt_read_u16(record + 4);
    uint32_t second_input = fqt_read_u16(record + 6);
    if (input > index || (kind->has_second_input ? second_input > index : second_input != FQT_NO_SECOND_INPUT)) {
        fqt_fail_3(error, FQT_MESSAGE_INPUT_TENSORS, input, second_input, index);
    }
    layer->input = (uint8_t)input;
    layer->second_input = (uint8_t)(kind->has_second_input ? second_input : FQT_NO_INPUT);
    if (fqt_read_u16(record + 22) != 0 || record[1] > (kind->has_activation ? FQT_ACTIVATION_RELU6 : 0)
        || record[2] > (FQT_LAYER_TRAINABLE | FQT_LAYER_LOW_BYTES)
        || (!kind->has_weights && (record[2] != 0 || !all_zero(record + 40, 16)))) {
        fqt_fail(error, FQT_MESSAGE_RECORD_FIELD);
    }
    read_tensor(fqt_tensor(model, index + 1), record + 8, error);
}

// The zero point of the output; its scales, checked.
static void read_scales(fqt_model_t *model, uint32_t index, const uint8_t *record, fqt_error_t *error) {
    const fqt_kind_t *kind = fqt_kind(record[0]);
    const fqt_tensor_t *from = fqt_input_of(model, index);
    fqt_tensor_t *to = fqt_output_of(model, index);
    to->zero_point = (int8_t)record[3];
    to->clips = kind->keeps_scale ? from->clips : record[1];
    to->same_as = kind->is_alias ? from->same_as : (uint8_t)(index + 1);
    if (kind->keeps_scale && (to->zero_point != from->zero_point || to->scale != from->scale)) {
        fqt_fail(error, FQT_MESSAGE_KEPT_SCALE);
    }
    fqt_state_check(record, error);
}

static void name_check(const fqt_model_t *model, uint32_t index, fqt_error_t *error) {
    const char *name = fqt_layer(model, index)->name;
    if (!name_is_valid((const uint8_t *)name)) {
        fqt_fail(error, FQT_MESSAGE_NO_NAME);
    }
    for (uint32_t other = 0; other < index; ++other) {
        const char *other_name = fqt_layer(model, other)->name;
        uint32_t i = 0;
        while (i < FQT_NAME_BYTES && name[i] == other_name[i]) {
            ++i;
        }
        if (i == FQT_NAME_BYTES) {
            fqt_fail_1(error, FQT_MESSAGE_SAME_NAME, other + 1);
        }
    }
}

static void open_layer(fqt_model_t *model, fqt_source_t *source, uint32_t index) {
    uint8_t record[FQT_RECORD_BYTES];
    fqt_layer_t *layer = fqt_layer(model, index);
    fqt_error_t *error = &source->error;
    fqt_at_layer(model, index, error);
    fqt_read_record(source, index, record);
    read_layer(model, index, record, error);
    read_scales(model, index, record, error);
    name_check(model, index, error);
    fqt_kind(layer->kind)->check(model, index, error);
    if (fqt_kind(layer->kind)->has_weights) {
        fqt_blobs_t blobs;
        fqt_read_blobs(model, source, index, record, &blobs);
        layer->weights = blobs.at[FQT_BLOB_WEIGHTS];
        layer->weight_scales = blobs.at[FQT_BLOB_WEIGHT_SCALES];
        layer->biases = blobs.at[FQT_BLOB_BIASES];
    }
}

static void last_layer_check(const fqt_model_t *model, fqt_error_t *error) {
    const fqt_layer_t *last = fqt_layer(model, model->layer_count - 1);
    uint32_t outputs = fqt_output_elements(model);
    uint32_t least = fqt_has_targets(model) ? 1 : 2;
    if (!fqt_kind(last->kind)->has_weights || last->activation != FQT_ACTIVATION_NONE) {
        fqt_fail(error, FQT_MESSAGE_LAST_LAYER);
    }
    if (outputs < least || outputs > MAX_OUTPUTS) {
        fqt_fail_3(error, FQT_MESSAGE_OUTPUT_COUNT, outputs, least, MAX_OUTPUTS);
    }
}

uint32_t fqt_model_peek(fqt_source_t *source) {
    uint8_t header[FQT_HEADER_BYTES];
    fqt_read_header(source, header);
    return fqt_read_u16(header + 12);
}

void fqt_model_open(fqt_model_t *model, fqt_source_t *source, uint32_t master, uint32_t batch, void *tables) {
    uint8_t header[FQT_HEADER_BYTES];
    fqt_error_t *error = &source->error;
    fqt_read_header(source, header);
    fqt_read_checksum(source);
    if (fqt_read_u16(header + 14) & FQT_FILE_CHECKPOINT) {
        fqt_fail(error, FQT_MESSAGE_IS_CHECKPOINT);
    }
    fqt_fill_zero(model, sizeof(*model));
    model->file = source->memory;
    model->file_bytes = source->bytes;
    model->tables = tables;
    model->layer_count = fqt_read_u16(header + 12);
    model->tables_bytes = fqt_tables_bytes(model->layer_count);
    fqt_fill_zero(tables, model->tables_bytes);
    model->master = (uint8_t)master;
    model->input_type = header[22];
    model->random_state = fqt_read_u32(header + 28);
    model->identity = fqt_read_u32(header + 32);
    model->step_count = fqt_read_u32(header + 36);
    model->greatest_loss = (int32_t)(fqt_read_u32(header + 56) & INT32_MAX);
    model->loss = header[60];
    model->batch = batch;
    model->options.least_rate = 65536;
    model->options.greatest_rate = 65536;
    fqt_copy(model->name, header + 40, FQT_NAME_BYTES);
    fqt_tensor_t *input = fqt_tensor(model, 0);
    input->zero_point = (int8_t)header[23];
    input->scale = fqt_read_u32(header + 24);
    read_tensor(input, header + 16, error);
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        open_layer(model, source, i);
    }
    last_layer_check(model, error);
    fqt_graph_link(model, error);
    fqt_graph_mark(model);
    fqt_plan(model, source->memory == NULL);
}
