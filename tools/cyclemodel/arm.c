// Cortex-M0+ and Cortex-M4: Arm's technical reference manuals, cycles an instruction. A Cortex-M4 pipelines
// neighbouring single loads; Cortex-M3's timings are the same for what it has.
#include "cyclemodel.h"

static unsigned popcount(uint32_t x) {
    return (unsigned)__builtin_popcount(x);
}

// Returns base cycles; *kind and *taken are what the instruction is and what a taken branch adds.
static unsigned cost16(bool m0p, uint16_t h, enum kind *kind, unsigned *taken) {
    *kind = ALU;
    *taken = 0;
    unsigned refill = m0p ? 1 : 2;
    switch (h >> 12) {
        case 0:
        case 1:
        case 2:
        case 3:
            return 1;
        case 4:
            if ((h >> 10) == 0x10) {
                if (((h >> 6) & 15) == 13) {
                    *kind = MUL;
                }
                return 1;
            }
            if ((h >> 10) == 0x11) {
                if (((h >> 8) & 3) == 3) {
                    *kind = BRANCH;
                    *taken = refill;
                    return 1;
                }
                if (((h >> 8) & 3) != 1 && ((h & 7) | ((h >> 4) & 8)) == 15) {
                    *kind = BRANCH;
                    *taken = refill;
                }
                return 1;
            }
            *kind = LOAD;
            return 2;
        case 5:
            *kind = ((h >> 9) & 7) >= 3 ? LOAD : STORE;
            return *kind == LOAD || m0p ? 2 : 1;
        case 6:
        case 7:
        case 8:
        case 9:
            *kind = h & 0x800 ? LOAD : STORE;
            return *kind == LOAD || m0p ? 2 : 1;
        case 10:
            return 1;
        case 11:
            if ((h & 0xF600) == 0xB400) { // push/pop
                unsigned n = popcount(h & 0x1FF);
                *kind = h & 0x800 ? LOAD : STORE;
                if ((h & 0x900) == 0x900) {
                    *taken = refill + (m0p ? 1 : 0);
                }
                return 1 + n;
            }
            if (!m0p && (h & 0xF500) == 0xB100) {
                *kind = BRANCH;
                *taken = refill;
            }
            return 1;
        case 12:
            *kind = h & 0x800 ? LOAD : STORE;
            return 1 + popcount(h & 0xFF);
        case 13:
            if (((h >> 8) & 15) < 14) {
                *kind = BRANCH;
                *taken = refill;
            }
            return 1;
        default:
            *kind = BRANCH;
            *taken = refill;
            return 1; // b
    }
}

static unsigned cost_vfp(uint32_t w, enum kind *kind) {
    unsigned h1 = w >> 16;
    *kind = ALU;
    if ((h1 & 0xEF00) == 0xEE00) { // data processing or core<->vfp moves
        if (w & 0x10) {
            return 1;
        }
        unsigned opc1 = ((h1 >> 4) & 15) & ~4u; // drop D
        if (opc1 == 0 || opc1 == 1 || opc1 == 9 || opc1 == 10) {
            *kind = MUL;
            return 3;
        } // vmla, vnmla, vfnma, vfma
        if (opc1 == 2) {
            *kind = MUL;
            return 1;
        }
        if (opc1 == 8) {
            *kind = DIV;
            return 14;
        }
        if (opc1 == 11 && (h1 & 15) == 1 && (w & 0xC0) == 0xC0) {
            *kind = DIV;
            return 14;
        } // vsqrt
        return 1;
    }
    if ((h1 & 0xFFE0) == 0xEC40) {
        return 2; // two-register moves
    }
    *kind = h1 & 0x10 ? LOAD : STORE;
    if ((h1 & 0x0F00) == 0x0D00 && (h1 & 0x20) == 0) {
        return 2; // vldr, vstr
    }
    return 1 + (w & 0xFF);
}

static unsigned cost32(bool m0p, uint32_t w, enum kind *kind, unsigned *taken) {
    uint16_t h1 = w >> 16, h2 = w;
    unsigned refill = m0p ? 1 : 2;
    *kind = ALU;
    *taken = 0;
    if ((h1 & 0xEC00) == 0xEC00) {
        return cost_vfp(w, kind);
    }
    if ((h1 >> 11) == 0x1D) {
        if ((h1 & 0xFE00) == 0xE800) {
            if (h1 & 0x40) {
                if ((h1 & 0xFFF0) == 0xE8D0 && (h2 & 0xF0) <= 0x10) {
                    *kind = BRANCH;
                    *taken = refill;
                    return 2;
                } // tbb
                *kind = h1 & 0x10 ? LOAD : STORE;
                return (h2 & 0xF000) == 0xF000 ? 2 : 3; // ldrd/strd
            }
            *kind = h1 & 0x10 ? LOAD : STORE;
            if ((h1 & 0x10) && (h2 & 0x8000)) {
                *taken = refill;
            }
            return 1 + popcount(h2);
        }
        return 1;
    }
    if ((h1 >> 11) == 0x1E) {
        if (h2 & 0x8000) {
            if ((h2 & 0x5000) == 0 && (h1 & 0x380) == 0x380) {
                return 2; // msr/mrs/barriers
            }
            *kind = BRANCH;
            *taken = refill + (m0p ? 1 : 0);
            return 1;
        }
        return 1;
    }
    if ((h1 & 0xFE00) == 0xF800) {
        *kind = h1 & 0x10 ? LOAD : STORE;
        if (*kind == LOAD && (h2 >> 12) == 15 && (h1 & 0x60) == 0x40) {
            *taken = refill;
        }
        return *kind == LOAD ? 2 : 1;
    }
    if ((h1 & 0xFF80) == 0xFB00) {
        *kind = MUL;
        return 1;
    }
    if ((h1 & 0xFF80) == 0xFB80) {
        if ((h1 & 0xD0) == 0x90 && (h2 & 0xF0) == 0xF0) {
            *kind = DIV;
            return 7;
        }
        *kind = MUL;
        return 1;
    }
    return 1;
}

static instruction_t decode(bool m0p, const uint8_t *bytes, unsigned size) {
    instruction_t in = {.size = size, .latency = 1};
    uint16_t first = (uint16_t)(bytes[0] | bytes[1] << 8);
    if (size == 2) {
        in.cycles = cost16(m0p, first, &in.kind, &in.taken);
    } else {
        uint16_t second = (uint16_t)(bytes[2] | bytes[3] << 8);
        in.cycles = cost32(m0p, (uint32_t)first << 16 | second, &in.kind, &in.taken);
    }
    return in;
}

static instruction_t decode_m0p(const uint8_t *bytes, unsigned size) {
    return decode(true, bytes, size);
}

static instruction_t decode_m4(const uint8_t *bytes, unsigned size) {
    return decode(false, bytes, size);
}

const core_t core_m0p = {.name = "m0p", .decode = decode_m0p};
const core_t core_m4 = {.name = "m4", .decode = decode_m4, .loads_pipelined = true};
