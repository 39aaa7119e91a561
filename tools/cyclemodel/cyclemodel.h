// What the parts of the cycle model share: an instruction as they see it, and a core.
//
// A decoder says what an instruction is and which registers it reads and writes; a core's timing says how long it holds
// the pipeline, when its result can be used and what a change of the flow costs; issue.c adds these up over a block of
// instructions. Memory never waits.
#ifndef FQT_CYCLEMODEL_H
#define FQT_CYCLEMODEL_H

#include <stdbool.h>
#include <stdint.h>

enum kind { ALU, LOAD, STORE, MUL, DIV, BRANCH, OTHER, N_KINDS };

typedef struct {
    enum kind kind;
    unsigned size; // bytes
    unsigned cycles; // that it holds the pipeline
    unsigned latency; // from its start until an instruction that reads its result can start
    unsigned taken; // cycles more where the flow does not go on behind it
    bool conditional; // a branch that may be taken or not
    uint64_t reads, writes; // registers, a bit for each
    uint64_t stores; // registers read for the data of a store
} instruction_t;

typedef struct {
    const char *name;
    // Decodes the instruction at `bytes`, which is `size` bytes long, and gives it this core's timing.
    instruction_t (*decode)(const uint8_t *bytes, unsigned size);
    bool store_waits; // the data of a store must be ready when it starts, as other operands
    bool predicts_last; // predicts that the last backward branch that was taken is taken again
    bool aligned_targets; // a branch to a 32-bit instruction that is not aligned to 32 bits takes one cycle more
    bool loads_pipelined; // each load after the first of neighbours takes one cycle
} core_t;

extern const core_t core_m0p, core_m4, core_hazard3, core_esp32c3, core_xtensa5, core_xtensa7;

// Instructions of common kinds, of one cycle; registers are given as bits.
instruction_t plain_instruction(enum kind kind, unsigned size);
instruction_t arithmetic_instruction(unsigned size, uint64_t writes, uint64_t reads);
instruction_t load_instruction(unsigned size, uint64_t writes, uint64_t reads, unsigned latency);
instruction_t store_instruction(unsigned size, uint64_t stores, uint64_t reads);
instruction_t branch_instruction(unsigned size, uint64_t reads, unsigned taken, bool conditional);

// Cycles of `count` instructions that run one behind another, from when the first starts until one behind the last
// could.
unsigned block_cycles(const core_t *core, const instruction_t *instructions, unsigned count);

#endif
