// Mutations that know what an input is made of: jobs, headers, records, scales, weights, and whole layers, which are
// put in, taken out and changed so that the shapes behind them still fit. Most files stay sound, and what they do to
// the core is seen.
#include "fuzz.h"

#include "../../natmod/core/model/fqt_file.h"

#include <stddef.h>
#include <string.h>

#define MAX_INPUT_BYTES (1u << 14)
#define MAX_LAYERS (12)
#define MAX_CHANNELS (80)
#define MAX_UPSAMPLED (32) // extent
#define RANGE_START (62415)
#define COUNT(items) (sizeof(items) / sizeof((items)[0]))

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t random_state;

static uint32_t random_below(uint32_t limit) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % limit;
}

// An input taken apart: the file's header and records, and where the blobs lie in its bytes.
typedef struct {
    fqt_header_t header;
    fqt_record_t records[MAX_LAYERS];
    uint8_t bytes[MAX_INPUT_BYTES];
    size_t size;
} parts_t;

static uint32_t float_bits(void) {
    static const uint32_t chosen[] = {0, 1, 63u << 23, (63u << 23) - 1, 191u << 23, (191u << 23) + 1, 0x3F800000,
        0x3C23D70A, 0x3B808081, 0x7F7FFFFF, 0x7F800000, 0x7FC00000, 0xBF800000};
    const uint32_t many = COUNT(chosen);
    const uint32_t choice = random_below(3 * many);
    return choice < many ? chosen[choice] : (64 + random_below(126)) << 23 | random_below(1u << 23); // a valid scale
}

static uint32_t any_number(uint32_t now) {
    switch (random_below(5)) {
        case 0:
            return random_below(8);
        case 1:
            return now + 1;
        case 2:
            return now - 1;
        case 3:
            return 1u << random_below(32);
        default:
            return random_below(UINT32_MAX);
    }
}

// -- what a layer makes of its input

static const uint8_t kinds[] = {FQT_KIND_DENSE, FQT_KIND_CONV2D, FQT_KIND_MAX_POOL2D, FQT_KIND_FLATTEN,
    FQT_KIND_DEPTHWISE_CONV2D, FQT_KIND_AVERAGE_POOL2D, FQT_KIND_ADD, FQT_KIND_MULTIPLY, FQT_KIND_TABLE,
    FQT_KIND_CONCATENATE, FQT_KIND_UPSAMPLE2D, FQT_KIND_LSTM, FQT_KIND_GRU};

// That of a number, whose own it is if there is one.
static uint8_t kind_of(uint32_t number) {
    return memchr(kinds, (int)(number & 255), COUNT(kinds)) != NULL ? (uint8_t)number : kinds[number % COUNT(kinds)];
}

static uint8_t any_kind(void) {
    return kinds[random_below(COUNT(kinds))];
}

static bool has_window(uint32_t kind) {
    return kind == FQT_KIND_CONV2D || kind == FQT_KIND_DEPTHWISE_CONV2D || kind == FQT_KIND_MAX_POOL2D
           || kind == FQT_KIND_AVERAGE_POOL2D;
}

static bool has_weights(uint32_t kind) {
    return kind == FQT_KIND_DENSE || kind == FQT_KIND_CONV2D || kind == FQT_KIND_DEPTHWISE_CONV2D;
}

static bool keeps_scale(uint32_t kind) {
    return kind == FQT_KIND_MAX_POOL2D || kind == FQT_KIND_FLATTEN || kind == FQT_KIND_UPSAMPLE2D;
}

static uint32_t elements_of(const fqt_dimensions_t *shape) {
    return (uint32_t)shape->height * shape->width * shape->channels;
}

static const fqt_dimensions_t *shape_of(const parts_t *parts, uint32_t tensor) {
    return tensor == 0 ? &parts->header.input : &parts->records[tensor - 1].output;
}

// One side of a window, and the extent of what it makes.
static uint16_t fit_extent(uint16_t input, uint8_t *kernel, uint8_t *stride, uint8_t *before, uint8_t *after) {
    if (input == 0) {
        return 0; // no file that is sound
    }
    *kernel = *kernel == 0 ? 1 : *kernel;
    *stride = *stride == 0 ? 1 : *stride;
    *before = (uint8_t)(*before % *kernel);
    *after = (uint8_t)(*after % *kernel);
    while (*kernel > input + *before + *after) {
        *kernel = (uint8_t)(*kernel - 1);
        *before = (uint8_t)(*before % *kernel);
        *after = (uint8_t)(*after % *kernel);
    }
    return (uint16_t)((input + *before + *after - *kernel) / *stride + 1);
}

