// Instructions that start one at a time, in order: each waits for the pipeline and for the registers that it reads.
#include "cyclemodel.h"

uint64_t ready_at(const uint64_t *ready, uint64_t mask, uint64_t least) {
    for (; mask; mask &= mask - 1) {
        uint64_t when = ready[__builtin_ctzll(mask)];
        least = when > least ? when : least;
    }
    return least;
}

void set_ready(uint64_t *ready, uint64_t mask, uint64_t when) {
    for (; mask; mask &= mask - 1) {
        ready[__builtin_ctzll(mask)] = when;
    }
}

void issue_in_order(const core_t *core, pipeline_t *pipeline, const instruction_t *in) {
    uint64_t awaited = in->reads | (core->store_waits ? in->stores : 0);
    uint64_t start = ready_at(pipeline->ready, awaited, pipeline->now);
    set_ready(pipeline->ready, in->writes, start + in->latency);
    pipeline->now = start + in->cycles;
}
