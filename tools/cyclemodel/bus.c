// Data come first (DDI 0439D, 2.2.1, "System interface"); while they leave the bus free, code is fetched ahead, three
// words of it (DDI 0337G, 1.4); an instruction whose code is not there waits. What was fetched ahead is lost where the
// flow goes on elsewhere.
//
// A word of code takes two cycles on that bus on a Cortex-M3, and fetches never follow one another (DDI 0337,
// "Pipelined instruction fetches"). Cortex-M4's manual names the same logic without its cycles: with one cycle and with
// two it is counted, and the truth lies between.
#include "bus.h"

enum { WORD = 4, AHEAD = 3 * WORD };

// Code can be fetched in `cycles` of which data take `accesses`; a fetch of more cycles than one leaves the bus to data
// in the others.
static void fetch(bus_t *bus, uint64_t cycles, unsigned accesses) {
    uint64_t free = cycles > accesses ? cycles - accesses : 0, most = WORD * cycles / bus->fetch_cycles;
    uint64_t bytes = bus->buffered + (WORD * free < most ? WORD * free : most);
    bus->buffered = bytes < AHEAD ? (unsigned)bytes : AHEAD;
}

void bus_instruction(bus_t *bus, const instruction_t *in, uint64_t cycles, bool in_ram) {
    bus->now += cycles;
    if (!in_ram) {
        bus->buffered = AHEAD;
        return;
    }
    for (; bus->buffered < in->size; bus->buffered += WORD) {
        bus->now += bus->fetch_cycles;
    }
    bus->buffered -= in->size;
    fetch(bus, cycles, in->accesses);
}

void bus_flow(bus_t *bus, unsigned cycles) {
    bus->now += cycles;
    bus->buffered = 0;
    fetch(bus, cycles, 0);
}
