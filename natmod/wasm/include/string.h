// Of a C library, what the core uses (natmod/wasm/fqt_wasm.c).
#ifndef FQT_WASM_STRING_H
#define FQT_WASM_STRING_H

#include <stddef.h>

void *memcpy(void *restrict destination, const void *restrict source, size_t bytes);
void *memmove(void *destination, const void *source, size_t bytes);
void *memset(void *destination, int value, size_t bytes);
int memcmp(const void *one, const void *other, size_t bytes);
char *strcpy(char *restrict destination, const char *restrict source);

#endif
