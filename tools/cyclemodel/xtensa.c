// Xtensa LX as the ESP32s have it: with register windows, 16-bit instructions, a 32-bit multiplier and divider.
//
// With five stages (taken for the ESP32-S3): the result of a load and of a multiplication can be used in the second
// cycle (GCC's gcc/config/xtensa/xtensa.md, contributed by Tensilica), a branch that is taken takes three: a loop of an
// addition, a count and a branch took five cycles on an ESP8266 (github.com/espressif/esp-idf/issues/85). With seven
// stages (the datasheet of the ESP32; taken for the ESP32-S2) the same loop took six, and a count and a branch five
// beside what is in the loop (pcm1723.hateblo.jp, 2018-04-17). So one of the two more stages is before a branch is
// known; the other is taken to be that of the data memory, so that a load's result comes a cycle later. Divisions hold
// the pipeline 13 cycles: a guess, they are rare.
#include "cyclemodel.h"

typedef struct {
    unsigned load, multiply, taken;
} xtensa_timing_t;

enum { DIVIDE_CYCLES = 13 };

static uint64_t bit(unsigned r) {
    return (uint64_t)1 << r;
}

static instruction_t multiply(const xtensa_timing_t *timing, unsigned to, uint64_t reads) {
    instruction_t in = arithmetic_instruction(3, bit(to), reads);
    in.kind = MUL;
    in.latency = timing->multiply;
    return in;
}

// Operations on registers: a field of four bits says which group, another which of it.
static instruction_t of_registers(const xtensa_timing_t *timing, uint32_t w) {
    unsigned t = w >> 4 & 15, s = w >> 8 & 15, r = w >> 12 & 15, group = w >> 16 & 15, which = w >> 20;
    switch (group) {
        case 0:
            if (which == 0 && r == 0 && t >> 2 >= 2) { // ret, jx, callx
                return branch_instruction(3, bit(s), timing->taken, false);
            }
            if (which == 0 || which == 4) { // synchronisation; shift amounts, nsa
                return which == 4 && r >= 14 ? arithmetic_instruction(3, bit(t), bit(s)) : plain_instruction(OTHER, 3);
            }
            return arithmetic_instruction(3, bit(r), bit(s) | bit(t)); // logic, neg, abs, add, sub, both shifted
        case 1:
            if (which == 12 || which == 13) { // mul16
                return multiply(timing, r, bit(s) | bit(t));
            }
            return arithmetic_instruction(3, bit(r),
                which < 2     ? bit(s)
                : which == 10 ? bit(s)
                              : bit(s) | bit(t)); // shifts
        case 2:
            if (which >= 12) { // quo, rem
                instruction_t in = arithmetic_instruction(3, bit(r), bit(s) | bit(t));
                in.kind = DIV;
                in.cycles = in.latency = DIVIDE_CYCLES;
                return in;
            }
            return which >= 8 ? multiply(timing, r, bit(s) | bit(t)) : plain_instruction(OTHER, 3);
        case 3:
            if (which < 2) { // special registers
                return arithmetic_instruction(3, bit(t), bit(t));
            }
            if (which < 4) { // sext, clamps
                return arithmetic_instruction(3, bit(r), bit(s));
            }
            return arithmetic_instruction(
                3, bit(r), bit(s) | bit(t) | (which >= 8 ? bit(r) : 0)); // min, max, conditional moves
        case 4:
        case 5: // extui
            return arithmetic_instruction(3, bit(r), bit(t));
        default:
            return plain_instruction(OTHER, 3);
    }
}

static instruction_t of_memory(const xtensa_timing_t *timing, uint32_t w) {
    unsigned t = w >> 4 & 15, s = w >> 8 & 15;
    switch (w >> 12 & 15) {
        case 0: // l8ui
        case 1: // l16ui
        case 2: // l32i
        case 9: // l16si
        case 11: // l32ai
            return load_instruction(3, bit(t), bit(s), timing->load);
        case 4:
        case 5:
        case 6:
        case 15: // s8i, s16i, s32i, s32ri
            return store_instruction(3, bit(t), bit(s));
        case 10: // movi
            return arithmetic_instruction(3, bit(t), 0);
        case 12:
        case 13: // addi, addmi
            return arithmetic_instruction(3, bit(t), bit(s));
        default: // caches, s32c1i
            return plain_instruction(OTHER, 3);
    }
}

static instruction_t of_flow(const xtensa_timing_t *timing, uint32_t w) {
    unsigned s = w >> 8 & 15, n = w >> 4 & 3, m = w >> 6 & 3;
    if (n == 0) { // j
        return branch_instruction(3, 0, timing->taken, false);
    }
    if (n == 3 && m == 0) { // entry
        return plain_instruction(OTHER, 3);
    }
    return branch_instruction(3, n == 3 && m == 1 ? 0 : bit(s), timing->taken, true);
}

static instruction_t narrow(const xtensa_timing_t *timing, uint16_t h) {
    unsigned t = h >> 4 & 15, s = h >> 8 & 15, r = h >> 12;
    switch (h & 15) {
        case 8: // l32i.n
            return load_instruction(2, bit(t), bit(s), timing->load);
        case 9: // s32i.n
            return store_instruction(2, bit(t), bit(s));
        case 10: // add.n
            return arithmetic_instruction(2, bit(r), bit(s) | bit(t));
        case 11: // addi.n
            return arithmetic_instruction(2, bit(r), bit(s));
        case 12: // movi.n; beqz.n, bnez.n
            return t < 8 ? arithmetic_instruction(2, bit(s), 0) : branch_instruction(2, bit(s), timing->taken, true);
        default: // mov.n; ret.n, retw.n; nop.n and others
            if (r == 0) {
                return arithmetic_instruction(2, bit(t), bit(s));
            }
            return r == 15 && t < 2 ? branch_instruction(2, bit(0), timing->taken, false) : plain_instruction(OTHER, 2);
    }
}

static instruction_t decode(const xtensa_timing_t *timing, const uint8_t *bytes) {
    if ((bytes[0] & 15) >= 8) {
        return narrow(timing, (uint16_t)(bytes[0] | bytes[1] << 8));
    }
    uint32_t w = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16;
    switch (w & 15) {
        case 0:
            return of_registers(timing, w);
        case 1: // l32r
            return load_instruction(3, bit(w >> 4 & 15), 0, timing->load);
        case 2:
            return of_memory(timing, w);
        case 5: // call
            return branch_instruction(3, 0, timing->taken, false);
        case 6:
            return of_flow(timing, w);
        case 7:
            return branch_instruction(3, bit(w >> 8 & 15) | bit(w >> 4 & 15), timing->taken, true);
        default: // floating point, mac16
            return plain_instruction(OTHER, 3);
    }
}

static instruction_t decode5(const uint8_t *bytes) {
    static const xtensa_timing_t timing = {.load = 2, .multiply = 2, .taken = 2};
    return decode(&timing, bytes);
}

static instruction_t decode7(const uint8_t *bytes) {
    static const xtensa_timing_t timing = {.load = 3, .multiply = 2, .taken = 3};
    return decode(&timing, bytes);
}

const core_t core_xtensa5 = {.name = "xtensa5", .decode = decode5, .issue = issue_in_order};
const core_t core_xtensa7 = {.name = "xtensa7", .decode = decode7, .issue = issue_in_order};
