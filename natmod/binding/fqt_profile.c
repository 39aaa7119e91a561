// What a profiler needs, in a module of its own (FQT_PROFILE; `fqt bench` uses it): a part of modfqt.c, in a file of
// its own so that its names are in no other module.
#include "fqt_engine.h"

enum { PHASE_FORWARD, PHASE_LOSS, PHASE_SELECT, PHASE_ERROR, PHASE_UPDATE, PHASE_END };

// _phase(number, layer) -> whether the layer has that part: one part of a training step on what the buffers hold, with
// label 0 and the default rate, so that a profiler can take the step apart (fqt bench). In the order of fqt_train_step;
// each layer's error and update take the channels that its PHASE_SELECT selected.
static mp_obj_t phase(engine_t *self, size_t n_args, const mp_obj_t *args, size_t keywords) {
    (void)n_args, (void)keywords;
    fqt_model_t *model = &self->model;
    const mp_uint_t number = mp_obj_get_int_truncated(args[1]);
    const mp_uint_t layer = mp_obj_get_int_truncated(args[2]);
    if (layer >= model->layer_count) {
        fail_1(FQT_MESSAGE_LAYER_NUMBER, model->layer_count);
    }
    const fqt_kind_t *kind = fqt_kind_of(model, layer);
    const fqt_scale_t rate = fqt_scale_unpack(DEFAULT_LEARNING_RATE);
    bool takes_part = number == PHASE_FORWARD || fqt_trains(model);
    if (number >= PHASE_SELECT && number <= PHASE_UPDATE) {
        takes_part = fqt_output_of(model, layer)->needs_error
                     && (number == PHASE_SELECT  ? kind->has_weights
                         : number == PHASE_ERROR ? fqt_passes_error(model, layer)
                                                 : fqt_layer(model, layer)->updates);
    }
    if (number == PHASE_FORWARD || number == PHASE_SELECT) { // that of a layer without weights too
        fqt_pass_begin(&self->pass, model, layer);
        self->pass.training = true;
        self->pass.learning_rate = rate;
    }
    if (number == PHASE_SELECT && fqt_output_of(model, layer)->needs_error) {
        fqt_step_turn_back(&self->pass, fqt_update_rate(model, self->loss));
    }
    if (!takes_part) {
        return mp_const_false;
    }
    if (number == PHASE_FORWARD) {
        kind->forward(&self->pass);
    } else if (number == PHASE_LOSS) {
        self->loss = fqt_step_loss(model, 0, rate);
    } else if (number == PHASE_ERROR) {
        kind->error(&self->pass);
    } else if (number == PHASE_UPDATE) {
        kind->update(&self->pass);
    } else if (number == PHASE_END) {
        fqt_step_end(model, rate);
    }
    return mp_const_true;
}

#define FQT_PROFILE_NAME MP_QSTR__phase
