// The instruction set in instructions.h as the tables that GNU binutils look for.
//
// Debian has GNU tools for Xtensa, but for the core of ESP8266, without register windows. The instruction set is no
// fixed part of binutils from 2.40 on: they load one from the shared library that XTENSA_GNU_CONFIG names (GCC from 13
// on reads the configuration from it too). This is that library; its types have the layouts that binutils' headers
// xtensa-dynconfig.h and xtensa-isa-internal.h tell.
#include <stdint.h>

#include "instructions.h"

#define UNDEFINED (-1)
#define LENGTH(array) ((int)(sizeof(array) / sizeof(*(array))))

typedef uint32_t *bits_t; // of one instruction

// In the order of binutils' xtensa_config_v1.
const struct {
    int big_endian, density, const16, abs, addx, l32r, absolute_literals, text_section_literals, mac16, mul16, mul32,
        mul32_high, div32, nsa, minmax, sext, loops, threadptr, release_sync, s32c1i, booleans, floating_point[11],
        windowed, registers, wide_branches, predicted_branches, cache_size[2], cache_line[2], cache_line_width[2],
        writeback, mmu, smallest_page, debug, instruction_breakpoints, data_breakpoints, debug_level,
        longest_instruction, fetch_width, abi, windowed_abi, call0_abi;
} xtensa_config_v1 = {
    .density = 1,
    .abs = 1,
    .addx = 1,
    .l32r = 1,
    .mul16 = 1,
    .mul32 = 1,
    .mul32_high = 1,
    .div32 = 1,
    .nsa = 1,
    .minmax = 1,
    .sext = 1,
    .windowed = 1,
    .registers = 64,
    .cache_line = {4, 4},
    .cache_line_width = {2, 2},
    .smallest_page = 29,
    .debug = 1,
    .instruction_breakpoints = 2,
    .data_breakpoints = 2,
    .debug_level = 6,
    .longest_instruction = 3,
    .fetch_width = 4,
    .call0_abi = 1,
};
const struct {
    int memory_stage, latest_version, earliest_version;
} xtensa_config_v2 = {5, 260003, 260003};
// Of GCC 13 and later: clamps and others.
const struct {
    int clamps, deposit_bits, exclusive, exceptions3;
} xtensa_config_v3 = {.clamps = 1};
const char *const xtensa_config_strings[] = {0};
int plugin_is_GPL_compatible;

#define MASK(count) ((1u << (count)) - 1)
#define FIELD_ID(name, ...) FIELD_##name,
enum { FIELDS(FIELD_ID) FIELD_COUNT };

#define FIELD_FUNCTIONS(name, at, count, upper_at, upper_count)                                                        \
    static uint32_t get_##name(const bits_t bits) {                                                                    \
        return (*bits >> at & MASK(count)) | (*bits >> upper_at & MASK(upper_count)) << count;                         \
    }                                                                                                                  \
    static void set_##name(bits_t bits, uint32_t value) {                                                              \
        *bits &= ~(MASK(count) << at | MASK(upper_count) << upper_at);                                                 \
        *bits |= (value & MASK(count)) << at | (value >> count & MASK(upper_count)) << upper_at;                       \
    }
FIELDS(FIELD_FUNCTIONS)

#define FIELD_GET(name, ...) get_##name,
#define FIELD_SET(name, ...) set_##name,
typedef uint32_t (*get_field_t)(const bits_t);
typedef void (*set_field_t)(bits_t, uint32_t);
static const get_field_t get_field[] = {FIELDS(FIELD_GET)};
static const set_field_t set_field[] = {FIELDS(FIELD_SET)};

// binutils take an operand if decoding what was encoded gives it again.
static uint32_t sign_extended(uint32_t value, int bits) {
    return (value ^ 1u << (bits - 1)) - (1u << (bits - 1));
}

static uint32_t index_in(const int32_t *values, uint32_t value) {
    uint32_t index = 0;
    while (index < 15 && values[index] != (int32_t)value) {
        ++index;
    }
    return index;
}

static const int32_t branch_values[16] = {-1, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256};
static const int32_t branch_values_unsigned[16] = {32768, 65536, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256};

