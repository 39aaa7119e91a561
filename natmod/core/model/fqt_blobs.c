// See fqt_blobs.h.
#include "fqt_blobs.h"
#include "fqt_kind.h"
#include "fqt_name.h"
#include "fqt_record.h"
#include "fqt_source.h"

bool fqt_has_blobs(const fqt_model_t *model, uint32_t index, bool checkpoint) {
    const fqt_kind_t *kind = fqt_kind_of(model, index);
    return (kind->has_weights || kind->has_table) && (fqt_layer(model, index)->trainable || !checkpoint);
}

uint32_t fqt_blobs_lay_out(const fqt_model_t *model, uint32_t index, bool checkpoint, uint32_t low_bits,
    uint32_t offset, uint32_t blobs[FQT_BLOBS]) {
    for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
        const uint32_t bytes = fqt_blob_bytes(model, index, blob, low_bits);
        blobs[blob] = 0;
        if (fqt_has_blobs(model, index, checkpoint) && bytes != 0) {
            blobs[blob] = offset;
            offset += fqt_aligned(bytes);
        }
    }
    return offset;
}

void fqt_blobs_end_check(fqt_source_t *source, uint32_t end) {
    if (end + FQT_CHECKSUM_BYTES != source->bytes) {
        source->fault.layer = 0;
        fqt_fail_2(&source->fault, FQT_MESSAGE_FILE_BYTES, end + FQT_CHECKSUM_BYTES, source->bytes);
    }
}

// What the arithmetic relies on: weights of at most 127 units, scales that are numbers; and no byte without a meaning.
// A piece of a blob whose values start with number `first`: `count` bytes, filled up to whole words.
static void weights_check(const int8_t *piece, uint32_t blob, uint32_t first, uint32_t count, fqt_fault_t *fault) {
    const uint32_t end = fqt_aligned(count);
    for (uint32_t i = 0; i < end; ++i) {
        if (blob == FQT_BLOB_WEIGHTS && piece[i] < -INT8_MAX) {
            fqt_fail_1(fault, FQT_MESSAGE_WEIGHT, first + i);
        }
        if (i >= count && piece[i] != 0) {
            fqt_fail_1(fault, FQT_MESSAGE_PADDING, first + i);
        }
    }
}

static void scales_check(const uint32_t *scales, uint32_t first, uint32_t count, fqt_fault_t *fault) {
    for (uint32_t i = 0; i < count; ++i) {
        if (!fqt_scale_is_valid(scales[i])) {
            fqt_fail_1(fault, FQT_MESSAGE_WEIGHT_SCALE, first + i);
        }
    }
}

// By pieces, each checked before it is stored: whatever fails then, a model has no values that were not checked. to:
// NULL, to check them only. spare_bits: of the last byte, which are 0.
static void take_blob(fqt_source_t *source, uint32_t blob, uint32_t bytes, uint32_t spare_bits, uint8_t *to) {
    uint32_t piece[FQT_PIECE_BYTES / 4];
    for (uint32_t first = 0; first < bytes; first += FQT_PIECE_BYTES) {
        const uint32_t count = bytes - first < FQT_PIECE_BYTES ? bytes - first : FQT_PIECE_BYTES;
        fqt_source_take(source, piece, fqt_aligned(count));
        if (blob <= FQT_BLOB_LOW_BITS) {
            weights_check((const int8_t *)piece, blob, first, count, &source->fault);
            if (first + count == bytes && ((uint8_t *)piece)[count - 1] >> (8 - spare_bits) != 0) {
                fqt_fail_1(&source->fault, FQT_MESSAGE_PADDING, bytes - 1);
            }
        } else if (blob == FQT_BLOB_WEIGHT_SCALES) {
            scales_check(piece, first / 4, count / 4, &source->fault);
        }
        if (to != NULL) {
            fqt_copy(to + first, piece, count);
        }
    }
}

void fqt_blobs_take(const fqt_model_t *model, fqt_source_t *source, uint32_t index, bool stores) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    if (!fqt_has_blobs(model, index, source->header.flags & FQT_FILE_CHECKPOINT)) {
        return;
    }
    fqt_at_layer(model, index, &source->fault);
    const uint32_t channels = fqt_output_of(model, index)->channels;
    const uint32_t own_bits = fqt_low_bits(model, layer);
    const uint32_t low_bits = (source->low_bits[index / 16] >> index % 16 * 2 & 3) * 4;
    if (stores && low_bits != own_bits) { // low bits of another width are left out
        fqt_fill_zero(fqt_trained_blob(model, layer, FQT_BLOB_LOW_BITS),
            fqt_blob_bytes(model, index, FQT_BLOB_LOW_BITS, own_bits));
    }
    for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
        const bool is_low = blob == FQT_BLOB_LOW_BITS;
        const uint32_t bytes = fqt_blob_bytes(model, index, blob, low_bits);
        const uint32_t spare_bits = is_low ? 8 * bytes - low_bits * layer->filter_elements * channels : 0;
        const bool is_stored = stores && (!is_low || low_bits == own_bits);
        take_blob(source, blob, bytes, spare_bits, is_stored ? model->arena + layer->blobs[blob] : NULL);
    }
}
