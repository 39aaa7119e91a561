// Thumb instructions of 16 bits, and what they have in common with those of 32: what they are and which registers they
// read and write (Armv7-M Architecture Reference Manual, chapter A5).
//
// That an instruction within an IT block leaves the flags alone is not seen here.

#include "cyclemodel.h"

enum { SP = 13, LR = 14 };

static uint64_t bit(unsigned r) {
    return (uint64_t)1 << r;
}

static const uint64_t FLAGS = (uint64_t)1 << THUMB_FLAGS;

instruction_t thumb_single(bool is_load, unsigned size, unsigned width, unsigned of, uint64_t addresses) {
    instruction_t in =
        is_load ? load_instruction(size, bit(of), addresses, 1) : store_instruction(size, bit(of), addresses);
    in.form = SINGLE;
    in.width = width;
    in.addresses = addresses;
    if (is_load && of == THUMB_PC) {
        in.indirect = true;
    }
    return in;
}

instruction_t thumb_multiple(bool is_load, unsigned size, uint64_t registers, unsigned base, bool updates) {
    instruction_t in = plain_instruction(is_load ? LOAD : STORE, size);
    in.form = MULTIPLE;
    in.count = (unsigned)__builtin_popcountll(registers);
    in.reads = in.addresses = bit(base);
    in.updates = updates ? bit(base) : 0;
    in.writes = (is_load ? registers : 0) | in.updates;
    in.stores = is_load ? 0 : registers;
    in.indirect = is_load && registers & bit(THUMB_PC);
    return in;
}

static instruction_t operation(enum form form, uint64_t writes, uint64_t reads) {
    instruction_t in = arithmetic_instruction(2, writes, reads);
    in.form = form;
    return in;
}

// Shifts, additions, moves, comparisons with small constants.
static instruction_t immediate(uint16_t h) {
    unsigned d = h & 7, m = h >> 3 & 7, wide_d = h >> 8 & 7;
    if (h >> 13 == 1) {
        switch (h >> 11 & 3) {
            case 0: // mov
                return operation(SIMPLE, bit(wide_d) | FLAGS, 0);
            case 1: // cmp
                return operation(PLAIN, FLAGS, bit(wide_d));
            default:
                return operation(SIMPLE, bit(wide_d) | FLAGS, bit(wide_d));
        }
    }
    if ((h >> 11 & 3) == 3) { // add, sub
        return operation(SIMPLE, bit(d) | FLAGS, bit(m) | (h & 0x400 ? 0 : bit(h >> 6 & 7)));
    }
    return operation(h >> 6 == 0 ? SIMPLE : SHIFT, bit(d) | FLAGS, bit(m));
}

static instruction_t of_registers(uint16_t h) {
    unsigned d = h & 7, m = h >> 3 & 7, which = h >> 6 & 15;
    uint64_t both = bit(d) | bit(m);
    switch (which) {
        case 2:
        case 3:
        case 4:
        case 7: // shifts
            return operation(SHIFT, bit(d) | FLAGS, both);
        case 5:
        case 6: // with carry
            return operation(PLAIN, bit(d) | FLAGS, both | FLAGS);
        case 8:
        case 10:
        case 11: // comparisons
            return operation(PLAIN, FLAGS, both);
        case 9:
        case 15: // negation
            return operation(PLAIN, bit(d) | FLAGS, bit(m));
        case 13: {
            instruction_t in = operation(PLAIN, bit(d) | FLAGS, both);
            in.kind = MUL;
            return in;
        }
        default:
            return operation(PLAIN, bit(d) | FLAGS, both);
    }
}

