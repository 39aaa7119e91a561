// A QEMU plugin that estimates a core's cycles from the instructions that are executed.
//
// It is a model, not a measurement: published timings of instructions in order (arm.c, riscv.c, xtensa.c), memory that
// never waits, no caches, no contention for a bus. A block's cycles are added up when QEMU translates it; what a block
// before it still holds up is not counted.
//
// Counting is switched on and off by stores to `marker` made from code in [lo, hi) (the firmware's machine.memX
// setter); each stop appends "insns cycles loads stores muls branches" to `out`. Code in [FIRST, END) of a `skip`, with
// which a board emulates instructions that QEMU lacks, is not counted.
//
// Arguments: core=NAME, marker=ADDRESS, lo=ADDRESS, hi=ADDRESS, skip=FIRST-END (any number of times), out=PATH
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cyclemodel.h"

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

static const core_t *const CORES[] = {&core_m0p, &core_m4, &core_hazard3, &core_esp32c3, &core_xtensa5, &core_xtensa7};

typedef struct {
    uint64_t start, fallthrough, last; // addresses: the first instruction, that behind the block, the last one
    uint32_t insns, cycles, taken_penalty;
    bool is_conditional; // ends with a branch that may be taken or not
    bool starts_wide; // with a 32-bit instruction
    uint32_t kinds[N_KINDS];
} block_t;

static const core_t *core = &core_m4;
static bool counting;
static uint64_t marker, lo, hi, insns, cycles, kinds[N_KINDS];
static struct {
    uint64_t first, end;
} skips[4];
static unsigned skip_count;
static uint64_t predicted; // the branch that is predicted to be taken
static const char *out_path = "cycles.txt";
static const block_t *prev;

// What it costs to go on at `next` behind `block`.
static unsigned flow_cycles(const block_t *block, const block_t *next) {
    bool taken = block->fallthrough != next->start;
    unsigned cost = taken ? block->taken_penalty : 0;
    if (core->predicts_last && block->is_conditional) {
        bool is_predicted = block->last == predicted;
        cost = taken != is_predicted ? block->taken_penalty : 0;
        if (taken && next->start <= block->last) {
            predicted = block->last;
        } else if (is_predicted && !taken) {
            predicted = 0;
        }
    }
    return cost + (taken && core->aligned_targets && next->starts_wide && next->start % 4 != 0);
}

static void on_exec(unsigned int vcpu, void *udata) {
    const block_t *b = udata;
    for (unsigned i = 0; i < skip_count; ++i) {
        if (b->start >= skips[i].first && b->start < skips[i].end) {
            return;
        }
    }
    unsigned cost = prev ? flow_cycles(prev, b) : 0;
    prev = b;
    if (!counting) {
        return;
    }
    insns += b->insns;
    cycles += cost + b->cycles;
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
    instruction_t *decoded = calloc(n, sizeof(instruction_t));
    if (b == NULL || decoded == NULL) {
        fprintf(stderr, "cyclemodel: no memory\n");
        exit(1);
    }
    b->start = qemu_plugin_tb_vaddr(tb);
    b->insns = (uint32_t)n;
    for (size_t i = 0; i < n; ++i) {
        struct qemu_plugin_insn *in = qemu_plugin_tb_get_insn(tb, i);
        const uint8_t *bytes = qemu_plugin_insn_data(in);
        decoded[i] = core->decode(bytes, (unsigned)qemu_plugin_insn_size(in));
        b->kinds[decoded[i].kind]++;
        b->taken_penalty = decoded[i].taken;
        b->is_conditional = decoded[i].conditional;
        uint64_t pc = qemu_plugin_insn_vaddr(in);
        b->last = pc;
        b->fallthrough = pc + decoded[i].size;
        if (pc >= lo && pc < hi) {
            qemu_plugin_register_vcpu_mem_cb(in, on_mem, CB_NO_REGS, MEM_W, NULL);
        }
    }
    b->starts_wide = n > 0 && decoded[0].size == 4;
    b->cycles = block_cycles(core, decoded, (unsigned)n);
    free(decoded);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_exec, CB_NO_REGS, b);
}

static bool add_skip(const char *range) {
    char *end;
    if (skip_count == sizeof skips / sizeof *skips) {
        return false;
    }
    skips[skip_count].first = strtoull(range, &end, 0);
    skips[skip_count].end = *end == '-' ? strtoull(end + 1, NULL, 0) : 0;
    return skips[skip_count++].end > 0;
}

static bool choose_core(const char *name) {
    for (size_t i = 0; i < sizeof CORES / sizeof *CORES; ++i) {
        if (!strcmp(CORES[i]->name, name)) {
            core = CORES[i];
            return true;
        }
    }
    fprintf(stderr, "cyclemodel: there is no core %s\n", name);
    return false;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv) {
    const struct {
        const char *name;
        uint64_t *address;
    } addresses[] = {{"marker", &marker}, {"lo", &lo}, {"hi", &hi}};
    for (int i = 0; i < argc; ++i) {
        char *v = strchr(argv[i], '=');
        if (!v) {
            return -1;
        }
        *v++ = 0;
        bool known = false;
        for (size_t k = 0; k < sizeof addresses / sizeof *addresses; ++k) {
            if (!strcmp(argv[i], addresses[k].name)) {
                *addresses[k].address = strtoull(v, NULL, 0);
                known = true;
            }
        }
        if (!strcmp(argv[i], "core")) {
            known = choose_core(v);
        } else if (!strcmp(argv[i], "skip")) {
            known = add_skip(v);
        } else if (!strcmp(argv[i], "out")) {
            out_path = strdup(v);
            known = true;
        }
        if (!known) {
            fprintf(stderr, "cyclemodel: unknown argument %s\n", argv[i]);
            return -1;
        }
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    return 0;
}
