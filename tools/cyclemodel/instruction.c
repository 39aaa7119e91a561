// Instructions of common kinds, as decoders make them.
#include "cyclemodel.h"

instruction_t plain_instruction(enum kind kind, unsigned size) {
    return (instruction_t) {.kind = kind, .size = size, .cycles = 1, .latency = 1};
}

instruction_t arithmetic_instruction(unsigned size, uint64_t writes, uint64_t reads) {
    instruction_t in = plain_instruction(ALU, size);
    in.writes = writes;
    in.reads = reads;
    return in;
}

instruction_t load_instruction(unsigned size, uint64_t writes, uint64_t reads, unsigned latency) {
    instruction_t in = arithmetic_instruction(size, writes, reads);
    in.kind = LOAD;
    in.latency = latency;
    return in;
}

instruction_t store_instruction(unsigned size, uint64_t stores, uint64_t reads) {
    instruction_t in = plain_instruction(STORE, size);
    in.stores = stores;
    in.reads = reads;
    return in;
}

instruction_t branch_instruction(unsigned size, uint64_t reads, unsigned taken, bool conditional) {
    instruction_t in = plain_instruction(BRANCH, size);
    in.reads = reads;
    in.taken = taken;
    in.conditional = conditional;
    return in;
}
