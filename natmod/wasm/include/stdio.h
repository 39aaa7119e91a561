// Of a C library, what error texts use (natmod/wasm/fqt_wasm.c).
#ifndef FQT_WASM_STDIO_H
#define FQT_WASM_STDIO_H

int sprintf(char *restrict text, const char *restrict format, ...);

#endif
