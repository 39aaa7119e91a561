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

bool fqt_source_read(
    const fqt_source_t *source, uint32_t offset, void *destination, uint32_t bytes, fqt_error_t *error) {
    if (offset > source->bytes || bytes > source->bytes - offset) {
        return fqt_fail(error, "# bytes at # are needed, file has #", bytes, offset, source->bytes);
    }
    if (source->memory == NULL) {
        return source->read(source->context, offset, destination, bytes)
               || fqt_fail(error, "file could not be read: # bytes at #", bytes, offset, 0);
    }
    fqt_copy(destination, source->memory + offset, bytes);
    return true;
}

bool fqt_at_layer(const fqt_model_t *model, uint32_t index, fqt_error_t *error) {
    const fqt_kind_t *kind = fqt_kind(fqt_layer(model, index)->kind);
    error->layer = index + 1;
    error->kind = kind != NULL ? kind->name : NULL;
    return false;
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

bool fqt_read_header(const fqt_source_t *source, uint8_t header[FQT_HEADER_BYTES], fqt_error_t *error) {
    if (source->bytes < FQT_HEADER_BYTES + FQT_CHECKSUM_BYTES) {
        return fqt_fail(error, "file has # bytes, a model's header alone has #", source->bytes, FQT_HEADER_BYTES, 0);
    }
    if (!fqt_source_read(source, 0, header, FQT_HEADER_BYTES, error)) {
        return false;
    }
    if (header[0] != 'F' || header[1] != 'Q' || header[2] != 'T' || header[3] != 0x1A) {
        return fqt_fail(error, "not a model file (it does not start with FQT)", 0, 0, 0);
    }
    uint32_t version = fqt_read_u16(header + 4);
    if (version != FQT_FILE_VERSION) {
        return fqt_fail(error, "model file of version #, this module reads version #", version, FQT_FILE_VERSION, 0);
    }
    uint32_t file_bytes = fqt_read_u32(header + 8);
    if (file_bytes != source->bytes) {
        return fqt_fail(error, "file should have # bytes, it has #", file_bytes, source->bytes, 0);
    }
    uint32_t layer_count = fqt_read_u16(header + 12);
    if (layer_count < 1 || layer_count > FQT_MAX_LAYERS) {
        return fqt_fail(error, "# layers, 1 to # are possible", layer_count, FQT_MAX_LAYERS, 0);
    }
    if (fqt_read_u16(header + 6) != FQT_RECORD_BYTES || fqt_read_u16(header + 14) > FQT_FILE_CHECKPOINT
        || header[22] > FQT_INPUT_UINT8 || header[60] > FQT_LOSS_BINARY_CROSS_ENTROPY || !all_zero(header + 61, 3)
        || !name_is_valid(header + 40)) {
        return fqt_fail(error, "a field of the file's header has an unknown value", 0, 0, 0);
    }
    if (!fqt_scale_is_valid(fqt_read_u32(header + 24))) {
        return fqt_fail(error, "the input's scale is out of range", 0, 0, 0);
    }
    if (fqt_read_u32(header + 28) == 0) {
        return fqt_fail(error, "the random state is 0", 0, 0, 0);
    }
    return true;
}

bool fqt_read_checksum(const fqt_source_t *source, fqt_error_t *error) {
    uint32_t crc = FQT_CRC_START;
    uint32_t end = source->bytes - FQT_CHECKSUM_BYTES;
    uint8_t chunk[CHUNK_BYTES];
    for (uint32_t offset = 0; offset < end; offset += CHUNK_BYTES) {
        uint32_t count = end - offset < CHUNK_BYTES ? end - offset : CHUNK_BYTES;
        if (!fqt_source_read(source, offset, chunk, count, error)) {
            return false;
        }
        crc = fqt_crc_update(crc, chunk, count);
    }
    if (!fqt_source_read(source, end, chunk, FQT_CHECKSUM_BYTES, error)) {
        return false;
    }
    if (fqt_read_u32(chunk) != fqt_crc_finish(crc)) {
        return fqt_fail(error, "checksum does not match: the file is damaged", 0, 0, 0);
    }
    return true;
}

bool fqt_read_record(const fqt_source_t *source, uint32_t index, uint8_t record[FQT_RECORD_BYTES], fqt_error_t *error) {
    return fqt_source_read(source, FQT_HEADER_BYTES + index * FQT_RECORD_BYTES, record, FQT_RECORD_BYTES, error);
}

bool fqt_read_blobs(const fqt_model_t *model, const fqt_source_t *source, uint32_t index,
    const uint8_t record[FQT_RECORD_BYTES], fqt_blobs_t *blobs, fqt_error_t *error) {
    static const char too_short[FQT_BLOBS][44] = {
        "# bytes of weights at #, file has #",
        "# low bytes of weights at #, file has #",
        "# bytes of scales at #, file has #",
        "# bytes of biases at #, file has #",
    };
    const uint32_t channels = fqt_output_of(model, index)->channels;
    const uint32_t records_end = FQT_HEADER_BYTES + model->layer_count * FQT_RECORD_BYTES;
    const uint32_t end = source->bytes - FQT_CHECKSUM_BYTES;
    for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
        blobs->at[blob] = fqt_read_u32(record + 40 + 4 * blob);
    }
    const uint32_t low_bytes = blobs->at[FQT_BLOB_LOW_BYTES];
    if ((low_bytes != 0) != ((record[2] & FQT_LAYER_LOW_BYTES) != 0)) {
        return fqt_fail(error, "low bytes at #, flags #", low_bytes, record[2], 0);
    }
    // A multiple of 4 behind the records, whole before the checksum. No size overflows: the kind's check limits filters.
    for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
        const uint32_t offset = blobs->at[blob];
        const uint32_t bytes = fqt_blob_bytes(model, index, blob);
        if (blob == FQT_BLOB_LOW_BYTES && offset == 0) {
            continue;
        }
        if (offset % 4 != 0 || offset < records_end) {
            return fqt_fail(error, "a blob at # (blobs start behind #, at multiples of 4)", offset, records_end, 0);
        }
        if (offset > end || bytes > end - offset) {
            return fqt_fail(error, too_short[blob], bytes, offset, source->bytes);
        }
    }
    for (uint32_t o = 0; o < channels; ++o) {
        uint8_t scale[4];
        if (!fqt_source_read(source, blobs->at[FQT_BLOB_WEIGHT_SCALES] + 4 * o, scale, 4, error)) {
            return false;
        }
        if (!fqt_scale_is_valid(fqt_read_u32(scale))) {
            return fqt_fail(error, "the weight scale of channel # is out of range", o, 0, 0);
        }
    }
    return true;
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

