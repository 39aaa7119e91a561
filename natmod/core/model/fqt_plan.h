// Plans the arena; see fqt_plan.c for its layout.
#ifndef FQT_PLAN_H
#define FQT_PLAN_H

#include "fqt_model.h"

#define FQT_MAX_ARENA_BYTES (1u << 30)

// The first and last moment (see fqt_plan.c) of a buffer, both included. Buffer 2t is tensor t's activation, buffer
// 2t + 1 its error; aliases live in their source's.
typedef struct {
    uint32_t birth;
    uint32_t death;
} fqt_lifetime_t;

// Find the lifetimes of all buffers. Until fqt_lifetimes_forget they are where training keeps next_error_scale, so that
// the plan of many layers takes no more stack.
void fqt_lifetimes_find(const fqt_model_t *model);
fqt_lifetime_t fqt_lifetime(const fqt_model_t *model, uint32_t buffer);
void fqt_lifetimes_forget(const fqt_model_t *model);

// 0: there is no such buffer.
uint32_t fqt_buffer_bytes(const fqt_model_t *model, uint32_t buffer);

// Of what the loss compares with, targets or the labels of pixels; a single label is not stored.
uint32_t fqt_targets_bytes(const fqt_model_t *model);

// Set every offset into the arena, and model->arena_bytes. With `all_in_arena` frozen parameters are placed there too.
// Fails when the arena would have more than FQT_MAX_ARENA_BYTES.
void fqt_plan(fqt_model_t *model, bool all_in_arena, fqt_fault_t *fault);

#endif
