// setjmp and longjmp for register windows. First the windows of all callers are spilled, so that their registers are on
// the stack alone: a0 to a3 of a function 16 bytes below its callee's stack pointer, a4 to a7 32 bytes below its
// caller's. A buffer has a0 to a7 of setjmp's caller, then setjmp's own a0 and a1; longjmp puts them back and returns as
// setjmp.

    .macro copy from, first, to, place
    .irp n, 0, 4, 8, 12
    l32i a7, \from, \first + \n
    s32i a7, \to, \place + \n
    .endr
    .endm

    // In \upper the place of a4 to a7 of the function whose stack pointer is in the word at \pointer.
    .macro find_upper upper, pointer
    l32i \upper, \pointer, 4
    addi \upper, \upper, -16
    l32i \upper, \upper, 4          // its caller's stack pointer
    addi \upper, \upper, -32
    .endm

    .macro function name
    .align 4
    .global \name
    .type \name, @function
\name:
    entry a1, 48
    movi a10, 3                     // besides this function's own, of the 4 windows of de212's 32 registers
    call8 spill_windows
    .endm

    .text
    function setjmp
    addi a4, a1, -16
    find_upper a5, a4
    copy a4, 0, a2, 0
    copy a5, 0, a2, 16
    s32i a0, a2, 32
    s32i a1, a2, 36
    movi a2, 0
    retw

    function longjmp
    l32i a0, a2, 32
    l32i a1, a2, 36
    addi a4, a1, -16
    find_upper a5, a2
    copy a2, 0, a4, 0
    copy a2, 16, a5, 0
    mov a2, a3
    retw
