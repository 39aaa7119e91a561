// What the parts of the cycle model share: an instruction as they see it, a core, and its pipeline.
//
// A decoder says what an instruction is and which registers it reads and writes; a core's timing says how long it holds
// the pipeline, when its result can be used and what a change of the flow costs; a core's rule of issue adds these up,
// one instruction behind another, as they are executed. Memory never waits.
#ifndef FQT_CYCLEMODEL_H
#define FQT_CYCLEMODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REGISTERS (64)

enum kind { ALU, LOAD, STORE, MUL, DIV, BRANCH, OTHER, N_KINDS };

// What rules of Arm's cores tell apart among instructions of one kind.
enum form {
    PLAIN, // anything that is none of the following
    SIMPLE, // additions, subtractions and moves without a shift
    SHIFT, // a move that shifts
    SHIFTED_LEFT, // the last operand is shifted left
    SHIFTED, // the last operand is shifted otherwise
    CONSTANT, // the last operand is a shifted constant
    EXTEND, // of a byte or a half-word to a word
    BITS, // inserts and extracts bits, reverses, counts zeros
    SATURATE,
    PARALLEL, // on bytes or half-words side by side: sums, packing, extension with a sum
    SINGLE, // one load or store
    MULTIPLE, // of some registers
    CONDITION, // makes the next instructions conditional (IT)
    NOTHING, // nop
};

typedef struct {
    enum kind kind;
    unsigned size; // bytes
    unsigned cycles; // that it holds the pipeline
    unsigned latency; // from its start until an instruction that reads its result can start
    unsigned taken; // cycles more where the flow does not go on behind it
    bool conditional; // a branch that may be taken or not
    uint64_t reads, writes; // registers, a bit for each
    uint64_t stores; // registers read for the data of a store
    // Of Arm's, where reads has all that are read but for the data of stores:
    enum form form;
    uint64_t addresses; // read for an address, or for where a branch goes
    uint64_t shifts; // read by a shift in front of the operation
    uint64_t sums; // read to add to
    uint64_t updates; // written as the address of the next access
    unsigned count; // of registers of a MULTIPLE
    unsigned width; // bytes of an access
    bool indexed; // by a register
    bool indirect; // a branch to where a register or memory says
    uint64_t address; // of its last access, and
    unsigned accesses; // how many to RAM it made: the plugin sets both
} instruction_t;

// What instructions that started hold up.
typedef struct {
    uint64_t now; // when the next one can start
    uint64_t ready[REGISTERS]; // when a value can be used
    uint64_t ready_early[REGISTERS]; // by what needs it a stage earlier
    uint64_t loaded; // registers whose value is a word from memory
    bool open; // a second instruction may start together with the last one
    bool early_flags; // the last branch came long enough behind what set its flags
    const instruction_t *last; // that started
} pipeline_t;

typedef struct core core_t;

struct core {
    const char *name;
    // Decodes the instruction at `bytes` and gives it this core's timing. Its length is told by the bytes alone: QEMU
    // tells a wrong one of some (at a page's end; those that it lacks).
    instruction_t (*decode)(const uint8_t *bytes);
    // Starts an instruction.
    void (*issue)(const core_t *core, pipeline_t *pipeline, const instruction_t *in);
    // What it costs that the flow does not go on behind the last instruction, or where it was predicted to; NULL: its
    // `taken`.
    unsigned (*taken)(const pipeline_t *pipeline);
    bool store_waits; // the data of a store must be ready when it starts, as other operands
    bool predicts_last; // predicts that the last backward branch that was taken is taken again
    bool predicts_all; // predicts every branch by what it did before
    bool aligned_targets; // a branch to a 32-bit instruction that is not aligned to 32 bits takes one cycle more
    bool blocks_apart; // what is held up in front of a block is forgotten
    bool sees_addresses; // its timing depends on addresses of data
    bool shares_bus; // code in RAM comes over the bus of its data
};

extern const core_t core_m0p, core_m4, core_m4_plain, core_m33, core_m7;
extern const core_t core_hazard3, core_esp32c3, core_xtensa5, core_xtensa7;

// Instructions of common kinds, of one cycle; registers are given as bits.
instruction_t plain_instruction(enum kind kind, unsigned size);
instruction_t arithmetic_instruction(unsigned size, uint64_t writes, uint64_t reads);
instruction_t load_instruction(unsigned size, uint64_t writes, uint64_t reads, unsigned latency);
instruction_t store_instruction(unsigned size, uint64_t stores, uint64_t reads);
instruction_t branch_instruction(unsigned size, uint64_t reads, unsigned taken, bool conditional);

// Arm's Thumb instructions, of one cycle: what they are, without a core's timing. Register 16 is that of the flags.
enum { THUMB_PC = 15, THUMB_FLAGS = 16 };
instruction_t decode_thumb(const uint8_t *bytes);
instruction_t thumb_wide(uint16_t first, uint16_t second);
// One load or store, of `width` bytes, with its address from `addresses`; `of` is the register that is loaded or
// stored.
instruction_t thumb_single(bool is_load, unsigned size, unsigned width, unsigned of, uint64_t addresses);
instruction_t thumb_multiple(bool is_load, unsigned size, uint64_t registers, unsigned base, bool updates);

// The greatest of `least` and of when the registers of `mask` are ready.
uint64_t ready_at(const uint64_t *ready, uint64_t mask, uint64_t least);
void set_ready(uint64_t *ready, uint64_t mask, uint64_t when);

// Instructions that start one at a time, in order: each waits for the pipeline and for the registers that it reads.
void issue_in_order(const core_t *core, pipeline_t *pipeline, const instruction_t *in);

#endif
