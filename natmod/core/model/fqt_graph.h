// Who reads what: the network as a graph of layers and tensors.
#ifndef FQT_GRAPH_H
#define FQT_GRAPH_H

#include "fqt_model.h"

// Fill each tensor's readers and last_reader, from the layers' inputs; check that every output is read.
void fqt_graph_link(fqt_model_t *model, fqt_fault_t *fault);

// Find where errors must flow and where the unchanging front part ends, from the layers that update.
void fqt_graph_mark(fqt_model_t *model);

// Whether layer `index` has an input that needs an error.
bool fqt_passes_error(const fqt_model_t *model, uint32_t index);

// Give the outputs of layers that keep their input's scale that scale, after scales moved.
void fqt_pass_scales_on(const fqt_model_t *model);

#endif