// Of all sixteen registers, branches among them.
static instruction_t of_high_registers(uint16_t h) {
    unsigned d = (h & 7) | (h >> 4 & 8), m = h >> 3 & 15;
    switch (h >> 8 & 3) {
        case 1:
            return operation(PLAIN, FLAGS, bit(d) | bit(m));
        case 3: {
            instruction_t in = branch_instruction(2, bit(m), 0, false);
            in.addresses = bit(m);
            in.writes = h & 0x80 ? bit(LR) : 0;
            in.indirect = true;
            return in;
        }
        default: {
            bool is_add = (h >> 8 & 3) == 0;
            if (d == THUMB_PC) {
                instruction_t in = branch_instruction(2, bit(m), 0, false);
                in.addresses = bit(m);
                in.indirect = true;
                return in;
            }
            return operation(SIMPLE, bit(d), bit(m) | (is_add ? bit(d) : 0));
        }
    }
}

static instruction_t of_memory(uint16_t h) {
    static const struct {
        bool is_load;
        unsigned width;
    } INDEXED[] = {{0, 4}, {0, 2}, {0, 1}, {1, 1}, {1, 4}, {1, 2}, {1, 1}, {1, 2}};
    unsigned t = h & 7, n = h >> 3 & 7;
    bool is_load = h & 0x800;
    switch (h >> 12) {
        case 5: {
            unsigned which = h >> 9 & 7;
            instruction_t in =
                thumb_single(INDEXED[which].is_load, 2, INDEXED[which].width, t, bit(n) | bit(h >> 6 & 7));
            in.indexed = true;
            return in;
        }
        case 6:
            return thumb_single(is_load, 2, 4, t, bit(n));
        case 7:
            return thumb_single(is_load, 2, 1, t, bit(n));
        case 8:
            return thumb_single(is_load, 2, 2, t, bit(n));
        default:
            return thumb_single(is_load, 2, 4, h >> 8 & 7, bit(SP));
    }
}

static instruction_t miscellaneous(uint16_t h) {
    if ((h & 0xF600) == 0xB400) { // push, pop
        bool is_load = h & 0x800;
        uint64_t more = h & 0x100 ? bit(is_load ? THUMB_PC : LR) : 0;
        return thumb_multiple(is_load, 2, (h & 0xFF) | more, SP, true);
    }
    if ((h & 0xF500) == 0xB100) { // cbz
        return branch_instruction(2, bit(h & 7), 0, true);
    }
    switch (h >> 8 & 15) {
        case 0: // the stack pointer plus a constant
            return operation(SIMPLE, bit(SP), bit(SP));
        case 2:
            return operation(EXTEND, bit(h & 7), bit(h >> 3 & 7));
        case 10:
            return operation(BITS, bit(h & 7), bit(h >> 3 & 7));
        case 15: {
            instruction_t in = operation(h & 15 ? CONDITION : NOTHING, 0, h & 15 ? FLAGS : 0);
            return in;
        }
        default:
            return plain_instruction(OTHER, 2);
    }
}

static instruction_t narrow(uint16_t h) {
    switch (h >> 12) {
        case 0:
        case 1:
        case 2:
        case 3:
            return immediate(h);
        case 4:
            if (h >> 10 == 0x10) {
                return of_registers(h);
            }
            return h >> 10 == 0x11 ? of_high_registers(h) : thumb_single(true, 2, 4, h >> 8 & 7, 0);
        case 10:
            return operation(SIMPLE, bit(h >> 8 & 7), h & 0x800 ? bit(SP) : 0);
        case 11:
            return miscellaneous(h);
        case 12:
            return thumb_multiple(h & 0x800, 2, h & 0xFF, h >> 8 & 7, !(h & 0x800) || !(h & bit(h >> 8 & 7)));
        case 13:
            return (h >> 8 & 15) < 14 ? branch_instruction(2, FLAGS, 0, true) : plain_instruction(OTHER, 2);
        case 14:
            return branch_instruction(2, 0, 0, false);
        default:
            return of_memory(h);
    }
}

instruction_t decode_thumb(const uint8_t *bytes) {
    uint16_t first = (uint16_t)(bytes[0] | bytes[1] << 8);
    return first >> 11 < 0x1D ? narrow(first) : thumb_wide(first, (uint16_t)(bytes[2] | bytes[3] << 8));
}
