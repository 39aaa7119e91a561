// Plans the arena; see fqt_plan.c for its layout.
#ifndef FQT_PLAN_H
#define FQT_PLAN_H

#include "fqt_model.h"

#define FQT_MAX_ARENA_BYTES (1u << 30)
#define FQT_BYTES_BEHIND (4) // read, for nothing, where the last channels of a tensor fill up four (fqt_tiles.c)

// A buffer: its bytes (0: there is no such), its first and last moment (see fqt_plan.c), both included, and where its
// offset in the arena is kept.
typedef struct {
    uint32_t bytes;
    uint32_t birth;
    uint32_t death;
    uint32_t *offset;
} fqt_buffer_t;

// Find the lifetimes of all buffers, and the bytes of scratch. Until fqt_lifetimes_forget they are where training keeps
// other things (next_error_scale; fill and stuck_steps), so that the plan of many layers takes no more stack.
void fqt_lifetimes_find(const fqt_model_t *model);
void fqt_lifetimes_forget(const fqt_model_t *model);

// Buffer 4t is the activation of tensor t (of the last one, its outputs), 4t + 1 its error, 4t + 2 and 4t + 3 the
// scratch of layer t forward and backward. Aliases have their source's.
uint32_t fqt_buffers(const fqt_model_t *model);
fqt_buffer_t fqt_buffer(const fqt_model_t *model, uint32_t number);

// The greatest sum of bytes that live at one moment: no layout takes less.
uint32_t fqt_buffers_bound(const fqt_model_t *model);

// Of what the loss compares with, targets or the labels of pixels; a single label is not stored.
uint32_t fqt_targets_bytes(const fqt_model_t *model);

// Set every offset into the arena, and model->arena_bytes. With `all_in_arena` frozen parameters are placed there too.
// Fails when the arena would have more than FQT_MAX_ARENA_BYTES.
void fqt_plan(fqt_model_t *model, bool all_in_arena, fqt_fault_t *fault);

#endif