// Another tensor of the same shape, or to multiply with one of a value a channel, or to be joined with one of the same
// height and width; the first one when there is none.
static uint16_t second_input(const parts_t *parts, uint32_t layer) {
    const fqt_record_t *record = &parts->records[layer];
    const fqt_dimensions_t *wanted = shape_of(parts, record->input);
    for (uint32_t t = layer + 1; t-- > 0;) {
        const fqt_dimensions_t *shape = shape_of(parts, t);
        const bool is_same = memcmp(shape, wanted, sizeof(*wanted)) == 0;
        const bool is_by_channel = record->kind == FQT_KIND_MULTIPLY && shape->channels == wanted->channels
                                   && elements_of(shape) == wanted->channels;
        const bool is_joined = record->kind == FQT_KIND_CONCATENATE && shape->height == wanted->height
                               && shape->width == wanted->width && shape->channels + wanted->channels <= MAX_CHANNELS;
        if (t != record->input && (record->kind == FQT_KIND_CONCATENATE ? is_joined : is_same || is_by_channel)) {
            return (uint16_t)t;
        }
    }
    return record->input;
}

// A window that upsamples to no large image, by repetition or with zeros between.
static fqt_window_t upsampling_of(const fqt_dimensions_t *from, const fqt_window_t *drawn) {
    const bool is_small = from->height < MAX_UPSAMPLED && from->width < MAX_UPSAMPLED;
    const uint8_t height = is_small ? (uint8_t)(1 + drawn->stride_height % 3) : 1;
    const uint8_t width = is_small ? (uint8_t)(1 + drawn->stride_width % 3) : 1;
    const bool repeats = drawn->kernel_height > 1;
    return (fqt_window_t) {repeats ? height : 1, repeats ? width : 1, height, width, 0, 0, 0, 0};
}

// Make a record agree with what it reads.
static void fit_layer(parts_t *parts, uint32_t layer, bool is_last) {
    fqt_record_t *record = &parts->records[layer];
    record->kind = kind_of(record->kind);
    record->kind = is_last && !has_weights(record->kind) ? FQT_KIND_DENSE : record->kind;
    record->input = record->input > layer ? (uint16_t)layer : record->input;
    record->second_input = FQT_NO_SECOND_INPUT;
    const bool reads_two =
        record->kind == FQT_KIND_ADD || record->kind == FQT_KIND_MULTIPLY || record->kind == FQT_KIND_CONCATENATE;
    if (reads_two && second_input(parts, layer) == record->input) {
        record->kind = FQT_KIND_MAX_POOL2D; // there is no other that it could read
    }
    record->activation = (uint8_t)(is_last || keeps_scale(record->kind) || record->kind == FQT_KIND_AVERAGE_POOL2D
                                       ? FQT_ACTIVATION_NONE
                                       : record->activation
                                             % (record->kind == FQT_KIND_TABLE   ? 7
                                                 : record->kind == FQT_KIND_LSTM ? 5
                                                 : record->kind == FQT_KIND_GRU  ? 2
                                                                                 : 3));
    record->reserved = 0;
    const fqt_dimensions_t from = *shape_of(parts, record->input);
    fqt_window_t *window = &record->window;
    const uint16_t channels = (uint16_t)(1 + (record->output.channels - 1) % MAX_CHANNELS);
    if (record->kind == FQT_KIND_UPSAMPLE2D) {
        *window = upsampling_of(&from, window);
    } else if (!has_window(record->kind)) {
        *window = (fqt_window_t) {1, 1, 1, 1, 0, 0, 0, 0};
    } else if (record->kind == FQT_KIND_AVERAGE_POOL2D) {
        window->pad_top = window->pad_bottom = window->pad_left = window->pad_right = 0;
    }
    switch (record->kind) {
        case FQT_KIND_LSTM:
        case FQT_KIND_GRU: { // of the last step, or of all
            const bool is_last_step = record->output.height % 2;
            record->output =
                (fqt_dimensions_t) {is_last_step ? 1 : from.height, is_last_step ? 1 : from.width, channels};
            for (uint32_t i = 0; i < layer; ++i) {
                parts->records[i].flags = 0; // what is in front of it is frozen
            }
            break;
        }
        case FQT_KIND_DENSE:
            record->output = (fqt_dimensions_t) {1, 1, channels};
            break;
        case FQT_KIND_UPSAMPLE2D:
            record->output = (fqt_dimensions_t) {(uint16_t)(from.height * window->stride_height),
                (uint16_t)(from.width * window->stride_width), from.channels};
            break;
        case FQT_KIND_FLATTEN:
            record->output = (fqt_dimensions_t) {1, 1, (uint16_t)elements_of(&from)};
            break;
        default:
            record->output = from;
            if (has_window(record->kind)) {
                record->output.height = fit_extent(
                    from.height, &window->kernel_height, &window->stride_height, &window->pad_top, &window->pad_bottom);
                record->output.width = fit_extent(
                    from.width, &window->kernel_width, &window->stride_width, &window->pad_left, &window->pad_right);
                record->output.channels = record->kind == FQT_KIND_CONV2D ? channels : from.channels;
            } else {
                record->second_input = second_input(parts, layer);
            }
            if (record->kind == FQT_KIND_CONCATENATE) {
                const uint16_t others = shape_of(parts, record->second_input)->channels;
                record->output.channels = (uint16_t)(from.channels + others);
            }
    }
    if (keeps_scale(record->kind)) {
        const fqt_record_t *source = record->input == 0 ? NULL : &parts->records[record->input - 1];
        record->output_scale = source == NULL ? parts->header.input_scale : source->output_scale;
        record->output_zero_point = source == NULL ? parts->header.input_zero_point : source->output_zero_point;
    }
    memset(record->name, 0, sizeof(record->name));
    record->name[0] = (char)('a' + layer);
}

