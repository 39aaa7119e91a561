/* A QEMU TCG plugin that estimates Cortex-M cycles from the executed instruction stream.
 *
 * It applies the per-instruction timings that Arm publishes for the in-order cores (Cortex-M0+ and
 * Cortex-M4 technical reference manuals) to what QEMU executes, with zero-wait-state memory. It is a
 * model, not a measurement: no flash wait states, caches, or bus contention.
 *
 * Counting is switched on and off by stores to `marker` made from code in [lo, hi) (the firmware's
 * machine.memX setter); each stop appends "insns cycles loads stores muls branches" to `out`.
 * Args: core=m0p|m4, marker=ADDR, lo=ADDR, hi=ADDR, out=PATH
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The part of QEMU 7.2's plugin interface (version 1) that is used here, declared so that no QEMU header is needed. */
#define EXPORT __attribute__((visibility("default")))
typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { CB_NO_REGS = 0, MEM_W = 2 };
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
    void (*cb)(unsigned, qemu_plugin_meminfo_t, uint64_t, void *), int flags, int rw, void *udata);
void qemu_plugin_register_vcpu_tb_exec_cb(
    struct qemu_plugin_tb *tb, void (*cb)(unsigned, void *), int flags, void *udata);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*cb)(qemu_plugin_id_t, struct qemu_plugin_tb *));

EXPORT int qemu_plugin_version = 1;

enum kind { ALU, LOAD, STORE, MUL, DIV, BRANCH, OTHER, N_KINDS };

typedef struct {
    uint64_t start, fallthrough;
    uint32_t insns, cycles, taken_penalty;
    uint32_t kinds[N_KINDS];
} block_t;

static bool m0p, counting;
static uint64_t marker, lo, hi, insns, cycles, kinds[N_KINDS];
static const char *out_path = "cycles.txt";
static const block_t *prev;

static unsigned popcount(uint32_t x) {
    return __builtin_popcount(x);
}

/* Returns base cycles; *kind and *taken are what the instruction is and what a taken branch adds. */
static unsigned cost16(uint16_t h, enum kind *kind, unsigned *taken) {
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
            if ((h & 0xF600) == 0xB400) { /* push/pop */
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
            return 1; /* b */
    }
}

static unsigned cost_vfp(uint32_t w, enum kind *kind) {
    unsigned h1 = w >> 16;
    *kind = ALU;
    if ((h1 & 0xEF00) == 0xEE00) { /* data processing or core<->vfp moves */
        if (w & 0x10) {
            return 1;
        }
        unsigned opc1 = ((h1 >> 4) & 15) & ~4u; /* drop D */
        if (opc1 == 0 || opc1 == 1 || opc1 == 9 || opc1 == 10) {
            *kind = MUL;
            return 3;
        } /* vmla, vnmla, vfnma, vfma */
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
        } /* vsqrt */
        return 1;
    }
    if ((h1 & 0xFFE0) == 0xEC40) {
        return 2; /* two-register moves */
    }
    *kind = h1 & 0x10 ? LOAD : STORE;
    if ((h1 & 0x0F00) == 0x0D00 && (h1 & 0x20) == 0) {
        return 2; /* vldr, vstr */
    }
    return 1 + (w & 0xFF);
}

static unsigned cost32(uint32_t w, enum kind *kind, unsigned *taken) {
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
                } /* tbb */
                *kind = h1 & 0x10 ? LOAD : STORE;
                return (h2 & 0xF000) == 0xF000 ? 2 : 3; /* ldrd/strd */
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
                return 2; /* msr/mrs/barriers */
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

static void on_exec(unsigned int vcpu, void *udata) {
    const block_t *b = udata;
    if (prev && counting && prev->fallthrough != b->start) {
        cycles += prev->taken_penalty;
    }
    prev = b;
    if (!counting) {
        return;
    }
    insns += b->insns;
    cycles += b->cycles;
    for (int k = 0; k < N_KINDS; ++k) {
        kinds[k] += b->kinds[k];
    }
}

static void on_mem(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *udata) {
    if (vaddr != marker) {
        return;
    }
    counting = !counting;
    if (counting) {
        insns = cycles = 0;
        memset(kinds, 0, sizeof kinds);
        return;
    }
    FILE *f = fopen(out_path, "a");
    if (f == NULL) {
        fprintf(stderr, "cyclemodel: cannot write %s\n", out_path);
        exit(1);
    }
    fprintf(f, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", insns, cycles, kinds[LOAD],
        kinds[STORE], kinds[MUL], kinds[BRANCH]);
    fclose(f);
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
    size_t n = qemu_plugin_tb_n_insns(tb);
    block_t *b = calloc(1, sizeof(block_t));
    b->start = qemu_plugin_tb_vaddr(tb);
    b->insns = n;
    enum kind last = OTHER;
    for (size_t i = 0; i < n; ++i) {
        struct qemu_plugin_insn *in = qemu_plugin_tb_get_insn(tb, i);
        const uint16_t *d = qemu_plugin_insn_data(in);
        enum kind k;
        unsigned taken, c;
        if (qemu_plugin_insn_size(in) == 2) {
            c = cost16(d[0], &k, &taken);
        } else {
            c = cost32((uint32_t)d[0] << 16 | d[1], &k, &taken);
        }
        /* Cortex-M4 pipelines neighbouring single loads: each after the first costs one. */
        if (!m0p && k == LOAD && c == 2 && last == LOAD) {
            c = 1;
        }
        last = k;
        b->cycles += c;
        b->kinds[k]++;
        b->taken_penalty = taken;
        uint64_t pc = qemu_plugin_insn_vaddr(in);
        b->fallthrough = pc + qemu_plugin_insn_size(in);
        if (pc >= lo && pc < hi) {
            qemu_plugin_register_vcpu_mem_cb(in, on_mem, CB_NO_REGS, MEM_W, NULL);
        }
    }
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_exec, CB_NO_REGS, b);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv) {
    for (int i = 0; i < argc; ++i) {
        char *v = strchr(argv[i], '=');
        if (!v) {
            return -1;
        }
        *v++ = 0;
        if (!strcmp(argv[i], "core")) {
            m0p = !strcmp(v, "m0p");
        } else if (!strcmp(argv[i], "marker")) {
            marker = strtoull(v, NULL, 0);
        } else if (!strcmp(argv[i], "lo")) {
            lo = strtoull(v, NULL, 0);
        } else if (!strcmp(argv[i], "hi")) {
            hi = strtoull(v, NULL, 0);
        } else if (!strcmp(argv[i], "out")) {
            out_path = strdup(v);
        } else {
            fprintf(stderr, "cyclemodel: unknown argument %s\n", argv[i]);
            return -1;
        }
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    return 0;
}
