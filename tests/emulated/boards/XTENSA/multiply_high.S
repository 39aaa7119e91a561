// MULUH and MULSH, the upper word of a product: every ESP32 has them and modules use them, QEMU's cores do not. They
// raise an illegal instruction, and are computed here. All else that raises an exception is reported and ends the run.
//
// Registers that the running function did not use yet may hold those of an older one. So the first exception goes
// back to two instructions which, outside of the exception, claim all 16; the second then takes them as a whole.

    .set ILLEGAL_INSTRUCTION, 0
    .set SYSCALL, 1
    .set WHERE, 16 * 4              // in registers: the address of the instruction

    .text
    .literal_position
    .align 4
    .global exception
exception:                          // a0 is in EXCSAVE1
    movi a0, registers
    s32i a2, a0, 2 * 4
    rsr.exccause a2
    beqi a2, SYSCALL, claimed
    bnei a2, ILLEGAL_INSTRUCTION, failed
    rsr.epc1 a2
    s32i a2, a0, WHERE
    movi a2, claim
    wsr.epc1 a2
    rsync
    l32i a2, a0, 2 * 4
    rsr.excsave1 a0
    rfe
    .align 4
claim:
    or a15, a15, a15
    syscall

claimed:
    .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    s32i a\n, a0, \n * 4
    .endr
    rsr.excsave1 a2
    s32i a2, a0, 0
    l32i a3, a0, WHERE
    l8ui a4, a3, 0                  // t, then four bits that are 0
    l8ui a5, a3, 1                  // r, s
    l8ui a6, a3, 2
    extui a7, a4, 0, 4
    bnez a7, failed
    movi a14, 0xA2
    beq a6, a14, 1f                 // muluh
    movi a7, 0xB2
    bne a6, a7, failed
1:  extui a7, a4, 4, 4
    addx4 a7, a7, a0
    l32i a7, a7, 0
    extui a8, a5, 0, 4
    addx4 a8, a8, a0
    l32i a8, a8, 0
    extui a5, a5, 4, 4
    addx4 a5, a5, a0                // where the result goes
    // The unsigned product of a7 and a8 from those of their halves; no sum has more than 32 bits.
    extui a9, a7, 0, 16
    extui a10, a7, 16, 16
    extui a11, a8, 0, 16
    extui a12, a8, 16, 16
    mull a13, a9, a11
    extui a13, a13, 16, 16
    mull a11, a10, a11
    add a11, a11, a13
    mull a9, a9, a12
    extui a13, a11, 0, 16
    add a9, a9, a13
    mull a10, a10, a12
    extui a11, a11, 16, 16
    add a10, a10, a11
    extui a9, a9, 16, 16
    add a10, a10, a9
    beq a6, a14, 3f
    bgez a7, 2f                     // a negative factor was taken as 2^32 more
    sub a10, a10, a8
2:  bgez a8, 3f
    sub a10, a10, a7
3:  s32i a10, a5, 0
    addi a3, a3, 3
    wsr.epc1 a3
    rsync
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    l32i a\n, a0, \n * 4
    .endr
    l32i a0, a0, 0
    rfe

failed:
    movi a4, fault
    rsr.exccause a2
    s32i a2, a4, 0
    rsr.epc1 a2
    s32i a2, a4, 4
    rsr.excvaddr a2
    s32i a2, a4, 8
    movi a2, 0x4000F                // reported outside of the exception
    wsr.ps a2
    rsync
    movi a4, report_fault
    callx8 a4

    .bss
    .align 4
registers:
    .space 17 * 4
    .global fault
fault:
    .space 3 * 4
