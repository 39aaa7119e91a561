// Vectors and start. Registers are a ring of windows: a call gives the callee a window of its own, and where that meets
// the window of an older function the processor asks for the latter's registers to be spilled to the stack; they are
// filled again on the way back. Only windows of 8 are served, since GCC and MicroPython call with call8 alone.

    .section .vectors, "ax"
    .begin no-transform
    .org 0x080                      // overflow: a0 to a7 belong to the older function, a9 is its callee's stack pointer
    s32e a0, a9, -16
    l32e a0, a1, -12                // its caller's stack pointer
    s32e a1, a9, -12
    s32e a2, a9, -8
    s32e a3, a9, -4
    s32e a4, a0, -32
    s32e a5, a0, -28
    s32e a6, a0, -24
    s32e a7, a0, -20
    rfwo
    .org 0x0C0                      // underflow
    l32e a0, a9, -16
    l32e a1, a9, -12
    l32e a2, a9, -8
    l32e a7, a1, -12
    l32e a3, a9, -4
    l32e a4, a7, -32
    l32e a5, a7, -28
    l32e a6, a7, -24
    l32e a7, a7, -20
    rfwu
    .org 0x300
    wsr.excsave1 a0
    j exception
    .org 0x3C0                      // an exception in one of these, or in a handler: the emulator ends
    movi a2, 1
    movi a3, 102
    simcall
    .end no-transform

    .text
    .literal_position
    .align 4
    .global _start
_start:
    movi a2, 0
    wsr.windowbase a2
    rsync
    movi a2, 1
    wsr.windowstart a2
    rsync
    movi a2, 0x4000F                // windows on, interrupts off
    wsr.ps a2
    rsync
    movi a2, _sbss
    movi a3, _ebss
    movi a0, 0
1:  s32i a0, a2, 0
    addi a2, a2, 4
    bltu a2, a3, 1b
    movi a2, _estack                // a frame as that of a caller, so that this one can be spilled
    addi a1, a2, -64
    addi a3, a1, -16
    s32i a2, a3, 4
    movi a4, start
    callx8 a4
