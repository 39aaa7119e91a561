// Thumb instructions of 32 bits: what they are and which registers they read and write (Armv7-M Architecture Reference
// Manual, chapter A5.3). Of floating point, which fqt does not use, only the kinds are told.
#include "cyclemodel.h"

enum { LR = 14, NONE = 15 };

static uint64_t bit(unsigned r) {
    return (uint64_t)1 << r;
}

static const uint64_t FLAGS = (uint64_t)1 << THUMB_FLAGS;

static instruction_t operation(enum form form, uint64_t writes, uint64_t reads) {
    instruction_t in = arithmetic_instruction(4, writes, reads);
    in.form = form;
    return in;
}

// The sixteen operations with a shifted register or a constant as last operand (`last`, of the form `form`); where the
// other operand or the destination is register 15, they are moves or comparisons.
static instruction_t arithmetic(uint16_t first, uint16_t second, enum form form, uint64_t last) {
    unsigned which = first >> 5 & 15, n = first & 15, d = second >> 8 & 15;
    bool sets = first & 0x10, is_sum = which == 8 || which == 13, is_move = which == 2 && n == NONE;
    uint64_t writes = (d == NONE ? 0 : bit(d)) | (sets ? FLAGS : 0);
    uint64_t reads = last | (n == NONE && (which == 2 || which == 3) ? 0 : bit(n));
    if (which == 10 || which == 11) {
        reads |= FLAGS;
    }
    if (form == PLAIN && (is_move || (is_sum && d != NONE))) {
        form = SIMPLE;
    } else if (is_move && (form == SHIFTED || form == SHIFTED_LEFT)) {
        form = SHIFT;
    }
    instruction_t in = operation(form, writes, reads);
    in.shifts = form == SHIFTED || form == SHIFTED_LEFT ? last : 0;
    return in;
}

static instruction_t shifted_register(uint16_t first, uint16_t second) {
    unsigned m = second & 15, amount = (second >> 10 & 0x1C) | (second >> 6 & 3), type = second >> 4 & 3;
    if ((first >> 5 & 15) == 6) { // pkhbt, pkhtb
        instruction_t in = operation(PARALLEL, bit(second >> 8 & 15), bit(first & 15) | bit(m));
        in.shifts = second & 0x20 ? in.reads : bit(m);
        return in;
    }
    enum form form = amount == 0 && type == 0 ? PLAIN : type == 0 ? SHIFTED_LEFT : SHIFTED;
    return arithmetic(first, second, form, bit(m));
}

static instruction_t constant(uint16_t first, uint16_t second) {
    if (first & 0x200) { // of 12 or 16 bits; fields of bits
        unsigned which = first >> 4 & 31, n = first & 15, d = second >> 8 & 15;
        switch (which) {
            case 0:
            case 10: // addw, subw
                return operation(SIMPLE, bit(d), n == NONE ? 0 : bit(n));
            case 4: // movw
                return operation(SIMPLE, bit(d), 0);
            case 12: // movt
                return operation(PLAIN, bit(d), bit(d));
            case 22: { // bfi, bfc
                instruction_t in = operation(BITS, bit(d), bit(d) | (n == NONE ? 0 : bit(n)));
                in.shifts = n == NONE ? 0 : bit(n);
                return in;
            }
            default: { // sbfx, ubfx; ssat, usat
                instruction_t in = operation(which == 20 || which == 28 ? BITS : SATURATE, bit(d), bit(n));
                in.shifts = bit(n);
                return in;
            }
        }
    }
    bool is_shifted = first & 0x400 || second & 0x4000; // else 8 bits, or a pattern of them
    return arithmetic(first, second, is_shifted ? CONSTANT : PLAIN, 0);
}

static instruction_t flow(uint16_t first, uint16_t second) {
    if ((second & 0x5000) == 0 && (first & 0x380) == 0x380) { // special registers, barriers, hints
        if (first == 0xF3AF) {
            return operation(NOTHING, 0, 0);
        }
        instruction_t in = plain_instruction(OTHER, 4);
        in.cycles = 2;
        return in;
    }
    instruction_t in = branch_instruction(4, (second & 0x5000) == 0 ? FLAGS : 0, 0, (second & 0x5000) == 0);
    in.writes = second & 0x4000 ? bit(LR) : 0;
    return in;
}

static instruction_t pair_or_table(uint16_t first, uint16_t second) {
    unsigned n = first & 15;
    bool is_load = first & 0x10;
    if ((first & 0xFFF0) == 0xE8D0 && (second & 0xE0) == 0) { // tbb, tbh
        instruction_t in = branch_instruction(4, bit(n) | bit(second & 15), 0, false);
        in.addresses = in.reads;
        in.form = SINGLE;
        in.indirect = true;
        return in;
    }
    if ((first & 0xFF60) == 0xE840 || (first & 0xFFE0) == 0xE8C0) { // exclusive
        return thumb_single(is_load, 4, 4, second >> 12, bit(n));
    }
    uint64_t both = bit(second >> 12) | bit(second >> 8 & 15);
    instruction_t in = thumb_multiple(is_load, 4, both, n, first & 0x20);
    in.count = 2;
    return in;
}