static uint32_t filter_elements(const parts_t *parts, const fqt_record_t *record) {
    const fqt_dimensions_t *from = shape_of(parts, record->input);
    const uint32_t area = (uint32_t)record->window.kernel_height * record->window.kernel_width;
    switch (record->kind) {
        case FQT_KIND_DENSE:
            return elements_of(from);
        case FQT_KIND_CONV2D:
            return area * from->channels;
        default:
            return area;
    }
}

// -- a file put together from its parts

typedef struct {
    uint8_t *to;
    size_t end;
    size_t limit;
} writer_t;

// Append a blob: bytes of the old one again and again, or one float. Returns its offset; 0: there is no room.
static uint32_t append_blob(
    writer_t *writer, const parts_t *parts, uint32_t old, uint32_t old_limit, uint32_t bytes, uint32_t fill) {
    const size_t offset = writer->end;
    if (offset + bytes > writer->limit) {
        return 0;
    }
    for (uint32_t i = 0; i < bytes; ++i) {
        const bool has_old = old != 0 && (size_t)old + old_limit <= parts->size;
        writer->to[offset + i] = has_old ? parts->bytes[old + i % old_limit] : (uint8_t)(fill >> 8 * (i % 4));
    }
    writer->end = (offset + bytes + 3) & ~(size_t)3;
    memset(writer->to + offset + bytes, 0, writer->end - offset - bytes);
    return (uint32_t)offset;
}

// The derivatives, their scale and the outputs of a table. Whether there was room.
static bool append_table(writer_t *writer, const parts_t *parts, const uint32_t old[FQT_BLOBS], uint32_t *blobs) {
    static const uint32_t fills[FQT_BLOBS] = {0x7F400181, 0, 0x3C000000, 0x7F008040};
    for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
        const bool is_scale = blob == FQT_BLOB_WEIGHT_SCALES;
        if (blob != FQT_BLOB_LOW_BITS) {
            blobs[blob] =
                append_blob(writer, parts, old[blob], is_scale ? 4 : 16, is_scale ? 4 : FQT_TABLE_ENTRIES, fills[blob]);
            if (blobs[blob] == 0) {
                return false;
            }
        }
    }
    return true;
}

