// Gradient and update of convolutions where no instruction multiplies pairs: error by error, without columns, so that
// errors of 0, about half of them, cost a comparison. docs/arithmetic.md, section 7; the plain version with the same
// bits is plain/fqt_conv2d_update.c.
//
// Outputs whose windows have the same taps inside the input (nine rectangles of them, where a 3 x 3 kernel pads by one)
// go together: their errors that are not 0 are listed, each with the place of its window, and rows of the gradient are
// sums of these terms (fqt_terms.h), as rows of errors are. Zero points are taken off each sum at the end of a list, as
// they are the same for all.
#include "../../engine/fqt_update.h"
#include "fqt_terms.h"

// Outputs from `begin` on whose windows have the same taps inside the input, in one direction.
typedef struct {
    int32_t begin;
    int32_t end;
    int32_t origin; // where the first one's window starts
    fqt_taps_t taps;
} span_t;

// A filter's gradient while it is formed.
typedef struct {
    const fqt_pass_t *pass;
    int32_t *gradient; // [kernel_height][kernel_width][in_channels]
    fqt_term_t *terms;
    const fqt_term_t *last_term; // which ends the list
    int32_t sum; // of e
    bool any_error;
} forming_t;

static span_t next_span(int32_t begin, int32_t outputs, int32_t stride, int32_t pad, int32_t kernel, int32_t size) {
    int32_t origin = begin * stride - pad;
    span_t span = {begin, begin + 1, origin, fqt_taps(origin, kernel, size)};
    while (origin >= 0 && span.end < outputs && (origin += stride) + kernel <= size) {
        ++span.end;
    }
    return span;
}

// Add the terms before `end`, whose errors have this sum. x: what the first window's first tap inside reads.
static void add_list(const forming_t *forming, const span_t *rows, const span_t *columns, const int8_t *x,
    fqt_term_t *end, int32_t sum) {
    const fqt_shape_t *shape = &forming->pass->shape;
    const int32_t channels = shape->in_channels;
    const int32_t count = (columns->taps.end - columns->taps.begin) * channels;
    int32_t ky = rows->taps.begin;
    int32_t *gradient = forming->gradient + (ky * shape->window.kernel_width + columns->taps.begin) * channels;
    if (end == forming->terms) {
        return;
    }
    *end = (fqt_term_t) {0, -sum * forming->pass->input->zero_point};
    for (; ky < rows->taps.end; ++ky) {
        fqt_add_terms(forming->terms, x, count, gradient);
        x += shape->in_width * channels;
        gradient += shape->window.kernel_width * channels;
    }
}

// gradient[ky, kx, c] += sum over the outputs (oy, ox) of a rectangle of e * (x - zx), for the taps that these have
// inside. e: of the filter's first output.
FQT_HOT static void add_rectangle(forming_t *forming, const span_t *rows, const span_t *columns, const int8_t *e) {
    const fqt_shape_t *shape = &forming->pass->shape;
    const int32_t channels = shape->in_channels;
    const int32_t step = shape->out_channels;
    const int32_t place_step = shape->window.stride_width * channels;
    const int32_t row_bytes = shape->in_width * channels;
    const int8_t *x = forming->pass->x + (rows->origin + rows->taps.begin) * row_bytes
                      + (columns->origin + columns->taps.begin) * channels;
    fqt_term_t *term = forming->terms;
    int32_t sum = 0;
    e += (rows->begin * shape->out_width + columns->begin) * step;
    for (int32_t oy = rows->begin; oy < rows->end; ++oy, e += shape->out_width * step) {
        int32_t place = (oy - rows->begin) * shape->window.stride_height * row_bytes;
        const int8_t *error = e;
        for (int32_t left = columns->end - columns->begin; left > 0; --left, error += step, place += place_step) {
            if (*error == 0) {
                continue;
            }
            if (term == forming->last_term) {
                add_list(forming, rows, columns, x, term, sum);
                forming->sum += sum;
                sum = 0;
                term = forming->terms;
            }
            sum += *error;
            *term++ = (fqt_term_t) {*error, place};
        }
    }
    add_list(forming, rows, columns, x, term, sum);
    forming->sum += sum;
    forming->any_error = forming->any_error || term != forming->terms;
}

// The gradient of a filter, cleared before. e: of its first output.
static void form_gradient(forming_t *forming, const int8_t *e) {
    const fqt_shape_t *shape = &forming->pass->shape;
    const fqt_sliding_t *window = &shape->window;
    span_t rows = {0};
    forming->sum = 0;
    forming->any_error = false;
    while (rows.end < shape->out_height) {
        rows = next_span(rows.end, shape->out_height, window->stride_height, window->pad_top, window->kernel_height,
            shape->in_height);
        span_t columns = {0};
        while (columns.end < shape->out_width) {
            columns = next_span(columns.end, shape->out_width, window->stride_width, window->pad_left,
                window->kernel_width, shape->in_width);
            add_rectangle(forming, &rows, &columns, e);
        }
    }
}

void fqt_conv2d_update(fqt_pass_t *pass) {
    const fqt_selection_t *selection = &pass->selection;
    const uint32_t elements = pass->layer->filter_elements;
    int32_t *gradient = pass->scratch;
    forming_t forming = {.pass = pass, .gradient = gradient, .terms = (fqt_term_t *)(void *)(gradient + elements)};
    forming.last_term =
        forming.terms + (fqt_conv2d_update_bytes(pass->model, pass->index) - 4 * elements) / FQT_ERROR_TERM_BYTES - 1;
    fqt_update_t update;
    fqt_update_begin(&update, pass);
    for (uint32_t n = 0; n < selection->count; ++n) {
        const uint32_t o = selection->channels[n];
        fqt_clear(gradient, elements);
        form_gradient(&forming, pass->e + o);
        if (forming.any_error || update.decay != 0) {
            fqt_update_filter(&update, o, gradient, forming.sum);
        }
    }
}