bool fqt_state_check(const uint8_t record[FQT_RECORD_BYTES], fqt_error_t *error) {
    const uint32_t error_scale = fqt_read_u32(record + 32);
    const uint32_t range = fqt_read_u32(record + 36);
    if (!fqt_scale_is_valid(fqt_read_u32(record + 24)) || (error_scale != 0 && !fqt_scale_is_valid(error_scale))
        || (fqt_kind(record[0])->has_weights && !fqt_scale_is_valid(fqt_read_u32(record + 28)))) {
        return fqt_fail(error, "one of its scales is out of range", 0, 0, 0);
    }
    if (range < 1 || range > MAX_RANGE) {
        return fqt_fail(error, "its output range is out of bounds", 0, 0, 0);
    }
    return true;
}

static bool read_tensor(fqt_tensor_t *tensor, const uint8_t *dimensions, fqt_error_t *error) {
    tensor->height = fqt_read_u16(dimensions);
    tensor->width = fqt_read_u16(dimensions + 2);
    tensor->channels = fqt_read_u16(dimensions + 4);
    uint64_t elements = (uint64_t)tensor->height * tensor->width * tensor->channels;
    if (elements < 1 || elements > MAX_ELEMENTS) {
        return fqt_fail(error, "a tensor of # x # x # (1 to 16777216 elements are possible)", tensor->height,
            tensor->width, tensor->channels);
    }
    tensor->elements = (uint32_t)elements;
    return true;
}

// The fields of a record that do not depend on other layers, into the layer's and its output's table entries.
static bool read_layer(fqt_model_t *model, uint32_t index, const uint8_t *record, fqt_error_t *error) {
    fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_kind_t *kind = fqt_kind(record[0]);
    layer->kind = record[0];
    if (kind == NULL) {
        return fqt_fail(error, "unknown layer kind #: made for a newer module?", record[0], 0, 0);
    }
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
        return fqt_fail(error, "reads tensors # and #: it can read 0 to #", input, second_input, index);
    }
    layer->input = (uint8_t)input;
    layer->second_input = (uint8_t)(kind->has_second_input ? second_input : FQT_NO_INPUT);
    if (fqt_read_u16(record + 22) != 0 || record[1] > (kind->has_activation ? FQT_ACTIVATION_RELU6 : 0)
        || record[2] > (FQT_LAYER_TRAINABLE | FQT_LAYER_LOW_BYTES)
        || (!kind->has_weights && (record[2] != 0 || !all_zero(record + 40, 16)))) {
        return fqt_fail(error, "a field of its record has an unknown value", 0, 0, 0);
    }
    return read_tensor(fqt_tensor(model, index + 1), record + 8, error);
}