#define CODING(name, field, encoded, decoded, ...)                                                                     \
    static int encode_##name(uint32_t *value) {                                                                        \
        const uint32_t x = *value;                                                                                     \
        *value = encoded;                                                                                              \
        return 0;                                                                                                      \
    }                                                                                                                  \
    static int decode_##name(uint32_t *value) {                                                                        \
        const uint32_t x = *value;                                                                                     \
        *value = decoded;                                                                                              \
        return 0;                                                                                                      \
    }
#define BASE(name, field, encoded, decoded, base)                                                                      \
    static int relative_##name(uint32_t *value, uint32_t pc) {                                                         \
        *value -= base;                                                                                                \
        return 0;                                                                                                      \
    }                                                                                                                  \
    static int absolute_##name(uint32_t *value, uint32_t pc) {                                                         \
        *value += base;                                                                                                \
        return 0;                                                                                                      \
    }
NUMBERS(CODING)
ADDRESSES(CODING)
ADDRESSES(BASE)

enum { IS_REGISTER = 1, IS_RELATIVE = 2 };
static const struct {
    const char *name;
    int field, registers, register_count;
    uint32_t flags;
    int (*encode)(uint32_t *), (*decode)(uint32_t *);
    int (*relative)(uint32_t *, uint32_t), (*absolute)(uint32_t *, uint32_t);
} operands[] = {
#define REGISTER(field) {"a" #field, FIELD_##field, 0, 1, IS_REGISTER, 0, 0, 0, 0},
#define NUMBER(name, field, ...) {#name, FIELD_##field, UNDEFINED, 0, 0, encode_##name, decode_##name, 0, 0},
#define ADDRESS(name, field, ...)                                                                                      \
    {#name, FIELD_##field, UNDEFINED, 0, IS_RELATIVE, encode_##name, decode_##name, relative_##name, absolute_##name},
    REGISTER(R) REGISTER(S) REGISTER(T) NUMBERS(NUMBER) ADDRESSES(ADDRESS)};
#define OPERAND_ID(name, ...) name,
enum { R, S, T, NUMBERS(OPERAND_ID) ADDRESSES(OPERAND_ID) };

enum { PLAIN = 0, BRANCH = 1, JUMP = 2, CALL = 8 };
typedef const struct {
    int operand;
    char direction;
} argument_t;
enum { LONG, SHORT, SLOT_COUNT }; // formats, of one slot each
static const uint32_t slot_masks[SLOT_COUNT] = {0xFFFFFF, 0xFFFF};

#define ENCODE(id, name, word, kind, ...)                                                                              \
    static void put_##id(bits_t bits) {                                                                                \
        *bits = word;                                                                                                  \
    }
INSTRUCTIONS(ENCODE)

typedef void (*put_t)(bits_t);
// The first of the arguments is none: an instruction may be without.
#define TABLES(id, name, word, kind, ...)                                                                              \
    static const put_t slots_##id[SLOT_COUNT] = {[((word) & 8) != 0] = put_##id};                                      \
    static argument_t arguments_##id[] = {{UNDEFINED, 0}, __VA_ARGS__};
INSTRUCTIONS(TABLES)

// A class of its own for each instruction.
static const struct {
    int argument_count;
    argument_t *arguments;
    int states;
    const void *state;
    int interfaces;
    const void *interface;
} classes[] = {
#define CLASS(id, ...) {LENGTH(arguments_##id) - 1, arguments_##id + 1, 0, 0, 0, 0},
    INSTRUCTIONS(CLASS)};

#define OPCODE_ID(id, ...) OPCODE_##id,
enum { INSTRUCTIONS(OPCODE_ID) OPCODE_COUNT };

static const struct {
    const char *name;
    int class;
    uint32_t flags;
    const put_t *put;
    int units;
    const void *unit;
} opcodes[] = {
#define OPCODE(id, name, word, kind, ...) {name, OPCODE_##id, kind, slots_##id, 0, 0},
    INSTRUCTIONS(OPCODE)};

static int format_of(uint32_t bits) {
    return (bits & 8) == 0 ? LONG : (bits & 15) < 14 ? SHORT : UNDEFINED;
}

