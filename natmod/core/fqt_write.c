// Writing the model as it is now, front to back in one pass, so that it can go to a stream; fqt_file.h has the layout.
#include "fqt_crc.h"
#include "fqt_kind.h"
#include "fqt_read.h"

#define ALIGNED(bytes) (((bytes) + 3u) & ~3u)

typedef struct {
    fqt_sink_t sink;
    void *context;
    uint32_t crc;
    bool ok;
} writer_t;

static void put(writer_t *writer, const void *bytes, uint32_t count) {
    if (writer->ok && count != 0) {
        writer->crc = fqt_crc_update(writer->crc, bytes, count);
        writer->ok = writer->sink(writer->context, bytes, count);
    }
}

static void put_blob(writer_t *writer, const void *bytes, uint32_t count) {
    static const uint8_t zeros[4] = {0};
    put(writer, bytes, count);
    put(writer, zeros, ALIGNED(count) - count);
}

// Where the blobs of layer `index` will lie in the file, from `offset` on; 0 for those that are left out. Gives their end.
static uint32_t layout(const fqt_model_t *model, uint32_t index, uint32_t offset, bool checkpoint, fqt_blobs_t *blobs) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    const bool has_blobs = fqt_kind(layer->kind)->has_weights && (layer->trainable || !checkpoint);
    for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
        blobs->at[blob] = 0;
        if (has_blobs && (blob != FQT_BLOB_LOW_BYTES || layer->low_bytes != 0)) {
            blobs->at[blob] = offset;
            offset += ALIGNED(fqt_blob_bytes(model, index, blob));
        }
    }
    return offset;
}

static uint32_t blobs_start(const fqt_model_t *model) {
    return FQT_HEADER_BYTES + model->layer_count * FQT_RECORD_BYTES;
}

uint32_t fqt_model_file_bytes(const fqt_model_t *model, bool checkpoint) {
    uint32_t offset = blobs_start(model);
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        fqt_blobs_t blobs;
        offset = layout(model, i, offset, checkpoint, &blobs);
    }
    return offset + FQT_CHECKSUM_BYTES;
}

static void put_dimensions(uint8_t *bytes, const fqt_tensor_t *tensor) {
    fqt_write_u16(bytes, tensor->height);
    fqt_write_u16(bytes + 2, tensor->width);
    fqt_write_u16(bytes + 4, tensor->channels);
}

static void put_header(writer_t *writer, const fqt_model_t *model, bool checkpoint) {
    uint8_t header[FQT_HEADER_BYTES];
    const fqt_tensor_t *input = fqt_tensor(model, 0);
    fqt_fill_zero(header, FQT_HEADER_BYTES);
    fqt_write_u32(header, FQT_FILE_MAGIC);
    fqt_write_u16(header + 4, FQT_FILE_VERSION);
    fqt_write_u16(header + 6, FQT_RECORD_BYTES);
    fqt_write_u32(header + 8, fqt_model_file_bytes(model, checkpoint));
    fqt_write_u16(header + 12, model->layer_count);
    fqt_write_u16(header + 14, checkpoint ? FQT_FILE_CHECKPOINT : 0);
    put_dimensions(header + 16, input);
    header[22] = model->input_type;
    header[23] = (uint8_t)input->zero_point;
    fqt_write_u32(header + 24, input->scale);
    fqt_write_u32(header + 28, model->random_state);
    fqt_write_u32(header + 32, model->identity);
    fqt_write_u32(header + 36, model->step_count);
    fqt_copy(header + 40, model->name, FQT_NAME_BYTES);
    fqt_write_u32(header + 56, (uint32_t)model->greatest_loss);
    header[60] = model->loss;
    put(writer, header, FQT_HEADER_BYTES);
}

// Whether the scale of the output's error is remembered from step to step.
static bool keeps_error_scale(const fqt_model_t *model, uint32_t index) {
    const fqt_tensor_t *output = fqt_output_of(model, index);
    return !(output->readers == 1 && fqt_layer(model, output->last_reader)->passes_error_scale);
}

void fqt_fill_record(const fqt_model_t *model, uint32_t index, uint8_t record[FQT_RECORD_BYTES]) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_tensor_t *to = fqt_output_of(model, index);
    fqt_fill_zero(record, FQT_RECORD_BYTES);
    record[0] = layer->kind;
    record[1] = layer->activation;
    record[2] = layer->trainable ? FQT_LAYER_TRAINABLE : 0;
    record[3] = (uint8_t)to->zero_point;
    fqt_write_u16(record + 4, layer->input);
    fqt_write_u16(record + 6, layer->second_input == FQT_NO_INPUT ? FQT_NO_SECOND_INPUT : layer->second_input);
    put_dimensions(record + 8, to);
    fqt_copy(record + 14, &layer->window, sizeof(layer->window));
    fqt_write_u32(record + 24, to->scale);
    fqt_write_u32(record + 28, layer->bias_scale);
    fqt_write_u32(record + 32, keeps_error_scale(model, index) ? to->error_scale : 0);
    fqt_write_u32(record + 36, (uint32_t)layer->output_range);
    fqt_copy(record + 56, layer->name, FQT_NAME_BYTES);
}

static void put_record(writer_t *writer, const fqt_model_t *model, uint32_t index, const fqt_blobs_t *blobs) {
    uint8_t record[FQT_RECORD_BYTES];
    fqt_fill_record(model, index, record);
    record[2] |= blobs->at[FQT_BLOB_LOW_BYTES] != 0 ? FQT_LAYER_LOW_BYTES : 0;
    for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
        fqt_write_u32(record + 40 + 4 * blob, blobs->at[blob]);
    }
    put(writer, record, FQT_RECORD_BYTES);
}

static void put_blobs(writer_t *writer, const fqt_model_t *model, uint32_t index, const fqt_blobs_t *blobs) {
    fqt_layer_t *layer = fqt_layer(model, index);
    for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
        if (blobs->at[blob] != 0) {
            put_blob(writer, fqt_blob(model, layer, *fqt_blob_field(layer, blob)), fqt_blob_bytes(model, index, blob));
        }
    }
}

bool fqt_model_write(const fqt_model_t *model, bool checkpoint, fqt_sink_t sink, void *context) {
    writer_t writer = {sink, context, FQT_CRC_START, true};
    put_header(&writer, model, checkpoint);
    for (int part = 0; part < 2; ++part) { // all records, then all blobs
        uint32_t offset = blobs_start(model);
        for (uint32_t i = 0; i < model->layer_count; ++i) {
            fqt_blobs_t blobs;
            offset = layout(model, i, offset, checkpoint, &blobs);
            (part == 0 ? put_record : put_blobs)(&writer, model, i, &blobs);
        }
    }
    uint8_t checksum[FQT_CHECKSUM_BYTES];
    fqt_write_u32(checksum, fqt_crc_finish(writer.crc));
    put(&writer, checksum, FQT_CHECKSUM_BYTES);
    return writer.ok;
}
