// Plans the arena; see fqt_plan.c for its layout.
#ifndef FQT_PLAN_H
#define FQT_PLAN_H

#include "fqt_model.h"

#define FQT_MAX_ARENA_BYTES (1u << 30)
#define FQT_MAX_BUFFERS (2 * (FQT_MAX_LAYERS + 1))

// Buffer 2t is tensor t's activation, buffer 2t + 1 its error; aliases live in their source's. The first and last
// moment (see fqt_plan.c) of each, both included.
typedef struct {
    uint8_t birth[FQT_MAX_BUFFERS];
    uint8_t death[FQT_MAX_BUFFERS];
} fqt_lifetimes_t;

void fqt_lifetimes(const fqt_model_t *model, fqt_lifetimes_t *lives);

// 0: there is no such buffer.
uint32_t fqt_buffer_bytes(const fqt_model_t *model, uint32_t buffer);

// Set every offset into the arena, and model->arena_bytes. With `all_in_arena` frozen parameters are placed there too.
// Fails when the arena would have more than FQT_MAX_ARENA_BYTES.
void fqt_plan(fqt_model_t *model, bool all_in_arena, fqt_fault_t *fault);

#endif