// The weights, scales and biases of an lstm or gru. Whether there was room.
static bool append_gates(writer_t *writer, const parts_t *parts, const uint32_t old[FQT_BLOBS], fqt_record_t *record) {
    const uint32_t units = record->output.channels;
    const uint32_t inputs = shape_of(parts, record->input)->channels + units;
    const bool is_lstm = record->kind == FQT_KIND_LSTM;
    const uint32_t gates = is_lstm ? FQT_LSTM_GATES : FQT_GRU_GATES;
    const uint32_t bytes[FQT_BLOBS] = {
        gates * units * inputs, 0, 4 * (2 * gates + is_lstm), 4 * FQT_GATE_BIASES * units};
    static const uint32_t fills[FQT_BLOBS] = {0x7F400181, 0, 0x3C000000, 0x0B1F7F05};
    for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
        if (bytes[blob] != 0) {
            record->blobs[blob] =
                append_blob(writer, parts, old[blob], blob == FQT_BLOB_WEIGHTS ? 16 : 4, bytes[blob], fills[blob]);
            if (record->blobs[blob] == 0) {
                return false;
            }
        }
    }
    return true;
}

// Make the header one that is read.
static void fit_header(fqt_header_t *header) {
    const fqt_header_t fresh = {.magic = FQT_FILE_MAGIC,
        .major = FQT_FILE_MAJOR,
        .minor = FQT_FILE_MINOR,
        .record_bytes = FQT_RECORD_BYTES,
        .name = "mutated"};
    memcpy(header, &fresh, offsetof(fqt_header_t, file_bytes));
    memcpy(header->name, fresh.name, sizeof(fresh.name));
    header->flags = 0;
    header->input_type &= 1;
    header->random_state |= 1;
    header->loss %= 4;
    header->maps &= header->loss == FQT_LOSS_MEAN_SQUARED_ERROR ? FQT_MAP_INPUT | FQT_MAP_OUTPUT : FQT_MAP_INPUT;
}

// Write all layers with blobs that fit them. Returns the file's bytes; 0: there is no room.
static size_t put_together(parts_t *parts, uint8_t *to, size_t limit) {
    const uint32_t layers = parts->header.layer_count;
    writer_t writer = {to, FQT_HEADER_BYTES + layers * FQT_RECORD_BYTES, limit - FQT_CHECKSUM_BYTES - 4};
    if (limit < writer.end + 16) {
        return 0;
    }
    fit_header(&parts->header);
    bool is_read[MAX_LAYERS + 1] = {false};
    for (uint32_t i = 0; i < layers; ++i) {
        fqt_record_t *record = &parts->records[i];
        if (i > 0 && !is_read[i] && random_below(8) != 0) {
            record->input = (uint16_t)i; // nobody else may read it
        }
        fit_layer(parts, i, i + 1 == layers);
        is_read[record->input] = true;
        if (record->second_input != FQT_NO_SECOND_INPUT) {
            is_read[record->second_input] = true;
        }
        uint32_t old[FQT_BLOBS];
        memcpy(old, record->blobs, sizeof(old));
        memset(record->blobs, 0, sizeof(record->blobs));
        if (record->kind == FQT_KIND_TABLE && !append_table(&writer, parts, old, record->blobs)) {
            return 0;
        }
        const bool has_gates = record->kind == FQT_KIND_LSTM || record->kind == FQT_KIND_GRU;
        if (has_gates && !append_gates(&writer, parts, old, record)) {
            return 0;
        }
        if (!has_weights(record->kind)) {
            record->flags = 0;
            record->bias_scale = 0;
            continue;
        }
        record->flags %= 6; // all other flags are refused
        record->bias_scale = record->bias_scale == 0 ? parts->header.input_scale : record->bias_scale;
        const uint32_t channels = record->output.channels;
        const uint32_t weights = filter_elements(parts, record) * channels;
        for (uint32_t blob = 0; blob < FQT_BLOBS; ++blob) {
            const uint32_t low_bits = fqt_low_bits_of_flags(record->flags);
            if (blob == FQT_BLOB_LOW_BITS && low_bits == 0) {
                continue;
            }
            const bool is_bytes = blob <= FQT_BLOB_LOW_BITS;
            const uint32_t bytes = blob == FQT_BLOB_LOW_BITS ? (weights * low_bits + 7) / 8 : weights;
            record->blobs[blob] = append_blob(&writer, parts, old[blob], is_bytes ? 16 : 4,
                is_bytes ? bytes : 4 * channels, blob == FQT_BLOB_WEIGHT_SCALES ? 0x3C000000 : 0x0B1F7F05);
            if (record->blobs[blob] == 0) {
                return 0;
            }
            if (blob == FQT_BLOB_LOW_BITS && 8 * bytes != weights * low_bits) {
                to[record->blobs[blob] + bytes - 1] &= 0x0F; // the half behind the last is 0
            }
        }
    }
    const uint32_t outputs = elements_of(&parts->records[layers - 1].output);
    const uint32_t rows = (parts->header.maps & FQT_MAP_INPUT ? parts->header.input.channels : 0)
                          + (parts->header.maps & FQT_MAP_OUTPUT ? outputs : 0);
    if (rows != 0 && append_blob(&writer, parts, 0, 0, rows * FQT_MAP_ROW_BYTES, 0x3F800000) == 0) {
        return 0;
    }
    // Of each output an empty name, and an empty note.
    const uint32_t text_bytes = parts->header.text_bytes == 0 ? 0 : (outputs + 1 + 3) & ~3u;
    parts->header.text_bytes = (uint16_t)text_bytes;
    if (text_bytes != 0 && append_blob(&writer, parts, 0, 0, text_bytes, 0) == 0) {
        return 0;
    }
    memcpy(to, &parts->header, FQT_HEADER_BYTES);
    memcpy(to + FQT_HEADER_BYTES, parts->records, layers * FQT_RECORD_BYTES);
    return writer.end + FQT_CHECKSUM_BYTES;
}

