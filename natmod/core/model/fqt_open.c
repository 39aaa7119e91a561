// Opening a model: its tables from the header and the records, then its arena from the blobs. All is taken from the
// source once (but for the search for damage before), and checked as it is taken; the checksum of what was taken
// decides at the end.
#include "../fqt.h"
#include "fqt_blobs.h"
#include "fqt_graph.h"
#include "fqt_kind.h"
#include "fqt_maps.h"
#include "fqt_plan.h"
#include "fqt_progress.h"
#include "fqt_record.h"
#include "fqt_source.h"

#define MAX_OUTPUTS (4096)
#define MAX_WORK (1u << 30)

static void open_last_layer(fqt_model_t *model, fqt_fault_t *fault) {
    const fqt_layer_t *last = fqt_layer(model, model->layer_count - 1);
    const fqt_tensor_t *output = fqt_tensor(model, model->layer_count);
    uint32_t outputs = output->elements;
    uint32_t least = fqt_has_targets(model) ? 1 : 2;
    if (!fqt_kind_of(model, model->layer_count - 1)->has_weights || last->activation != FQT_ACTIVATION_NONE) {
        fqt_fail(fault, FQT_MESSAGE_LAST_LAYER);
    }
    if (outputs < least || outputs > MAX_OUTPUTS) {
        fqt_fail_3(fault, FQT_MESSAGE_OUTPUT_COUNT, outputs, least, MAX_OUTPUTS);
    }
    model->pixels = 1;
    model->classes = outputs;
    if (fqt_is_pixelwise(model)) {
        model->pixels = (uint32_t)output->height * output->width;
        model->classes = output->channels;
        if (model->classes < 2 || model->classes > FQT_IGNORED) {
            fqt_fail_2(fault, FQT_MESSAGE_PIXEL_CLASSES, model->classes, FQT_IGNORED);
        }
    }
}

// Multiply-adds of a forward pass: the taps of each output element; of an lstm or gru all weights in each step.
// Backward passes take about as many each, so that a small file cannot keep a board busy for hours.
static uint32_t add_work(const fqt_model_t *model, uint32_t index, uint32_t work, fqt_fault_t *fault) {
    const fqt_layer_t *layer = fqt_layer(model, index);
    const fqt_tensor_t *from = fqt_input_of(model, index);
    const fqt_tensor_t *to = fqt_output_of(model, index);
    const bool steps = fqt_gate_count(model, index) != 0;
    const uint32_t elements = steps ? (uint32_t)from->height * from->width : to->elements;
    const uint32_t area = (uint32_t)layer->window.kernel_height * layer->window.kernel_width;
    const uint32_t taps = steps                                    ? layer->filter_elements * to->channels
                          : fqt_kind_of(model, index)->has_weights ? layer->filter_elements
                                                                   : area;
    if (taps > (MAX_WORK - work) / elements) {
        fqt_fail_1(fault, FQT_MESSAGE_MUCH_WORK, MAX_WORK);
    }
    return work + elements * taps;
}

// Returns where the blobs end.
static uint32_t open_layers(fqt_model_t *model, fqt_source_t *source) {
    uint32_t end = fqt_blobs_start(model);
    uint32_t work = 0;
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        fqt_record_t record;
        fqt_record_take(source, i, &record);
        fqt_record_open(model, i, &record, &source->fault);
        work = add_work(model, i, work, &source->fault);
        end = fqt_record_blobs(model, source, i, &record, end);
        fqt_copy(fqt_layer(model, i)->blobs, record.blobs, sizeof(record.blobs));
    }
    return end;
}

uint32_t fqt_model_peek(fqt_source_t *source) {
    fqt_source_take_header(source);
    return source->header.layer_count;
}

void fqt_model_open(fqt_model_t *model, fqt_source_t *source, const fqt_kind_t *const *kinds, uint32_t master,
    uint32_t batch, void *tables) {
    const fqt_header_t *header = &source->header;
    fqt_fault_t *fault = &source->fault;
    fqt_source_check(source);
    if (header->flags & FQT_FILE_CHECKPOINT) {
        fqt_fail(fault, FQT_MESSAGE_IS_CHECKPOINT);
    }
    fqt_fill_zero(model, sizeof(*model));
    model->kinds = kinds;
    model->file = source->memory;
    model->file_bytes = source->bytes;
    model->tables = tables;
    model->layer_count = header->layer_count;
    model->tables_bytes = fqt_tables_bytes(model->layer_count);
    fqt_fill_zero(tables, model->tables_bytes);
    model->master = (uint8_t)master;
    model->input_type = header->input_type;
    model->identity = header->identity;
    model->loss = header->loss;
    model->maps = header->maps;
    model->text_bytes = header->text_bytes;
    model->batch = batch;
    model->options.least_rate = 65536;
    model->options.greatest_rate = 65536;
    fqt_copy(model->name, header->name, FQT_NAME_BYTES);
    fqt_take_progress(model, header);
    fqt_tensor_t *input = fqt_tensor(model, 0);
    input->zero_point = header->input_zero_point;
    input->scale = header->input_scale;
    fqt_tensor_take_shape(input, header->input, fault);
    const uint32_t end = open_layers(model, source);
    open_last_layer(model, fault);
    fqt_graph_link(model, fault);
    fqt_graph_mark(model);
    fqt_plan(model, source->memory == NULL, fault);
    fqt_blobs_end_check(source, end + fqt_maps_bytes(model));
}

void fqt_model_load(fqt_model_t *model, fqt_source_t *source, void *arena) {
    model->arena = arena;
    fqt_clear_sums(model);
    for (uint32_t i = 0; i < model->layer_count; ++i) {
        fqt_blobs_take(model, source, i, fqt_layer(model, i)->in_arena);
    }
    fqt_maps_take(model, source, true);
    fqt_texts_take(model, source, true);
    fqt_source_end(source);
}
