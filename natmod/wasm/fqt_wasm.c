// The core for a browser: the desk's library (natmod/host) with what it takes of a C library, compiled to WebAssembly.
//
// An instance of the WebAssembly module has one model, and is dropped as a whole: memory is taken from its end and
// never given back. A fault leaves through fqt_wasm_escape, which throws in JavaScript; fqt_wasm_error then has the
// text. Besides the functions here, those of fqt_host.h take the model that fqt_wasm_model returns.
#include "../host/fqt_host.c"

#include <stdarg.h>

#define EXPORT __attribute__((visibility("default")))
#define PAGE_BYTES (0x10000u)
#define ALIGNMENT (8u)

// Of JavaScript: throws, so that the core is left.
__attribute__((import_module("fqt"), import_name("escape"))) FQT_NORETURN void fqt_wasm_escape(void);

extern uint8_t __heap_base; // of the linker: where the memory that nothing uses begins

static fqt_host_model_t fqt_wasm_host;
static char fqt_wasm_text[FQT_ERROR_TEXT_BYTES];
static uintptr_t fqt_wasm_end;

// -- what the core and the desk's library take of a C library

void *memcpy(void *restrict destination, const void *restrict source, size_t bytes) {
    return __builtin_memcpy(destination, source, bytes); // one instruction with -mbulk-memory, as the next two
}

void *memmove(void *destination, const void *source, size_t bytes) {
    return __builtin_memmove(destination, source, bytes);
}

void *memset(void *destination, int value, size_t bytes) {
    return __builtin_memset(destination, value, bytes);
}

int memcmp(const void *one, const void *other, size_t bytes) {
    const uint8_t *a = one;
    const uint8_t *b = other;
    for (size_t i = 0; i < bytes; ++i) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}

char *strcpy(char *restrict destination, const char *restrict source) {
    char *next = destination;
    while ((*next++ = *source++) != 0) {
    }
    return destination;
}

void *malloc(size_t bytes) {
    if (fqt_wasm_end == 0) {
        fqt_wasm_end = (uintptr_t)&__heap_base;
    }
    const uintptr_t begin = (fqt_wasm_end + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1);
    const uint64_t end = (uint64_t)begin + bytes;
    const uint64_t pages = (end + PAGE_BYTES - 1) / PAGE_BYTES;
    const size_t have = __builtin_wasm_memory_size(0);
    if (pages > have && (pages > PAGE_BYTES || __builtin_wasm_memory_grow(0, (size_t)pages - have) == SIZE_MAX)) {
        return NULL;
    }
    fqt_wasm_end = (uintptr_t)end;
    return (void *)begin;
}

void *calloc(size_t count, size_t bytes) {
    void *memory = malloc(count * bytes); // new pages are zero, and nothing is used twice
    return memory;
}

void free(void *memory) {
    (void)memory;
}

void longjmp(jmp_buf environment, int value) {
    (void)environment;
    (void)value;
    fqt_wasm_escape();
}

static char *put_number(char *text, unsigned number) {
    char digits[10];
    int count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count > 0) {
        *text++ = digits[--count];
    }
    return text;
}

// %u, %c and %.*s, which fqt_error_text uses.
int sprintf(char *restrict text, const char *restrict format, ...) {
    char *next = text;
    va_list values;
    va_start(values, format);
    for (; *format != 0; ++format) {
        if (*format != '%') {
            *next++ = *format;
        } else if (*++format == 'u') {
            next = put_number(next, va_arg(values, unsigned));
        } else if (*format == 'c') {
            *next++ = (char)va_arg(values, int);
        } else {
            format += 2; // ".*s"
            const int most = va_arg(values, int);
            const char *word = va_arg(values, const char *);
            for (int i = 0; i < most && word[i] != 0; ++i) {
                *next++ = word[i];
            }
        }
    }
    va_end(values);
    *next = 0;
    return (int)(next - text);
}

// -- what JavaScript calls

// Memory for JavaScript to fill; NULL: there is none.
EXPORT void *fqt_wasm_allocate(uint32_t bytes) {
    return malloc(bytes);
}

// Open a model file, once in an instance's life; it is read, and may be overwritten after. False: out of memory.
// Throws for a bad file.
EXPORT bool fqt_wasm_open(const uint8_t *file, uint32_t bytes, uint32_t master, uint32_t batch) {
    fqt_wasm_host.source = source_of(file, bytes, false);
    return open_model(&fqt_wasm_host, master, batch, fqt_wasm_text);
}

EXPORT fqt_host_model_t *fqt_wasm_model(void) {
    return &fqt_wasm_host;
}

// After a call that threw: why, as text that ends with 0.
EXPORT const char *fqt_wasm_error(void) {
    fqt_error_text(&fqt_wasm_host.source.fault, fqt_wasm_text);
    return fqt_wasm_text;
}

// Permute `order`, and the rate of an epoch, as a device's fqt.fit does (natmod/core/base/fqt_schedule.h).
EXPORT void fqt_wasm_shuffle(uint16_t *order, uint32_t count, uint32_t seed) {
    fqt_shuffle(order, count, seed);
}

EXPORT uint32_t fqt_wasm_decayed(uint32_t learning_rate, uint32_t done, uint32_t whole) {
    return fqt_scale_pack(fqt_decayed(fqt_scale_unpack(learning_rate), done, whole));
}
