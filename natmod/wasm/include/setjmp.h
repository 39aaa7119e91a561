// WebAssembly has no jumps between functions: a jump throws in JavaScript, which drops the instance, so that no
// setjmp returns twice.
#ifndef FQT_WASM_SETJMP_H
#define FQT_WASM_SETJMP_H

typedef int jmp_buf[1];

#define setjmp(environment) ((void)(environment), 0)
_Noreturn void longjmp(jmp_buf environment, int value);

#endif
