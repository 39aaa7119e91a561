// Model files: read from a file object or a buffer, written to a Python function.
//
// A file object may be written in Python, and keep what readinto() and write() are given: they are given memory that
// Python owns, never the model's own. A file is read through one piece of memory: what is made and left for each piece
// would lie all over the heap, where the model's memory has to be in one.
#include "fqt_engine.h"

#define PIECE_BYTES (256) // of a file are read, or given to a function, at a time

typedef struct {
    mp_obj_t object;
    mp_obj_t piece; // bytearray
    uint32_t count; // bytes of the file in it
    uint32_t offset; // in the file, of the first
} stream_t;

static bool read_stream(void *context, uint32_t offset, void *destination, uint32_t bytes) {
    stream_t *stream = context;
    while (bytes > 0) {
        if (offset - stream->offset >= stream->count) {
            mp_obj_t arguments[] = {stream->object, stream->piece, new_int(offset)};
            stream->count = (uint32_t)mp_obj_get_int_truncated(call_python(MP_QSTR__read, 3, arguments));
            stream->offset = offset;
        }
        mp_buffer_info_t piece; // looked at again: who keeps the bytearray may have resized it
        mp_get_buffer_raise(stream->piece, &piece, MP_BUFFER_READ);
        if (stream->count == 0 || stream->count > piece.len) {
            return false;
        }
        const uint32_t start = offset - stream->offset;
        const uint32_t left = stream->count - start;
        const uint32_t count = left < bytes ? left : bytes;
        fqt_copy(destination, (const uint8_t *)piece.buf + start, count);
        destination = (uint8_t *)destination + count;
        offset += count;
        bytes -= count;
    }
    return true;
}

// A file object, or any readable buffer. A file in ROMFS is a buffer too: its parameters are used in flash.
static void get_source(mp_obj_t object, fqt_source_t *source, stream_t *stream) {
    *source = (fqt_source_t) {.read = read_stream, .context = stream};
    mp_buffer_info_t buffer;
    mp_int_t bytes;
    if (mp_get_buffer(object, &buffer, MP_BUFFER_READ)) {
        source->memory = buffer.buf;
        bytes = (mp_int_t)buffer.len;
    } else {
        stream->object = object;
        stream->count = 0;
        stream->piece = mp_obj_new_bytearray_by_ref(PIECE_BYTES, m_malloc(PIECE_BYTES));
        bytes = get_int(call_python(MP_QSTR__size, 1, &object), FQT_MESSAGE_SOURCE, 0);
    }
    if (bytes < 0 || bytes > INT32_MAX) {
        fail(FQT_MESSAGE_SOURCE);
    }
    source->bytes = (uint32_t)bytes;
}

// Memory was allocated, which may run Python code (__del__): look at the buffer again that a model is made from.
static void find_memory(engine_t *self, fqt_source_t *source) {
    if (source->memory != NULL) {
        source->memory = find_bytes(self->source, source->bytes);
        self->model.file = source->memory;
    }
}

typedef struct {
    engine_t *engine;
    mp_obj_t write;
} writing_t;

static bool write_to_function(void *context, const void *bytes, uint32_t count) {
    const writing_t *writing = context;
    while (count > 0) {
        const uint32_t part = count < PIECE_BYTES ? count : PIECE_BYTES;
        mp_obj_t piece = mp_obj_new_bytes(bytes, part);
        mp_call_function_n_kw(writing->write, 1, 0, &piece);
        check_source(writing->engine);
        bytes = (const uint8_t *)bytes + part;
        count -= part;
    }
    return true;
}

// _write(write, checkpoint): call write(bytes) with one piece of the file after another
static mp_obj_t write_model(engine_t *self, size_t n_args, const mp_obj_t *args, size_t keywords) {
    (void)n_args, (void)keywords;
    writing_t writing = {self, args[1]};
    const bool checkpoint = mp_obj_is_true(args[2]);
    fqt_end_batch(&self->model);
    fqt_model_write(&self->model, checkpoint, write_to_function, &writing);
    return MP_OBJ_NULL;
}

// _restore(source)
static mp_obj_t restore(engine_t *self, size_t n_args, const mp_obj_t *args, size_t keywords) {
    (void)n_args, (void)keywords;
    fqt_source_t source;
    stream_t stream;
    get_source(args[1], &source, &stream);
    fqt_model_restore(&self->model, &source);
    return MP_OBJ_NULL;
}