// -- mutations of the file's structure

static void change_window(fqt_window_t *window) {
    uint8_t *const fields[] = {&window->kernel_height, &window->kernel_width, &window->stride_height,
        &window->stride_width, &window->pad_top, &window->pad_bottom, &window->pad_left, &window->pad_right};
    for (uint32_t count = 1 + random_below(4); count > 0; --count) {
        *fields[random_below(8)] = (uint8_t)random_below(random_below(8) == 0 ? 30 : 6);
    }
}

static fqt_record_t any_layer(uint32_t place) {
    fqt_record_t record = {.kind = any_kind(),
        .activation = (uint8_t)random_below(3),
        .flags = (uint8_t)random_below(6),
        .output_zero_point = (int8_t)(random_below(256) - 128),
        .input = (uint16_t)place,
        .output = {1, 1, (uint16_t)(1 + random_below(random_below(4) == 0 ? MAX_CHANNELS : 9))},
        .window = {1, 1, 1, 1, 0, 0, 0, 0},
        .output_scale = 0x3C23D70A,
        .bias_scale = 0x3B808081,
        .output_range = RANGE_START};
    change_window(&record.window);
    return record;
}

static void insert_layer(parts_t *parts) {
    const uint32_t layers = parts->header.layer_count;
    if (layers < MAX_LAYERS) {
        const uint32_t place = random_below(layers);
        memmove(&parts->records[place + 1], &parts->records[place], (layers - place) * sizeof(fqt_record_t));
        for (uint32_t i = place + 1; i <= layers; ++i) {
            parts->records[i].input = (uint16_t)(parts->records[i].input + (parts->records[i].input >= place));
        }
        parts->records[place] = any_layer(place);
        parts->header.layer_count = (uint16_t)(layers + 1);
    }
}

static void remove_layer(parts_t *parts) {
    const uint32_t layers = parts->header.layer_count;
    if (layers > 1) {
        const uint32_t place = random_below(layers - 1);
        memmove(&parts->records[place], &parts->records[place + 1], (layers - place - 1) * sizeof(fqt_record_t));
        for (uint32_t i = place; i < layers - 1; ++i) {
            parts->records[i].input = (uint16_t)(parts->records[i].input - (parts->records[i].input > place));
        }
        parts->header.layer_count = (uint16_t)(layers - 1);
    }
}

static void change_structure(parts_t *parts) {
    fqt_record_t *record = &parts->records[random_below(parts->header.layer_count)];
    switch (random_below(8)) {
        case 0:
            insert_layer(parts);
            break;
        case 1:
            remove_layer(parts);
            break;
        case 2:
            record->kind = any_kind();
            break;
        case 3:
            record->output.channels = (uint16_t)(1 + random_below(MAX_CHANNELS));
            break;
        case 4:
            record->flags = (uint8_t)random_below(4);
            record->activation = (uint8_t)random_below(3);
            break;
        case 5:
            record->input = (uint16_t)random_below(parts->header.layer_count);
            break;
        case 6:
            parts->header.input = (fqt_dimensions_t) {
                (uint16_t)(1 + random_below(16)), (uint16_t)(1 + random_below(16)), (uint16_t)(1 + random_below(9))};
            parts->header.loss = (uint8_t)random_below(4);
            parts->header.maps = (uint8_t)random_below(4);
            break;
        default:
            change_window(&record->window);
    }
}

