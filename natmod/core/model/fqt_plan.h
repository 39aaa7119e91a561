// Plans the arena; see fqt_plan.c for its layout.
#ifndef FQT_PLAN_H
#define FQT_PLAN_H

#include "fqt_model.h"

// Set every offset into the arena, and model->arena_bytes. With `all_in_arena` frozen parameters are placed there too.
void fqt_plan(fqt_model_t *model, bool all_in_arena);

#endif