// The zero point of the output; its scales, checked.
static bool read_scales(fqt_model_t *model, uint32_t index, const uint8_t *record, fqt_error_t *error) {
    const fqt_kind_t *kind = fqt_kind(record[0]);
    const fqt_tensor_t *from = fqt_input_of(model, index);
    fqt_tensor_t *to = fqt_output_of(model, index);
    to->zero_point = (int8_t)record[3];
    to->clips = kind->keeps_scale ? from->clips : record[1];
    to->same_as = kind->is_alias ? from->same_as : (uint8_t)(index + 1);
    if (kind->keeps_scale && (to->zero_point != from->zero_point || to->scale != from->scale)) {
        return fqt_fail(error, "its scale or zero point is not its input's", 0, 0, 0);
    }
    return fqt_state_check(record, error);
}

static bool name_check(const fqt_model_t *model, uint32_t index, fqt_error_t *error) {
    const char *name = fqt_layer(model, index)->name;
    if (!name_is_valid((const uint8_t *)name)) {
        return fqt_fail(error, "it has no name, or bytes behind its name", 0, 0, 0);
    }
    for (uint32_t other = 0; other < index; ++other) {
        const char *other_name = fqt_layer(model, other)->name;
        uint32_t i = 0;
        while (i < FQT_NAME_BYTES && name[i] == other_name[i]) {
            ++i;
        }
        if (i == FQT_NAME_BYTES) {
            return fqt_fail(error, "it has the name of layer #", other + 1, 0, 0);
        }
    }
    return true;
}

static bool open_layer(fqt_model_t *model, const fqt_source_t *source, uint32_t index, fqt_error_t *error) {
    uint8_t record[FQT_RECORD_BYTES];
    fqt_layer_t *layer = fqt_layer(model, index);
    if (!fqt_read_record(source, index, record, error) || !read_layer(model, index, record, error)
        || !read_scales(model, index, record, error) || !name_check(model, index, error)
        || !fqt_kind(layer->kind)->check(model, index, error)) {
        return false;
    }
    if (fqt_kind(layer->kind)->has_weights) {
        fqt_blobs_t blobs;
        if (!fqt_read_blobs(model, source, index, record, &blobs, error)) {
            return false;
        }
        layer->weights = blobs.at[FQT_BLOB_WEIGHTS];
        layer->weight_scales = blobs.at[FQT_BLOB_WEIGHT_SCALES];
        layer->biases = blobs.at[FQT_BLOB_BIASES];
    }
    return true;
}

static bool last_layer_check(const fqt_model_t *model, fqt_error_t *error) {
    const fqt_layer_t *last = fqt_layer(model, model->layer_count - 1);
    uint32_t outputs = fqt_output_elements(model);
    uint32_t least = fqt_has_targets(model) ? 1 : 2;
    if (!fqt_kind(last->kind)->has_weights || last->activation != FQT_ACTIVATION_NONE) {
        return fqt_fail(error, "the last layer must have weights and no activation", 0, 0, 0);
    }
    if (outputs < least || outputs > MAX_OUTPUTS) {
        return fqt_fail(error, "# outputs, # to # are possible", outputs, least, MAX_OUTPUTS);
    }
    return true;
}

bool fqt_model_peek(const fqt_source_t *source, uint32_t *layer_count, fqt_error_t *error) {
    uint8_t header[FQT_HEADER_BYTES];
    error->layer = 0;
    if (!fqt_read_header(source, header, error)) {
        return false;
    }
    *layer_count = fqt_read_u16(header + 12);
    return true;
}

bool fqt_model_open(
    fqt_model_t *model, const fqt_source_t *source, uint32_t master, uint32_t batch, void *tables, fqt_error_t *error) {
    uint8_t header[FQT_HEADER_BYTES];
    error->layer = 0;
    if (!fqt_read_header(source, header, error) || !fqt_read_checksum(source, error)) {
        return false;
    }
    if (fqt_read_u16(header + 14) & FQT_FILE_CHECKPOINT) {
        return fqt_fail(error, "this is a checkpoint: load the model that it belongs to, then restore it", 0, 0, 0);
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
    if (!read_tensor(input, header + 16, error)) {
        return false;
    }
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        if (!open_layer(model, source, i, error)) {
            return fqt_at_layer(model, i, error);
        }
    }
    if (!last_layer_check(model, error)) {
        return fqt_at_layer(model, model->layer_count - 1, error);
    }
    if (!fqt_graph_link(model, error)) {
        return false;
    }
    fqt_graph_mark(model);
    fqt_plan(model, source->memory == NULL);
    return true;
}
