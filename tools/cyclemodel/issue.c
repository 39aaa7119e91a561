// Instructions that start one at a time, in order: each waits for the pipeline and for the registers that it reads.
#include "cyclemodel.h"

#define REGISTERS (64)

unsigned block_cycles(const core_t *core, const instruction_t *instructions, unsigned count) {
    unsigned ready[REGISTERS] = {0}; // when a register's value can be used, from the start of the block
    unsigned now = 0;
    enum kind last = OTHER;
    for (unsigned i = 0; i < count; ++i) {
        const instruction_t *in = &instructions[i];
        uint64_t awaited = in->reads | (core->store_waits ? in->stores : 0);
        for (unsigned r = 0; r < REGISTERS; ++r) {
            if (awaited >> r & 1 && ready[r] > now) {
                now = ready[r];
            }
        }
        for (unsigned r = 0; r < REGISTERS; ++r) {
            if (in->writes >> r & 1) {
                ready[r] = now + in->latency;
            }
        }
        bool follows_load = core->loads_pipelined && in->kind == LOAD && last == LOAD && in->cycles == 2;
        now += follows_load ? 1 : in->cycles;
        last = in->kind;
    }
    return now;
}
