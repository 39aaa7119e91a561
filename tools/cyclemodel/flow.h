// A block of instructions that run one behind another, and what it costs to go on elsewhere.
#ifndef FQT_CYCLEMODEL_FLOW_H
#define FQT_CYCLEMODEL_FLOW_H

#include "cyclemodel.h"

typedef struct {
    uint64_t start, fallthrough, last; // addresses: the first instruction, that behind the block, the last one
    uint32_t insns;
    uint32_t kinds[N_KINDS];
    unsigned takes; // of a core that predicts all: 0 to 3, two and more predict that its branch is taken
    bool was_seen; // its branch was
    uint64_t target; // where it went last
    instruction_t instructions[];
} block_t;

// What it costs on a core to go on at `next` behind `block`, whose last instruction is that of the pipeline.
unsigned flow_cycles(const core_t *core, const pipeline_t *pipeline, block_t *block, const block_t *next);

#endif
