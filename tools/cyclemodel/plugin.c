// A QEMU plugin that estimates a core's cycles from the instructions that are executed.
//
// It is a model, not a measurement: published timings of instructions in order (cortex_m4.c, cortex_m33.c, cortex_m7.c,
// riscv.c, xtensa.c), memory that never waits, no caches. A block of instructions is run through the core's rule of
// issue once the next one starts: by then the addresses of its data are known.
//
// Counting is switched on and off by stores to `marker` made from code in [lo, hi) (the firmware's machine.memX
// setter); each stop appends "insns cycles loads stores muls branches bus1 bus2" to `out`, where bus1 and bus2 are the
// cycles with code and data of RAM, from the address `ram` on, on one bus (bus.c; 0 where a core has none). Code in
// [FIRST, END) of a `skip`, with which a board emulates instructions that QEMU lacks, is not counted.
//
// Arguments: core=NAME, marker=ADDRESS, lo=ADDRESS, hi=ADDRESS, ram=ADDRESS (else that of Arm's map), skip=FIRST-END
// (any number of times), out=PATH
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus.h"
#include "flow.h"

/* The part of QEMU 7.2's plugin interface (version 1) that is used here, declared so that no QEMU header is needed. */
#define EXPORT __attribute__((visibility("default")))
typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { CB_NO_REGS = 0, MEM_W = 2, MEM_RW = 3 };
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
    void (*cb)(unsigned, qemu_plugin_meminfo_t, uint64_t, void *), int flags, int rw, void *udata);
void qemu_plugin_register_vcpu_tb_exec_cb(
    struct qemu_plugin_tb *tb, void (*cb)(unsigned, void *), int flags, void *udata);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*cb)(qemu_plugin_id_t, struct qemu_plugin_tb *));

EXPORT int qemu_plugin_version = 1;

static const core_t *const CORES[] = {&core_m0p, &core_m4, &core_m4_plain, &core_m33, &core_m7, &core_hazard3,
    &core_esp32c3, &core_xtensa5, &core_xtensa7};

enum { START = 16 }; // of counting, in cycles: later than all that is awaited then

static const core_t *core = &core_m4;
static bool counting;
static uint64_t marker, lo, hi, ram = 0x20000000, insns, kinds[N_KINDS];
static struct {
    uint64_t first, end;
} skips[4];
static unsigned skip_count;
static const char *out_path = "cycles.txt";
static const instruction_t nothing;
static pipeline_t pipeline = {.last = &nothing};
static block_t *running; // the last one that started
static bool is_counted; // it is
static bus_t buses[] = {{.fetch_cycles = 1}, {.fetch_cycles = 2}};
enum { BUSES = sizeof buses / sizeof *buses };

// Counts an instruction of the block that ran.
static void account_instruction(instruction_t *in, bool in_ram) {
    uint64_t start = pipeline.now;
    core->issue(core, &pipeline, in);
    for (int i = 0; core->shares_bus && i < BUSES; ++i) {
        bus_instruction(&buses[i], in, pipeline.now - start, in_ram);
    }
    in->accesses = 0;
}

// Counts the block that ran, and how the flow went on to `next`; NULL: not yet known.
static void account(const block_t *next) {
    if (is_counted) {
        if (core->blocks_apart) {
            pipeline.last = &nothing;
        }
        for (uint32_t i = 0; i < running->insns; ++i) {
            account_instruction(&running->instructions[i], running->start >= ram);
        }
        insns += running->insns;
        for (int k = 0; k < N_KINDS; ++k) {
            kinds[k] += running->kinds[k];
        }
        is_counted = false;
    }
    if (next == NULL) {
        return;
    }
    unsigned flow = flow_cycles(core, &pipeline, running, next);
    if (counting && flow > 0) {
        pipeline.now += flow;
        pipeline.open = false;
        for (int i = 0; core->shares_bus && i < BUSES; ++i) {
            bus_flow(&buses[i], flow);
        }
    }
}

static void on_exec(unsigned int vcpu, void *udata) {
    block_t *b = udata;
    for (unsigned i = 0; i < skip_count; ++i) {
        if (b->start >= skips[i].first && b->start < skips[i].end) {
            return;
        }
    }
    if (running != NULL) {
        account(b);
    }
    running = b;
    is_counted = counting;
}

static void on_data(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *udata) {
    instruction_t *in = udata;
    in->address = vaddr;
    in->accesses += counting && vaddr >= ram;
}

static void on_mark(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *udata) {
    if (vaddr != marker) {
        return;
    }
    counting = !counting;
    if (counting) {
        insns = 0;
        memset(kinds, 0, sizeof kinds);
        memset(&pipeline, 0, sizeof pipeline);
        pipeline.now = START;
        pipeline.last = &nothing;
        for (int i = 0; i < BUSES; ++i) {
            buses[i].now = 0;
        }
        return;
    }
    account(NULL);
    FILE *f = fopen(out_path, "a");
    if (f == NULL) {
        fprintf(stderr, "cyclemodel: cannot write %s\n", out_path);
        exit(1);
    }
    fprintf(f, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
        insns, pipeline.now - START, kinds[LOAD], kinds[STORE], kinds[MUL], kinds[BRANCH], buses[0].now, buses[1].now);
    fclose(f);
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
    size_t n = qemu_plugin_tb_n_insns(tb);
    block_t *b = calloc(1, sizeof(block_t) + n * sizeof(instruction_t));
    if (b == NULL) {
        fprintf(stderr, "cyclemodel: no memory\n");
        exit(1);
    }
    b->start = qemu_plugin_tb_vaddr(tb);
    b->insns = (uint32_t)n;
    for (size_t i = 0; i < n; ++i) {
        struct qemu_plugin_insn *in = qemu_plugin_tb_get_insn(tb, i);
        const uint8_t *bytes = qemu_plugin_insn_data(in);
        instruction_t *decoded = &b->instructions[i];
        *decoded = core->decode(bytes);
        b->kinds[decoded->kind]++;
        uint64_t pc = qemu_plugin_insn_vaddr(in);
        b->last = pc;
        b->fallthrough = pc + decoded->size;
        if (pc >= lo && pc < hi) {
            qemu_plugin_register_vcpu_mem_cb(in, on_mark, CB_NO_REGS, MEM_W, NULL);
        }
        if (core->sees_addresses && (decoded->kind == LOAD || decoded->kind == STORE)) {
            qemu_plugin_register_vcpu_mem_cb(in, on_data, CB_NO_REGS, MEM_RW, decoded);
        }
    }
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
    } addresses[] = {{"marker", &marker}, {"lo", &lo}, {"hi", &hi}, {"ram", &ram}};
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
