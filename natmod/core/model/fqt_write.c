// Writing the model as it is now, front to back in one pass, so that it can go to a stream; fqt_file.h has the layout.
#include "../fqt.h"
#include "../base/fqt_crc.h"
#include "fqt_blobs.h"
#include "fqt_maps.h"
#include "fqt_record.h"

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

FQT_NOINLINE static void put_blob(writer_t *writer, const void *bytes, uint32_t count) {
    static const uint8_t zeros[4] = {0};
    put(writer, bytes, count);
    put(writer, zeros, fqt_aligned(count) - count);
}

static uint32_t lay_out(
    const fqt_model_t *model, uint32_t index, bool checkpoint, uint32_t offset, uint32_t blobs[FQT_BLOBS]) {
    return fqt_blobs_lay_out(model, index, checkpoint, fqt_low_bits(model, fqt_layer(model, index)), offset, blobs);
}

uint32_t fqt_model_file_bytes(const fqt_model_t *model, bool checkpoint) {
    uint32_t offset = fqt_blobs_start(model);
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        uint32_t blobs[FQT_BLOBS];
        offset = lay_out(model, i, checkpoint, offset, blobs);
    }
    return offset + fqt_maps_bytes(model) + FQT_CHECKSUM_BYTES;
}

static void put_header(writer_t *writer, const fqt_model_t *model, bool checkpoint, uint32_t file_bytes) {
    const fqt_tensor_t *input = fqt_tensor(model, 0);
    fqt_header_t header = {
        .magic = FQT_FILE_MAGIC,
        .major = FQT_FILE_MAJOR,
        .minor = FQT_FILE_MINOR,
        .record_bytes = FQT_RECORD_BYTES,
        .file_bytes = file_bytes,
        .layer_count = model->layer_count,
        .flags = checkpoint ? FQT_FILE_CHECKPOINT : 0,
        .input = fqt_shape_of(input),
        .input_type = model->input_type,
        .input_zero_point = input->zero_point,
        .input_scale = input->scale,
        .random_state = model->random_state,
        .identity = model->identity,
        .step_count = model->step_count,
        .greatest_loss = (uint32_t)model->greatest_loss,
        .loss = model->loss,
        .maps = model->maps,
        .text_bytes = model->text_bytes,
    };
    fqt_copy(header.name, model->name, FQT_NAME_BYTES);
    put(writer, &header, FQT_HEADER_BYTES);
}

static void put_blobs(writer_t *writer, const fqt_model_t *model, uint32_t index, const uint32_t blobs[FQT_BLOBS]) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
        if (blobs[blob] != 0) {
            put_blob(
                writer, fqt_blob(model, layer, blob), fqt_blob_bytes(model, index, blob, fqt_low_bits(model, layer)));
        }
    }
}

bool fqt_model_write(const fqt_model_t *model, bool checkpoint, fqt_sink_t sink, void *context) {
    writer_t writer = {sink, context, FQT_CRC_START, true};
    for (int part = 0; part < 3; ++part) { // the header, which needs the length; all records; all blobs
        uint32_t offset = fqt_blobs_start(model);
        for (uint32_t i = 0; i < model->layer_count; ++i) {
            fqt_record_t record;
            fqt_record_fill(model, i, &record);
            offset = lay_out(model, i, checkpoint, offset, record.blobs);
            if (part == 1) {
                record.flags |= (uint8_t)fqt_flags_of_low_bits(fqt_low_bits(model, fqt_layer(model, i)));
                put(&writer, &record, FQT_RECORD_BYTES);
            } else if (part == 2) {
                put_blobs(&writer, model, i, record.blobs);
            }
        }
        if (part == 0) {
            put_header(&writer, model, checkpoint, offset + fqt_maps_bytes(model) + FQT_CHECKSUM_BYTES);
        }
    }
    put(&writer, model->arena + model->input_map, fqt_maps_bytes(model));
    const uint32_t checksum = fqt_crc_finish(writer.crc);
    put(&writer, &checksum, FQT_CHECKSUM_BYTES);
    return writer.ok;
}
