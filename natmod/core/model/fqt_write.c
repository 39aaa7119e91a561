// Writing the model as it is now, front to back in one pass, so that it can go to a stream; fqt_file.h has the layout.
#include "../base/fqt_crc.h"
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
static uint32_t layout(
    const fqt_model_t *model, uint32_t index, uint32_t offset, bool checkpoint, uint32_t blobs[FQT_BLOBS]) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    const bool has_blobs = fqt_kind_of(model, index)->has_weights && (layer->trainable || !checkpoint);
    for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
        blobs[blob] = 0;
        if (has_blobs && (blob != FQT_BLOB_LOW_BYTES || layer->low_bytes != 0)) {
            blobs[blob] = offset;
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
        uint32_t blobs[FQT_BLOBS];
        offset = layout(model, i, offset, checkpoint, blobs);
    }
    return offset + FQT_CHECKSUM_BYTES;
}

static fqt_dimensions_t dimensions_of(const fqt_tensor_t *tensor) {
    return (fqt_dimensions_t) {tensor->height, tensor->width, tensor->channels};
}

static void put_header(writer_t *writer, const fqt_model_t *model, bool checkpoint, uint32_t file_bytes) {
    const fqt_tensor_t *input = fqt_tensor(model, 0);
    fqt_header_t header = {
        .magic = FQT_FILE_MAGIC,
        .version = FQT_FILE_VERSION,
        .record_bytes = FQT_RECORD_BYTES,
        .file_bytes = file_bytes,
        .layer_count = model->layer_count,
        .flags = checkpoint ? FQT_FILE_CHECKPOINT : 0,
        .input = dimensions_of(input),
        .input_type = model->input_type,
        .input_zero_point = input->zero_point,
        .input_scale = input->scale,
        .random_state = model->random_state,
        .identity = model->identity,
        .step_count = model->step_count,
        .greatest_loss = (uint32_t)model->greatest_loss,
        .loss = model->loss,
    };
    fqt_copy(header.name, model->name, FQT_NAME_BYTES);
    put(writer, &header, FQT_HEADER_BYTES);
}

// Whether the scale of the output's error is remembered from step to step.
static bool keeps_error_scale(const fqt_model_t *model, uint32_t index) {
    const fqt_tensor_t *output = fqt_output_of(model, index);
    return !(output->readers == 1 && fqt_layer(model, output->last_reader)->passes_error_scale);
}

void fqt_fill_record(const fqt_model_t *model, uint32_t index, fqt_record_t *record) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_tensor_t *to = fqt_output_of(model, index);
    *record = (fqt_record_t) {
        .kind = layer->kind,
        .activation = layer->activation,
        .flags = layer->trainable ? FQT_LAYER_TRAINABLE : 0,
        .output_zero_point = to->zero_point,
        .input = layer->input,
        .second_input = layer->second_input == FQT_NO_INPUT ? FQT_NO_SECOND_INPUT : layer->second_input,
        .output = dimensions_of(to),
        .window = layer->window,
        .output_scale = to->scale,
        .bias_scale = layer->bias_scale,
        .error_scale = keeps_error_scale(model, index) ? to->error_scale : 0,
        .output_range = (uint32_t)layer->output_range,
    };
    fqt_copy(record->name, layer->name, FQT_NAME_BYTES);
}

static void put_blobs(writer_t *writer, const fqt_model_t *model, uint32_t index, const uint32_t blobs[FQT_BLOBS]) {
    fqt_layer_t *layer = fqt_layer(model, index);
    for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
        if (blobs[blob] != 0) {
            put_blob(writer, fqt_blob(model, layer, *fqt_blob_field(layer, blob)), fqt_blob_bytes(model, index, blob));
        }
    }
}

bool fqt_model_write(const fqt_model_t *model, bool checkpoint, fqt_sink_t sink, void *context) {
    writer_t writer = {sink, context, FQT_CRC_START, true};
    for (int part = 0; part < 3; ++part) { // the header, which needs the length; all records; all blobs
        uint32_t offset = blobs_start(model);
        for (uint32_t i = 0; i < model->layer_count; ++i) {
            fqt_record_t record;
            fqt_fill_record(model, i, &record);
            offset = layout(model, i, offset, checkpoint, record.blobs);
            if (part == 1) {
                record.flags |= record.blobs[FQT_BLOB_LOW_BYTES] != 0 ? FQT_LAYER_LOW_BYTES : 0;
                put(&writer, &record, FQT_RECORD_BYTES);
            } else if (part == 2) {
                put_blobs(&writer, model, i, record.blobs);
            }
        }
        if (part == 0) {
            put_header(&writer, model, checkpoint, offset + FQT_CHECKSUM_BYTES);
        }
    }
    const uint32_t checksum = fqt_crc_finish(writer.crc);
    put(&writer, &checksum, FQT_CHECKSUM_BYTES);
    return writer.ok;
}
