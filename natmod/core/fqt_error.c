// Error texts; see fqt_error.h. No printf: the core links with nothing.
#include "fqt_error.h"

#include <stddef.h>

bool fqt_fail(fqt_error_t *error, const char *message, uint32_t a, uint32_t b, uint32_t c) {
    error->message = message;
    error->numbers[0] = a;
    error->numbers[1] = b;
    error->numbers[2] = c;
    return false;
}

typedef struct {
    char *next;
    char *end;
} text_t;

static void put_char(text_t *text, char c) {
    if (text->next < text->end) {
        *text->next++ = c;
    }
}

static void put_string(text_t *text, const char *string) {
    while (*string) {
        put_char(text, *string++);
    }
}

static void put_number(text_t *text, uint32_t number) {
    char digits[10];
    int count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    while (count) {
        put_char(text, digits[--count]);
    }
}

uint32_t fqt_error_text(const fqt_error_t *error, char buffer[FQT_ERROR_TEXT_BYTES]) {
    text_t text = {buffer, buffer + FQT_ERROR_TEXT_BYTES - 1};
    if (error->layer) {
        put_string(&text, "layer ");
        put_number(&text, error->layer);
        if (error->kind != NULL) {
            put_string(&text, " (");
            put_string(&text, error->kind);
            put_char(&text, ')');
        }
        put_string(&text, ": ");
    }
    const uint32_t *number = error->numbers;
    for (const char *c = error->message; *c; ++c) {
        if (*c == '#') {
            put_number(&text, *number++);
        } else {
            put_char(&text, *c);
        }
    }
    *text.next = 0;
    return (uint32_t)(text.next - buffer);
}
