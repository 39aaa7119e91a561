// See fqt_source.h, and fqt_file.h for the layout.
#include "fqt_source.h"
#include "../base/fqt_crc.h"
#include "fqt_name.h"

void fqt_source_take(fqt_source_t *source, void *to, uint32_t bytes) {
    const uint32_t offset = source->offset;
    if (bytes > source->bytes - offset) {
        fqt_fail_3(&source->fault, FQT_MESSAGE_BEYOND_FILE, bytes, offset, source->bytes);
    }
    if (source->memory != NULL) {
        fqt_copy(to, source->memory + offset, bytes);
    } else if (!source->read(source->context, offset, to, bytes)) {
        fqt_fail_2(&source->fault, FQT_MESSAGE_UNREADABLE, bytes, offset);
    }
    source->offset += bytes;
    source->crc = fqt_crc_update(source->crc, to, bytes);
}

static void header_check(const fqt_header_t *header, uint32_t bytes, fqt_fault_t *fault) {
    if (header->magic != FQT_FILE_MAGIC) {
        fqt_fail(fault, FQT_MESSAGE_NO_MODEL);
    }
    if (header->major != FQT_FILE_MAJOR) {
        fqt_fail_3(fault, FQT_MESSAGE_VERSION, header->major, header->minor, FQT_FILE_MAJOR);
    }
    if (header->file_bytes != bytes) {
        fqt_fail_2(fault, FQT_MESSAGE_FILE_BYTES, header->file_bytes, bytes);
    }
    if (bytes > FQT_MAX_FILE_BYTES) {
        fqt_fail_2(fault, FQT_MESSAGE_FILE_LARGE, bytes, FQT_MAX_FILE_BYTES);
    }
    if (header->layer_count < 1 || header->layer_count > FQT_MAX_LAYERS) {
        fqt_fail_2(fault, FQT_MESSAGE_LAYER_COUNT, header->layer_count, FQT_MAX_LAYERS);
    }
    if (header->record_bytes != FQT_RECORD_BYTES || header->flags > FQT_FILE_CHECKPOINT
        || header->input_type > FQT_INPUT_UINT8 || header->loss > FQT_LOSS_PIXELWISE_CROSS_ENTROPY
        || header->maps > (FQT_MAP_INPUT | FQT_MAP_OUTPUT) || header->text_bytes % 4 != 0) {
        fqt_fail(fault, FQT_MESSAGE_HEADER_FIELD);
    }
    fqt_name_check(header->name, fault);
    if ((header->maps & FQT_MAP_OUTPUT) && header->loss != FQT_LOSS_MEAN_SQUARED_ERROR) {
        fqt_fail(fault, FQT_MESSAGE_OUTPUT_MAP_LOSS);
    }
    if (!fqt_scale_is_valid(header->input_scale)) {
        fqt_fail(fault, FQT_MESSAGE_INPUT_SCALE);
    }
    if (header->random_state == 0) {
        fqt_fail(fault, FQT_MESSAGE_RANDOM_STATE);
    }
}

void fqt_source_take_header(fqt_source_t *source) {
    if (source->bytes < FQT_HEADER_BYTES + FQT_CHECKSUM_BYTES) {
        fqt_fail_2(&source->fault, FQT_MESSAGE_FILE_SHORT, source->bytes, FQT_HEADER_BYTES);
    }
    source->crc = FQT_CRC_START;
    fqt_source_take(source, &source->header, FQT_HEADER_BYTES);
    header_check(&source->header, source->bytes, &source->fault);
}

void fqt_source_turn_back(fqt_source_t *source) {
    source->offset = FQT_HEADER_BYTES;
    source->crc = fqt_crc_update(FQT_CRC_START, (const uint8_t *)&source->header, FQT_HEADER_BYTES);
}

void fqt_source_end(fqt_source_t *source) {
    const uint32_t crc = fqt_crc_finish(source->crc);
    uint32_t stored;
    fqt_source_take(source, &stored, FQT_CHECKSUM_BYTES);
    if (stored != crc) {
        source->fault.layer = 0;
        fqt_fail(&source->fault, FQT_MESSAGE_CHECKSUM);
    }
}

void fqt_source_check(fqt_source_t *source) {
    uint8_t piece[FQT_PIECE_BYTES];
    const uint32_t end = source->bytes - FQT_CHECKSUM_BYTES;
    while (source->offset < end) {
        const uint32_t left = end - source->offset;
        fqt_source_take(source, piece, left < FQT_PIECE_BYTES ? left : FQT_PIECE_BYTES);
    }
    fqt_source_end(source);
    fqt_source_turn_back(source);
}
