// Cortex-M33 as the RP2350 has it (r1p0). Arm publishes no timings; these were measured there, by two who do not cite
// one another: github.com/jnk0le/random, pipeline cycle test/doc/cortex_m33.md, and github.com/slothy-optimizer/slothy,
// slothy/targets/arm_v7m/cortex_m33.py, whose eight kernels it predicts within -0.8 and +6.2 %.
//
// One instruction starts a cycle. Results can be used in the next cycle; in the second one those of loads, of products,
// of operations on bytes and half-words side by side, and of those with a shifted operand (but for a shift to the left)
// or a shifted constant. What a product or an extension is added to is needed a cycle later, and so are the data of a
// store. Several registers take a cycle each.
//
// Behind an instruction of 16 bits another of 16 bits starts in the same cycle if it is a branch, IT or nop. A branch
// that is taken costs three cycles alone; two of these where it starts together with one that sets the flags, one where
// the flags were set before that.
//
// Not published, and taken as here: a branch without a condition costs as if its flags had been set before; one to
// where a register or memory says, three; an unaligned access one more.
#include "cyclemodel.h"

enum { DIVISION = 7 }; // 2 to 12: GCC and LLVM take Cortex-M4's timing for it

static const uint64_t FLAGS = (uint64_t)1 << THUMB_FLAGS;

static instruction_t decode_m33(const uint8_t *bytes) {
    instruction_t in = decode_thumb(bytes);
    bool is_late =
        in.kind == LOAD || in.kind == MUL || in.form == PARALLEL || in.form == SHIFTED || in.form == CONSTANT;
    bool sets_flags = in.writes & FLAGS;
    in.latency = is_late ? 2 : 1;
    if (in.form == MULTIPLE) {
        in.cycles = in.count;
    } else if (in.kind == DIV && in.cycles == 1) {
        in.cycles = in.latency = DIVISION;
    } else if (sets_flags && ((in.kind == MUL && in.size == 2) || (in.form == CONSTANT && in.writes != FLAGS))) {
        in.cycles = 2;
    }
    if (in.kind == BRANCH || in.indirect) {
        in.taken = in.conditional || in.indirect ? 2 : 1;
    }
    return in;
}

static bool starts_with_last(const instruction_t *in, const instruction_t *last) {
    return in->size == 2 && last->size == 2 && last->kind != BRANCH && last->form != CONDITION
           && (in->kind == BRANCH || in->form == CONDITION || in->form == NOTHING);
}

static void issue_m33(const core_t *core, pipeline_t *pipeline, const instruction_t *in) {
    uint64_t later = (in->kind == MUL || in->form == PARALLEL ? in->sums : 0) | in->stores;
    uint64_t start = ready_at(pipeline->ready, in->reads & ~later & ~FLAGS, pipeline->now);
    if (later) {
        uint64_t ready = ready_at(pipeline->ready, later, 1) - 1;
        start = ready > start ? ready : start;
    }
    bool together = pipeline->open && starts_with_last(in, pipeline->last);
    pipeline->now = together ? start : start + in->cycles;
    if (in->form == SINGLE && in->width > 1 && in->address % in->width) {
        pipeline->now += 1;
    }
    set_ready(pipeline->ready, in->writes & ~in->updates, start + in->latency);
    set_ready(pipeline->ready, in->updates, start + 1);
    pipeline->early_flags = together && in->conditional && !(pipeline->last->writes & FLAGS);
    pipeline->open = !together;
    pipeline->last = in;
}

static unsigned taken_m33(const pipeline_t *pipeline) {
    return pipeline->last->taken - pipeline->early_flags;
}

const core_t core_m33 = {
    .name = "m33", .decode = decode_m33, .issue = issue_m33, .taken = taken_m33, .sees_addresses = true};
