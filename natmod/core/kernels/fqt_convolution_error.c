// Convolution and dense layers, error: the sums of errors times weights (fqt_error_sums.c), requantised and stored.
// Where a layer with weights made the input and few of its channels are to take part in the step, only the errors that
// rank them are formed in all channels: those at the probed positions (fqt_select.h). Then the selected channels
// suffice.
#include "fqt_common_unit.h"
#include "fqt_kernels.h"
#include "../engine/fqt_errors.h"
#include "../engine/fqt_select.h"

// The errors of each interval-th part of `together` columns, from the `first` on, in the channels that are wanted
// (channels NULL: all).
static void put_parts(const fqt_pass_t *pass, fqt_errors_t *errors, const int16_t *m, int32_t together,
    fqt_probe_t probe, const fqt_selection_t *wanted, int32_t *sums) {
    const fqt_shape_t *shape = &pass->shape;
    const int32_t channels = shape->in_channels;
    for (int32_t row = 0; row < shape->in_height; ++row) {
        for (int32_t column = 0; column < shape->in_width; column += together, --probe.first) {
            if ((probe.first & (probe.interval - 1)) != 0) {
                continue;
            }
            int32_t columns = shape->in_width - column;
            columns = columns < together ? columns : together;
            fqt_error_sums(pass, m, &(fqt_part_t) {row, column, columns}, sums);
            uint32_t i = (uint32_t)((row * shape->in_width + column) * channels);
#if FQT_HAS_WANTED_ERRORS // and here all are
            (void)wanted;
            fqt_errors_put_all(errors, i, sums, columns * channels);
#else
            if (wanted->channels == NULL) {
                fqt_errors_put_all(errors, i, sums, columns * channels);
                continue;
            }
            for (const int32_t *sum = sums; columns > 0; --columns, sum += channels, i += (uint32_t)channels) {
                for (uint32_t n = 0; n < wanted->count; ++n) {
                    fqt_errors_put(errors, i + wanted->channels[n], sum[wanted->channels[n]]);
                }
            }
#endif
        }
    }
}

// e [out_height][out_width][out_channels] -> d [in_height][in_width][in_channels]
void fqt_convolution_error(fqt_pass_t *pass) {
    const fqt_shape_t *shape = &pass->shape;
    int16_t *m = pass->scratch;
    uint16_t *selected = (uint16_t *)m + shape->out_channels;
    const uint32_t bytes = fqt_selection_bytes((uint32_t)(shape->out_channels + shape->in_channels));
    int32_t *sums = (int32_t *)(void *)((uint8_t *)m + bytes);
    fqt_errors_t errors;
    fqt_errors_begin(&errors, pass, fqt_common_unit(pass, m));
    fqt_selection_t wanted = {(uint32_t)shape->in_channels, NULL};
    if (fqt_selects_input(pass)) {
        put_parts(pass, &errors, m, 1, fqt_probe(pass->model, shape->source), &wanted, sums);
        wanted = (fqt_selection_t) {fqt_select_input(pass, (uint32_t *)sums, selected), selected};
    }
#if FQT_HAS_WANTED_ERRORS
    if (wanted.channels != NULL) {
        fqt_put_wanted_errors(pass, &errors, m, &wanted, (int16_t *)(void *)sums);
    } else
#endif
    {
        put_parts(pass, &errors, m, fqt_columns_together(shape), (fqt_probe_t) {1, 0}, &wanted, sums);
    }
    fqt_errors_end(&errors);
}
