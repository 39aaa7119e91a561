// How far training is: what a header says of it, and the mini-batch that is begun.
#ifndef FQT_PROGRESS_H
#define FQT_PROGRESS_H

#include "fqt_model.h"

void fqt_take_progress(fqt_model_t *model, const fqt_header_t *header);

// Begin a mini-batch anew.
void fqt_clear_sums(fqt_model_t *model);

#endif