static instruction_t one_of_memory(uint16_t first, uint16_t second) {
    unsigned n = first & 15, t = second >> 12, width = 1u << (first >> 5 & 3);
    bool is_load = first & 0x10, is_constant = first & 0x80;
    if (is_load && t == NONE && width != 4) { // pld
        return operation(NOTHING, 0, 0);
    }
    if (n == NONE) { // beside the program counter
        return thumb_single(is_load, 4, width, t, 0);
    }
    bool indexed = !is_constant && !(second & 0x800);
    instruction_t in = thumb_single(is_load, 4, width, t, bit(n) | (indexed ? bit(second & 15) : 0));
    in.indexed = indexed;
    if (!is_constant && second & 0x800 && second & 0x100) {
        in.updates = bit(n);
        in.writes |= bit(n);
    }
    return in;
}

static instruction_t of_registers(uint16_t first, uint16_t second) {
    unsigned n = first & 15, d = second >> 8 & 15, m = second & 15, high = first >> 4 & 15, low = second >> 4 & 15;
    if (high < 8 && low == 0) {
        return operation(SHIFT, bit(d) | (high & 1 ? FLAGS : 0), bit(n) | bit(m));
    }
    if (high < 8) { // extension, with a sum where n is a register
        bool is_packed = high == 2 || high == 3;
        instruction_t in = operation(n == NONE && !is_packed ? EXTEND : PARALLEL, bit(d), bit(m));
        if (n != NONE) {
            in.reads |= bit(n);
            in.sums = bit(n);
            in.shifts = bit(m);
        }
        return in;
    }
    if (low >= 8 && (high == 9 || high == 11)) { // rev, clz
        instruction_t in = operation(BITS, bit(d), bit(m));
        in.shifts = high == 9 ? bit(m) : 0;
        return in;
    }
    return operation(PARALLEL, bit(d), bit(n) | bit(m));
}

static instruction_t product(uint16_t first, uint16_t second) {
    unsigned n = first & 15, a = second >> 12, d = second >> 8 & 15, m = second & 15, which = first >> 4 & 7;
    instruction_t in = operation(PLAIN, bit(d), bit(n) | bit(m));
    in.kind = MUL;
    if (first & 0x80) { // of 64 bits; divisions
        if (which == 1 || which == 3) {
            in.kind = DIV;
            return in;
        }
        in.writes |= bit(a);
        in.sums = which >= 4 ? bit(a) | bit(d) : 0;
    } else if (a != NONE) {
        in.sums = bit(a);
    }
    in.reads |= in.sums;
    return in;
}

static instruction_t floating_point(uint16_t first, uint16_t second) {
    instruction_t in = plain_instruction(ALU, 4);
    unsigned n = first & 15;
    if ((first & 0xEF00) == 0xEE00) { // arithmetic, or moves between registers
        unsigned which = first >> 4 & 11;
        if (second & 0x10) {
            return in;
        }
        if (which <= 2 || which == 9 || which == 10) {
            in.kind = MUL;
            in.cycles = which == 2 ? 1 : 3; // with a sum
        } else if (which == 8 || (which == 11 && n == 1 && (second & 0xC0) == 0xC0)) { // also the square root
            in.kind = DIV;
            in.cycles = 14;
        }
        return in;
    }
    if ((first & 0xFFE0) == 0xEC40) { // two registers
        in.cycles = 2;
        return in;
    }
    in.kind = first & 0x10 ? LOAD : STORE;
    in.form = MULTIPLE;
    in.reads = in.addresses = bit(n);
    in.count = (first & 0x0F00) == 0x0D00 && !(first & 0x20) ? 1 : second & 0xFF;
    in.cycles = in.count + 1;
    return in;
}

instruction_t thumb_wide(uint16_t first, uint16_t second) {
    if ((first & 0xEC00) == 0xEC00) {
        return floating_point(first, second);
    }
    if (first >> 9 == 0x74) {
        if (first & 0x40) {
            return pair_or_table(first, second);
        }
        return thumb_multiple(first & 0x10, 4, second, first & 15, first & 0x20);
    }
    if (first >> 9 == 0x75) {
        return shifted_register(first, second);
    }
    if (first >> 11 == 0x1E) {
        return second & 0x8000 ? flow(first, second) : constant(first, second);
    }
    switch (first >> 8) {
        case 0xFA:
            return of_registers(first, second);
        case 0xFB:
            return product(first, second);
        default:
            return (first & 0xFE00) == 0xF800 ? one_of_memory(first, second) : plain_instruction(OTHER, 4);
    }
}
