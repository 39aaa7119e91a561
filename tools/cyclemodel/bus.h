// Code in RAM whose words come over the bus of the data, as Cortex-M3 and Cortex-M4 fetch it (and a native module of
// MicroPython lies in the heap): a second clock beside that of the core, which waits for code.
#ifndef FQT_CYCLEMODEL_BUS_H
#define FQT_CYCLEMODEL_BUS_H

#include "cyclemodel.h"

typedef struct {
    unsigned fetch_cycles; // a word of code takes so many
    uint64_t now;
    unsigned buffered; // bytes of code that were fetched and not yet run
} bus_t;

// An instruction ran that takes the core `cycles`, with the accesses to RAM that it counted; in_ram: its code is there.
void bus_instruction(bus_t *bus, const instruction_t *in, uint64_t cycles, bool in_ram);

// The flow went elsewhere, which takes the core `cycles`.
void bus_flow(bus_t *bus, unsigned cycles);

#endif
