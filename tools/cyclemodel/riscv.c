// RV32IMC: Hazard3 as the RP2350 has it, and the core of the ESP32-C3.
//
// Hazard3: its manual, "Instruction Cycle Counts" (github.com/Wren6991/Hazard3, doc/sections/instruction_timings.adoc).
// ESP32-C3: Espressif publishes no timings. Those of jumps, branches, loads and stores were measured on one with its
// own counters (github.com/timonvo/niccle, its benchmarks of CPU cycles); those of multiplications and divisions, on
// the ESP32-C6, whose core has four stages too (github.com/nilhoel1/LLTA-Bench, RESULTS.md).
#include "cyclemodel.h"

enum { RETURN_ADDRESS = 1, STACK = 2 };

typedef struct {
    unsigned load, high_multiply,
        divide; // cycles until the result can be used; the latter two hold the pipeline so long
    unsigned jump, branch; // cycles more when taken
} riscv_timing_t;

static uint64_t bit(unsigned r) {
    return r == 0 ? 0 : (uint64_t)1 << r; // register 0 is always ready
}

static instruction_t jump(const riscv_timing_t *timing, unsigned size, unsigned link, uint64_t reads) {
    instruction_t in = branch_instruction(size, reads, timing->jump, false);
    in.writes = bit(link);
    return in;
}

static instruction_t multiply(const riscv_timing_t *timing, unsigned function, instruction_t in) {
    in.kind = function < 4 ? MUL : DIV;
    in.cycles = function == 0 ? 1 : function < 4 ? timing->high_multiply : timing->divide;
    in.latency = in.cycles;
    return in;
}

static instruction_t compressed(const riscv_timing_t *timing, uint16_t h) {
    unsigned function = h >> 13, rd = h >> 7 & 31, rs2 = h >> 2 & 31;
    unsigned short_rd = 8 + (h >> 7 & 7), short_rs2 = 8 + (h >> 2 & 7);
    switch ((h & 3) << 3 | function) {
        case 000: // addi4spn
            return arithmetic_instruction(2, bit(short_rs2), bit(STACK));
        case 002:
            return load_instruction(2, bit(short_rs2), bit(short_rd), timing->load);
        case 006:
            return store_instruction(2, bit(short_rs2), bit(short_rd));
        case 010: // addi
            return arithmetic_instruction(2, bit(rd), bit(rd));
        case 011: // jal
            return jump(timing, 2, RETURN_ADDRESS, 0);
        case 012: // li
            return arithmetic_instruction(2, bit(rd), 0);
        case 013: // lui, addi16sp
            return arithmetic_instruction(2, bit(rd), rd == STACK ? bit(rd) : 0);
        case 014:
            return arithmetic_instruction(2, bit(short_rd), bit(short_rd) | ((h >> 10 & 3) == 3 ? bit(short_rs2) : 0));
        case 015:
            return jump(timing, 2, 0, 0);
        case 016:
        case 017:
            return branch_instruction(2, bit(short_rd), timing->branch, true);
        case 020: // slli
            return arithmetic_instruction(2, bit(rd), bit(rd));
        case 022:
            return load_instruction(2, bit(rd), bit(STACK), timing->load);
        case 024:
            if (rs2 == 0) { // jr, jalr
                return jump(timing, 2, h >> 12 & 1 ? RETURN_ADDRESS : 0, bit(rd));
            }
            return arithmetic_instruction(2, bit(rd), bit(rs2) | (h >> 12 & 1 ? bit(rd) : 0)); // add, mv
        case 026:
            return store_instruction(2, bit(rs2), bit(STACK));
        default:
            return plain_instruction(OTHER, 2);
    }
}

static instruction_t decode(const riscv_timing_t *timing, const uint8_t *bytes) {
    if ((bytes[0] & 3) != 3) {
        return compressed(timing, (uint16_t)(bytes[0] | bytes[1] << 8));
    }
    uint32_t w = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    unsigned rd = w >> 7 & 31, function = w >> 12 & 7, rs1 = w >> 15 & 31, rs2 = w >> 20 & 31;
    switch (w & 0x7F) {
        case 0x37: // lui
        case 0x17: // auipc
            return arithmetic_instruction(4, bit(rd), 0);
        case 0x6F: // jal
            return jump(timing, 4, rd, 0);
        case 0x67: // jalr
            return jump(timing, 4, rd, bit(rs1));
        case 0x63:
            return branch_instruction(4, bit(rs1) | bit(rs2), timing->branch, true);
        case 0x03:
            return load_instruction(4, bit(rd), bit(rs1), timing->load);
        case 0x23:
            return store_instruction(4, bit(rs2), bit(rs1));
        case 0x13:
            return arithmetic_instruction(4, bit(rd), bit(rs1));
        case 0x33: {
            instruction_t in = arithmetic_instruction(4, bit(rd), bit(rs1) | bit(rs2));
            return w >> 25 == 1 ? multiply(timing, function, in) : in;
        }
        default: // csr, fence, atomics
            return plain_instruction(OTHER, 4);
    }
}

static instruction_t decode_hazard3(const uint8_t *bytes) {
    static const riscv_timing_t timing = {.load = 2, .high_multiply = 1, .divide = 18, .jump = 1, .branch = 1};
    return decode(&timing, bytes);
}

static instruction_t decode_esp32c3(const uint8_t *bytes) {
    static const riscv_timing_t timing = {.load = 2, .high_multiply = 2, .divide = 10, .jump = 1, .branch = 2};
    return decode(&timing, bytes);
}

const core_t core_hazard3 = {.name = "hazard3",
    .decode = decode_hazard3,
    .issue = issue_in_order,
    .predicts_last = true,
    .aligned_targets = true};
const core_t core_esp32c3 = {.name = "esp32c3", .decode = decode_esp32c3, .issue = issue_in_order, .store_waits = true};
