// Of a C library, what the desk's library uses (natmod/wasm/fqt_wasm.c): memory that is never given back.
#ifndef FQT_WASM_STDLIB_H
#define FQT_WASM_STDLIB_H

#include <stddef.h>

void *malloc(size_t bytes);
void *calloc(size_t count, size_t bytes);
void free(void *memory);

#endif