static int decode_format(const bits_t bits) {
    return format_of(*bits);
}

static int decode_length(const unsigned char *bytes) {
    const int format = format_of(*bytes);
    return format == LONG ? 3 : format == SHORT ? 2 : UNDEFINED;
}

// The instruction whose bits are all there, besides those of its operands.
static int decode_opcode(const bits_t bits) {
    for (int opcode = 0; opcode < OPCODE_COUNT; ++opcode) {
        const int format = format_of(*bits);
        uint32_t word = 0, operand_bits = 0;
        if (format < 0 || !opcodes[opcode].put[format]) {
            continue;
        }
        opcodes[opcode].put[format](&word);
        for (int i = 0; i < classes[opcode].argument_count; ++i) {
            set_field[operands[classes[opcode].arguments[i].operand].field](&operand_bits, ~0u);
        }
        if (((*bits ^ word) & slot_masks[format] & ~operand_bits) == 0) {
            return opcode;
        }
    }
    return UNDEFINED;
}

#define FORMAT(name, lowest)                                                                                           \
    static void put_##name(bits_t bits) {                                                                              \
        *bits = lowest;                                                                                                \
    }                                                                                                                  \
    static void take_slot_##name(const bits_t bits, bits_t slot) {                                                     \
        *slot = *bits & slot_masks[name];                                                                              \
    }                                                                                                                  \
    static void put_slot_##name(bits_t bits, const bits_t slot) {                                                      \
        *bits = (*bits & ~slot_masks[name]) | (*slot & slot_masks[name]);                                              \
    }
FORMAT(LONG, 0)
FORMAT(SHORT, 8)

static const int slot_of_long = LONG, slot_of_short = SHORT;
static const struct {
    const char *name;
    int length;
    void (*put)(bits_t);
    int slot_count;
    const int *slots;
} formats[] = {{"x24", 3, put_LONG, 1, &slot_of_long}, {"x16a", 2, put_SHORT, 1, &slot_of_short}};

static const struct {
    const char *name, *format;
    int position;
    void (*take)(const bits_t, bits_t), (*put)(bits_t, const bits_t);
    const get_field_t *get_field;
    const set_field_t *set_field;
    int (*decode)(const bits_t);
    const char *nop;
} slots[] = {
    {"Inst", "x24", 0, take_slot_LONG, put_slot_LONG, get_field, set_field, decode_opcode, "nop"},
    {"Inst16a", "x16a", 0, take_slot_SHORT, put_slot_SHORT, get_field, set_field, decode_opcode, "nop.n"},
};

static const struct {
    const char *name, *letter;
    int parent, bits, count;
} register_files[] = {{"AR", "a", 0, 32, 64}};

// What binutils find in the library. They fill the tables of names.
struct {
    int big_endian, longest, words;
    int format_count;
    const void *formats;
    int (*decode_format)(const bits_t), (*decode_length)(const unsigned char *);
    int slot_count;
    const void *slots;
    int field_count;
    int operand_count;
    const void *operands;
    int class_count;
    const void *classes;
    int opcode_count;
    const void *opcodes;
    void *opcode_names;
    int register_file_count;
    const void *register_files;
    int state_count;
    const void *states;
    void *state_names;
    int special_register_count;
    const void *special_registers;
    void *special_register_names;
    int greatest_special_register[2];
    void *special_registers_by_number[2];
    int interface_count;
    const void *interfaces;
    void *interface_names;
    int unit_count;
    const void *units;
    void *unit_names;
} xtensa_modules = {
    .longest = 3,
    .words = 1,
    .format_count = LENGTH(formats),
    .formats = formats,
    .decode_format = decode_format,
    .decode_length = decode_length,
    .slot_count = SLOT_COUNT,
    .slots = slots,
    .field_count = FIELD_COUNT,
    .operand_count = LENGTH(operands),
    .operands = operands,
    .class_count = LENGTH(classes),
    .classes = classes,
    .opcode_count = OPCODE_COUNT,
    .opcodes = opcodes,
    .register_file_count = LENGTH(register_files),
    .register_files = register_files,
};
