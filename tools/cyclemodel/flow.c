// What a change of the flow costs, and how cores predict it.
//
// A core that predicts the last branch (Hazard3): the last backward branch that was taken is taken again.
//
// A core that predicts all (Cortex-M7, which has a buffer of targets beside a predictor): each branch is predicted by a
// counter of two bits of its own, at first as taken where it goes backward; one without a condition to where a register
// or memory says, by where it went last; others always rightly. The buffers never lack room: how many branches a
// Cortex-M7 keeps is not in it.
#include "flow.h"

static uint64_t predicted; // the branch that is predicted to be taken

static bool last_is_mispredicted(const block_t *block, const block_t *next, bool taken) {
    bool is_predicted = block->last == predicted;
    if (taken && next->start <= block->last) {
        predicted = block->last;
    } else if (is_predicted && !taken) {
        predicted = 0;
    }
    return taken != is_predicted;
}

static bool is_mispredicted(block_t *block, const block_t *next, bool taken, const instruction_t *branch) {
    bool wrong = branch->indirect && taken && block->target != next->start;
    if (taken) {
        block->target = next->start;
    }
    if (branch->conditional) {
        if (!block->was_seen) {
            block->takes = taken && next->start <= block->last ? 2 : 1;
        }
        wrong = taken != (block->takes >= 2);
        block->takes += taken ? block->takes < 3 : -(block->takes > 0);
    }
    block->was_seen = true;
    return wrong;
}

unsigned flow_cycles(const core_t *core, const pipeline_t *pipeline, block_t *block, const block_t *next) {
    const instruction_t *branch = &block->instructions[block->insns - 1];
    bool taken = block->fallthrough != next->start, costs = taken;
    if (core->predicts_all) {
        costs = is_mispredicted(block, next, taken, branch);
    } else if (core->predicts_last && branch->conditional) {
        costs = last_is_mispredicted(block, next, taken);
    }
    unsigned cost = !costs ? 0 : core->taken != NULL ? core->taken(pipeline) : branch->taken;
    bool starts_wide = next->instructions[0].size == 4;
    return cost + (taken && core->aligned_targets && starts_wide && next->start % 4 != 0);
}
