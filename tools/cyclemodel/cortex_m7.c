// Cortex-M7: two instructions a cycle. Arm publishes no timings; these are what github.com/jnk0le/random measured on an
// STM32H743 (pipeline cycle test/doc/cortex_m7.md), and Arm's own description for compilers (LLVM, ARMScheduleM7.td)
// where that is silent: divisions, saturation, addresses that were loaded.
//
// Stages: addresses and shifted operands are needed one stage in front of the arithmetic, what products are added to
// one behind it, the data of a store two. Additions, moves and shifts whose operands are there early run early, so that
// the other instruction of the same cycle can use their results. A word from memory can be used in the next cycle, in
// the second one by products, addresses and shifts; a byte or half-word, and a product, one cycle later.
//
// Not together in one cycle: two products; a product and a store; two stores; two loads of even or of odd words; two
// that shift an operand; several registers and divisions with anything. Operations on bits, bytes and half-words,
// branches and IT are the older of two, never the younger.
//
// Branches are predicted (flow.c); a wrong prediction costs 8 cycles, or 6 where the flags were set 3 cycles before. An
// unaligned load costs 3 cycles more. Not in it: how 16-bit instructions must lie for a branch and what is behind it to
// start together, and that a byte or half-word stored every cycle fills the store buffer.
#include "cyclemodel.h"

enum { DIVISION = 7, MISPREDICTED = 8, SPARED_BY_EARLY_FLAGS = 2, UNALIGNED = 3 };

static const uint64_t FLAGS = (uint64_t)1 << THUMB_FLAGS;

static instruction_t decode_m7(const uint8_t *bytes) {
    instruction_t in = decode_thumb(bytes);
    bool is_part = in.kind == LOAD && in.form == SINGLE && in.width < 4;
    in.latency = is_part || in.kind == MUL || in.form == SATURATE ? 2 : 1;
    if (in.form == MULTIPLE) {
        in.cycles = in.latency = (in.count + 1) / 2;
    } else if (in.kind == DIV && in.cycles == 1) {
        in.cycles = in.latency = DIVISION;
    }
    if (in.kind == BRANCH || in.indirect) {
        in.taken = MISPREDICTED;
    }
    return in;
}

static bool starts_alone(const instruction_t *in) {
    return in->form == MULTIPLE || in->kind == DIV || in->kind == OTHER;
}

static bool is_older_only(const instruction_t *in) {
    return in->kind == BRANCH || in->form == CONDITION || in->form == EXTEND || in->form == BITS || in->form == SATURATE
           || in->form == PARALLEL;
}

static bool shifts_operand(const instruction_t *in) {
    return in->form == SHIFTED_LEFT || in->form == SHIFTED || in->form == CONSTANT;
}

static bool uses_shifter(const instruction_t *in) {
    return shifts_operand(in) || (in->shifts && in->form != SHIFT);
}

static bool starts_with(const instruction_t *older, const instruction_t *in) {
    if (starts_alone(in) || is_older_only(in)) {
        return false;
    }
    bool both_load = older->kind == LOAD && in->kind == LOAD;
    if (both_load && older->address / 4 % 2 == in->address / 4 % 2) {
        return false;
    }
    bool product = older->kind == MUL || in->kind == MUL, store = older->kind == STORE || in->kind == STORE;
    if ((product && store) || (older->kind == in->kind && (in->kind == MUL || in->kind == STORE))) {
        return false;
    }
    return !(shifts_operand(in) && (uses_shifter(older) || older->form == SHIFT));
}

// When the registers that it reads let it start, which is not before `least`.
static uint64_t operands_ready(const pipeline_t *pipeline, const instruction_t *in, uint64_t least) {
    if (in->kind == BRANCH) {
        return least; // it is predicted
    }
    uint64_t early = in->addresses | in->shifts, late = in->kind == MUL ? in->sums : 0;
    uint64_t start = ready_at(pipeline->ready, in->reads & ~early & ~late, least);
    start = ready_at(pipeline->ready_early, early, start);
    if (in->kind == MUL) { // a word that was loaded is there a cycle later for a product
        uint64_t loaded = in->reads & ~late & pipeline->loaded;
        start = loaded ? ready_at(pipeline->ready, loaded, start - 1) + 1 : start;
    }
    uint64_t sums = ready_at(pipeline->ready, late, 1) - 1, stores = ready_at(pipeline->ready, in->stores, 2) - 2;
    start = sums > start ? sums : start;
    return stores > start ? stores : start;
}

static void set_results(pipeline_t *pipeline, const instruction_t *in, uint64_t start, bool is_younger) {
    bool may_be_early =
        (in->form == SIMPLE && !is_younger) || (in->form == SHIFT && !(is_younger && uses_shifter(pipeline->last)));
    bool is_early = may_be_early && ready_at(pipeline->ready_early, in->reads, start) == start;
    uint64_t results = in->writes & ~in->updates, ready = start + in->latency - is_early;
    set_ready(pipeline->ready, results, ready);
    set_ready(pipeline->ready_early, results, ready + 1);
    set_ready(pipeline->ready, in->updates, start + 1);
    set_ready(pipeline->ready_early, in->updates, start + 1);
    if (in->writes & FLAGS) {
        pipeline->ready[THUMB_FLAGS] = start + in->latency;
    }
    pipeline->loaded &= ~in->writes;
    if (in->kind == LOAD && in->form == SINGLE && in->width == 4) {
        pipeline->loaded |= results;
    }
}

static void issue_m7(const core_t *core, pipeline_t *pipeline, const instruction_t *in) {
    bool is_younger = pipeline->open && starts_with(pipeline->last, in);
    if (is_younger) {
        is_younger = operands_ready(pipeline, in, pipeline->now - 1) == pipeline->now - 1;
    }
    uint64_t start = is_younger ? pipeline->now - 1 : operands_ready(pipeline, in, pipeline->now);
    pipeline->early_flags = in->conditional && start >= pipeline->ready[THUMB_FLAGS] + 2;
    set_results(pipeline, in, start, is_younger);
    pipeline->now = start + (in->cycles > 0 ? in->cycles : 1);
    if (in->kind == LOAD && in->form == SINGLE && in->width > 1 && in->address % in->width) {
        pipeline->now += UNALIGNED;
    }
    pipeline->open = !is_younger && !starts_alone(in);
    pipeline->last = in;
}

static unsigned taken_m7(const pipeline_t *pipeline) {
    return pipeline->last->taken - (pipeline->early_flags ? SPARED_BY_EARLY_FLAGS : 0);
}

const core_t core_m7 = {.name = "m7",
    .decode = decode_m7,
    .issue = issue_m7,
    .taken = taken_m7,
    .predicts_all = true,
    .sees_addresses = true};