// -- mutations of fields, whatever comes of it

typedef struct {
    uint8_t offset;
    uint8_t bytes;
} field_t;

static const field_t header_fields[] = {{0, 4}, {4, 2}, {6, 2}, {12, 2}, {14, 2}, {16, 2}, {18, 2}, {20, 2}, {22, 1},
    {23, 1}, {24, 4}, {28, 4}, {32, 4}, {36, 4}, {40, 1}, {55, 1}, {56, 4}, {60, 1}, {61, 1}};
static const field_t record_fields[] = {{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 2}, {6, 2}, {8, 2}, {10, 2}, {12, 2},
    {14, 1}, {15, 1}, {16, 1}, {17, 1}, {18, 1}, {19, 1}, {20, 1}, {21, 1}, {22, 2}, {24, 4}, {28, 4}, {32, 4}, {36, 4},
    {40, 4}, {44, 4}, {48, 4}, {52, 4}, {56, 1}, {71, 1}};

static void change_field(uint8_t *structure, field_t field) {
    uint32_t value = 0;
    memcpy(&value, structure + field.offset, field.bytes);
    value = field.bytes == 4 && random_below(2) == 0 ? float_bits() : any_number(value);
    memcpy(structure + field.offset, &value, field.bytes);
}

// A number somewhere behind the records: a weight scale, a bias or four weights.
static void change_blobs(uint8_t *file, size_t size, size_t records_end) {
    if (size >= records_end + 8) {
        const size_t words = (size - records_end - FQT_CHECKSUM_BYTES) / 4;
        const uint32_t value = random_below(2) == 0 ? float_bits() : any_number(0);
        memcpy(file + records_end + 4 * random_below((uint32_t)words), &value, 4);
    }
}

// Returns the file's new size.
static size_t mutate_file(uint8_t *file, size_t size, size_t max_size) {
    static parts_t parts;
    memcpy(&parts.header, file, FQT_HEADER_BYTES);
    const uint32_t layers = parts.header.layer_count;
    const size_t records_end = FQT_HEADER_BYTES + (size_t)layers * FQT_RECORD_BYTES;
    if (layers < 1 || layers > MAX_LAYERS || records_end > size || size > MAX_INPUT_BYTES) {
        return LLVMFuzzerMutate(file, size, max_size);
    }
    switch (random_below(8)) {
        case 0:
            change_field(file, header_fields[random_below(COUNT(header_fields))]);
            return size;
        case 1:
            change_field(file + FQT_HEADER_BYTES + random_below(layers) * FQT_RECORD_BYTES,
                record_fields[random_below(COUNT(record_fields))]);
            return size;
        case 2:
        case 3:
            change_blobs(file, size, records_end);
            return size;
        case 4:
            return LLVMFuzzerMutate(file, size, max_size);
        default:
            memcpy(parts.records, file + FQT_HEADER_BYTES, layers * FQT_RECORD_BYTES);
            memcpy(parts.bytes, file, size);
            parts.size = size;
            change_structure(&parts);
            const size_t changed = put_together(&parts, file, max_size);
            return changed != 0 ? changed : size;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    random_state = seed * 2654435761u | 1;
    if (size < FUZZ_JOB_BYTES + FQT_HEADER_BYTES + FQT_RECORD_BYTES) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    for (uint32_t count = 1 + random_below(3); count > 0; --count) {
        if (random_below(4) == 0) {
            LLVMFuzzerMutate(data, FUZZ_JOB_BYTES, FUZZ_JOB_BYTES);
        } else if (size >= FUZZ_JOB_BYTES + FQT_HEADER_BYTES) {
            size =
                FUZZ_JOB_BYTES + mutate_file(data + FUZZ_JOB_BYTES, size - FUZZ_JOB_BYTES, max_size - FUZZ_JOB_BYTES);
        }
    }
    if (random_below(64) != 0) {
        fuzz_put_right(data + FUZZ_JOB_BYTES, size - FUZZ_JOB_BYTES);
    }
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_run(data, size);
    return 0;
}
