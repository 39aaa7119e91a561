// Cortex-M0+, Cortex-M3 and Cortex-M4: cycles an instruction by Arm's technical reference manuals (DDI 0484, DDI 0337I,
// DDI 0439D, chapter 3.3).
//
// Cortex-M3 and M4, 3.3.2 of the manual: a load takes two cycles, one behind a load unless its address is what that one
// loaded; a store with a constant offset one, with a register two, or one behind a load. An address that the
// instruction before computed costs one more, an unaligned load one or two. A load that updates its address is never
// shortened by a load before (measured: compendium.i-0.nl, "Load placement"; github.com/jnk0le/random, cortex_m3m4.md).
// Divisions take 2 to 12 cycles by their operands: 7 here.
//
// Branches: the manual says 1 to 3 cycles more when taken. Two who measured (compendium.i-0.nl, "Branch timing"; the
// template of github.com/jnk0le/random for Cortex-M3) found 1 where the target is told by the instruction, and one more
// where it is a 32-bit instruction that is not aligned. Where a register tells it, 2 are taken here, and 3 where memory
// does, as the manual has it.
//
// "m4plain" is the table alone with 2 for each branch that is taken: with it others' code was counted to which
// docs/performance.md compares.
#include "cyclemodel.h"

enum { DIVISION = 7 };

// What all three share: loads and stores of two cycles, those of more registers.
static void share_times(instruction_t *in) {
    if (in->form == MULTIPLE) {
        in->cycles = 1 + in->count;
    } else if (in->kind == LOAD) {
        in->cycles = 2;
    } else if (in->kind == DIV && in->cycles == 1) {
        in->cycles = DIVISION;
    }
}

static instruction_t decode_m0p(const uint8_t *bytes) {
    instruction_t in = decode_thumb(bytes);
    share_times(&in);
    if (in.kind == STORE && in.form == SINGLE) {
        in.cycles = 2;
    }
    if (in.kind == BRANCH) {
        in.taken = in.size == 4 ? 2 : 1;
    } else if (in.indirect) {
        in.taken = 2;
    }
    in.latency = in.cycles;
    return in;
}

static instruction_t decode_plain(const uint8_t *bytes) {
    instruction_t in = decode_thumb(bytes);
    share_times(&in);
    in.cycles += in.kind == BRANCH && in.form == SINGLE; // tbb
    in.taken = in.kind == BRANCH || in.indirect ? 2 : 0;
    return in;
}

static instruction_t decode_m4(const uint8_t *bytes) {
    instruction_t in = decode_thumb(bytes);
    share_times(&in);
    if (in.kind == STORE && in.form == SINGLE) {
        in.cycles = in.indexed ? 2 : 1;
    }
    if (in.kind == BRANCH && in.form == SINGLE) { // tbb: the load, a sum, the pipeline
        in.cycles = 3;
        in.taken = 3;
    } else if (in.kind == BRANCH) {
        in.taken = in.indirect ? 2 : 1;
    } else if (in.indirect) {
        in.taken = 3;
    }
    return in;
}

static void issue_plain(const core_t *core, pipeline_t *pipeline, const instruction_t *in) {
    bool behind_load = in->kind == LOAD && pipeline->last->kind == LOAD && in->cycles == 2;
    pipeline->now += behind_load ? 1 : in->cycles;
    pipeline->last = in;
}

// Cycles more of a load whose address is not a multiple of its width, which is done in two or three parts.
static unsigned unaligned_cycles(const instruction_t *in) {
    if (in->kind != LOAD || in->form != SINGLE || in->address % in->width == 0) {
        return 0;
    }
    return in->width == 4 && in->address % 2 ? 2 : 1;
}

static void issue_m4(const core_t *core, pipeline_t *pipeline, const instruction_t *in) {
    const instruction_t *last = pipeline->last;
    bool computed = last->kind != LOAD && in->addresses & last->writes;
    bool behind_load = in->form == SINGLE && last->kind == LOAD && last->form == SINGLE
                       && !(in->addresses & last->writes) && !(in->kind == LOAD && in->updates);
    unsigned cycles = in->cycles;
    if (behind_load && cycles == 2 && in->kind != BRANCH) {
        cycles = 1;
    } else if (in->form == CONDITION && last->size == 2) { // folded onto it
        cycles = 0;
    }
    if (computed && in->kind != BRANCH) {
        cycles += 1;
    }
    pipeline->now += cycles + unaligned_cycles(in);
    pipeline->last = in;
}

const core_t core_m0p = {.name = "m0p", .decode = decode_m0p, .issue = issue_in_order};
const core_t core_m4_plain = {.name = "m4plain", .decode = decode_plain, .issue = issue_plain, .blocks_apart = true};
const core_t core_m4 = {.name = "m4",
    .decode = decode_m4,
    .issue = issue_m4,
    .aligned_targets = true,
    .sees_addresses = true,
    .shares_bus = true};
