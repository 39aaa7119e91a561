// The instructions that ESP32, ESP32-S2 and ESP32-S3 have in common, as lists: fields, operands, instructions.
//
// They have no zero-overhead loops and no floating point, which an S2 lacks; of what a module never uses (caches, the
// 16-bit multiply-accumulate unit, most special registers) there is nothing either. Names and bits
// are those of the Xtensa Instruction Set Architecture Reference Manual; binutils.c makes tables of the lists.
#ifndef FQT_XTENSA_INSTRUCTIONS_H
#define FQT_XTENSA_INSTRUCTIONS_H

// A field has its lower bits at one place of the instruction, and may have its upper ones at another:
// name, place and number of the lower, place and number of the upper.
#define FIELDS(FIELD)                                                                                                  \
    FIELD(R, 12, 4, 0, 0)                                                                                              \
    FIELD(S, 8, 4, 0, 0)                                                                                               \
    FIELD(T, 4, 4, 0, 0)                                                                                               \
    FIELD(IMM6, 12, 4, 4, 2)                                                                                           \
    FIELD(IMM7, 12, 4, 4, 3)                                                                                           \
    FIELD(IMM8, 16, 8, 0, 0)                                                                                           \
    FIELD(IMM12, 12, 12, 0, 0)                                                                                         \
    FIELD(MOVI12, 16, 8, 8, 4)                                                                                         \
    FIELD(IMM16, 8, 16, 0, 0)                                                                                          \
    FIELD(IMM18, 6, 18, 0, 0)                                                                                          \
    FIELD(LEFT, 4, 4, 20, 1)                                                                                           \
    FIELD(RIGHT, 8, 4, 20, 1)                                                                                          \
    FIELD(AMOUNT, 8, 4, 4, 1)                                                                                          \
    FIELD(FROM, 8, 4, 16, 1)                                                                                           \
    FIELD(WIDTH, 20, 4, 0, 0)                                                                                          \
    FIELD(BIT, 4, 4, 12, 1)

// Operands besides the registers R, S, T. x is the value in assembly, or what is encoded; an address is relative to
// a base, which depends on the instruction's own address pc.
//
// name, field, how a value is encoded, and decoded.
#define NUMBERS(NUMBER)                                                                                                \
    NUMBER(LEVEL, S, x & 15, x)                                                                                        \
    NUMBER(CODE, T, x & 15, x)                                                                                         \
    NUMBER(UIMM8, IMM8, x & 255, x)                                                                                    \
    NUMBER(UIMM8_2, IMM8, x >> 1 & 255, x << 1)                                                                        \
    NUMBER(UIMM8_4, IMM8, x >> 2 & 255, x << 2)                                                                        \
    NUMBER(SIMM8, IMM8, x & 255, sign_extended(x, 8))                                                                  \
    NUMBER(SIMM8_256, IMM8, x >> 8 & 255, sign_extended(x, 8) << 8)                                                    \
    NUMBER(SIMM12, MOVI12, x & 4095, sign_extended(x, 12))                                                             \
    NUMBER(FRAME, IMM12, x >> 3 & 4095, x << 3)                                                                        \
    NUMBER(UIMM4_4, R, x >> 2 & 15, x << 2)                                                                            \
    NUMBER(WINDOW, R, x >> 2 & 15, (x | ~15u) << 2)                                                                    \
    NUMBER(WINDOWS, T, x & 15, sign_extended(x, 4))                                                                    \
    NUMBER(ADDEND, T, x == -1u ? 0 : x & 15, x ? x : -1u)                                                              \
    NUMBER(SIMM7, IMM7, x & 127, x > 95 ? x - 128 : x)                                                                 \
    NUMBER(TO_BIT, T, (x - 7) & 15, x + 7)                                                                             \
    NUMBER(SHIFT_LEFT, LEFT, (32 - x) & 31, 32 - x)                                                                    \
    NUMBER(SHIFT_RIGHT, RIGHT, x & 31, x)                                                                              \
    NUMBER(SHIFT_AMOUNT, AMOUNT, x & 31, x)                                                                            \
    NUMBER(FIRST_BIT, FROM, x & 31, x)                                                                                 \
    NUMBER(BITS, WIDTH, (x - 1) & 15, x + 1)                                                                           \
    NUMBER(BIT_NUMBER, BIT, x & 31, x)                                                                                 \
    NUMBER(BRANCH_VALUE, R, index_in(branch_values, x), branch_values[x])                                              \
    NUMBER(BRANCH_VALUE_U, R, index_in(branch_values_unsigned, x), branch_values_unsigned[x])

// name, field, encoding, decoding, base.
#define ADDRESSES(ADDRESS)                                                                                             \
    ADDRESS(LABEL6, IMM6, x & 63, x, pc + 4)                                                                           \
    ADDRESS(LABEL8, IMM8, x & 255, sign_extended(x, 8), pc + 4)                                                        \
    ADDRESS(LABEL12, IMM12, x & 4095, sign_extended(x, 12), pc + 4)                                                    \
    ADDRESS(LABEL18, IMM18, x & 0x3FFFF, sign_extended(x, 18), pc + 4)                                                 \
    ADDRESS(FUNCTION, IMM18, x >> 2 & 0x3FFFF, sign_extended(x, 18) << 2, (pc & ~3u) + 4)                              \
    ADDRESS(LITERAL, IMM16, x >> 2 & 0xFFFF, (x | ~0xFFFFu) << 2, (pc + 3) & ~3u)

// How an instruction has an operand; instructions that are alike.
#define IN(operand) {operand, 'i'}
#define OUT(operand) {operand, 'o'}
#define CHANGE(operand) {operand, 'm'}

#define ALU(INSTRUCTION, name, bits) INSTRUCTION(name, #name, bits, PLAIN, OUT(R), IN(S), IN(T))
#define WHERE(INSTRUCTION, name, bits) INSTRUCTION(name, #name, bits, PLAIN, CHANGE(R), IN(S), IN(T))
#define LOAD(INSTRUCTION, name, bits, offset) INSTRUCTION(name, #name, bits, PLAIN, OUT(T), IN(S), IN(offset))
#define STORE(INSTRUCTION, name, bits, offset) INSTRUCTION(name, #name, bits, PLAIN, IN(T), IN(S), IN(offset))
#define COMPARE(INSTRUCTION, name, bits) INSTRUCTION(name, #name, bits, BRANCH, IN(S), IN(T), IN(LABEL8))
#define COMPARE_WITH(INSTRUCTION, name, bits, value)                                                                   \
    INSTRUCTION(name, #name, bits, BRANCH, IN(S), IN(value), IN(LABEL8))
#define COMPARE_WITH_0(INSTRUCTION, name, bits) INSTRUCTION(name, #name, bits, BRANCH, IN(S), IN(LABEL12))
#define SPECIAL(INSTRUCTION, name, number)                                                                             \
    INSTRUCTION(rsr_##name, "rsr." #name, 0x030000 + (number << 8), PLAIN, OUT(T))                                     \
    INSTRUCTION(wsr_##name, "wsr." #name, 0x130000 + (number << 8), PLAIN, IN(T))
#define BARE(INSTRUCTION, name, bits) INSTRUCTION(name, #name, bits, PLAIN, )

// name in C, name, bits besides the operands, what it does to the program counter, operands. The lowest four bits tell
// the length: three bytes below 8, else two.
#define INSTRUCTIONS(I)                                                                                                \
    BARE(I, ill, 0x000000)                                                                                             \
    I(ret, "ret", 0x000080, JUMP, )                                                                                    \
    I(retw, "retw", 0x000090, JUMP, )                                                                                  \
    I(jx, "jx", 0x0000A0, JUMP, IN(S))                                                                                 \
    I(callx0, "callx0", 0x0000C0, CALL, IN(S))                                                                         \
    I(callx4, "callx4", 0x0000D0, CALL, IN(S))                                                                         \
    I(callx8, "callx8", 0x0000E0, CALL, IN(S))                                                                         \
    I(callx12, "callx12", 0x0000F0, CALL, IN(S))                                                                       \
    I(movsp, "movsp", 0x001000, PLAIN, OUT(T), IN(S))                                                                  \
    BARE(I, isync, 0x002000)                                                                                           \
    BARE(I, rsync, 0x002010)                                                                                           \
    BARE(I, esync, 0x002020)                                                                                           \
    BARE(I, dsync, 0x002030)                                                                                           \
    BARE(I, excw, 0x002080)                                                                                            \
    BARE(I, memw, 0x0020C0)                                                                                            \
    BARE(I, extw, 0x0020D0)                                                                                            \
    BARE(I, nop, 0x0020F0)                                                                                             \
    I(rfe, "rfe", 0x003000, JUMP, )                                                                                    \
    I(rfwo, "rfwo", 0x003400, JUMP, )                                                                                  \
    I(rfwu, "rfwu", 0x003500, JUMP, )                                                                                  \
    I(break_, "break", 0x004000, PLAIN, IN(LEVEL), IN(CODE))                                                           \
    BARE(I, syscall, 0x005000)                                                                                         \
    BARE(I, simcall, 0x005100)                                                                                         \
    I(rsil, "rsil", 0x006000, PLAIN, OUT(T), IN(LEVEL))                                                                \
    I(waiti, "waiti", 0x007000, PLAIN, IN(LEVEL))                                                                      \
    ALU(I, and, 0x100000)                                                                                              \
    ALU(I, or, 0x200000)                                                                                               \
    ALU(I, xor, 0x300000)                                                                                              \
    I(ssr, "ssr", 0x400000, PLAIN, IN(S))                                                                              \
    I(ssl, "ssl", 0x401000, PLAIN, IN(S))                                                                              \
    I(ssa8l, "ssa8l", 0x402000, PLAIN, IN(S))                                                                          \
    I(ssai, "ssai", 0x404000, PLAIN, IN(SHIFT_AMOUNT))                                                                 \
    I(rotw, "rotw", 0x408000, PLAIN, IN(WINDOWS))                                                                      \
    I(nsa, "nsa", 0x40E000, PLAIN, OUT(T), IN(S))                                                                      \
    I(nsau, "nsau", 0x40F000, PLAIN, OUT(T), IN(S))                                                                    \
    I(neg, "neg", 0x600000, PLAIN, OUT(R), IN(T))                                                                      \
    I(abs, "abs", 0x600100, PLAIN, OUT(R), IN(T))                                                                      \
    ALU(I, add, 0x800000)                                                                                              \
    ALU(I, addx2, 0x900000)                                                                                            \
    ALU(I, addx4, 0xA00000)                                                                                            \
    ALU(I, addx8, 0xB00000)                                                                                            \
    ALU(I, sub, 0xC00000)                                                                                              \
    ALU(I, subx2, 0xD00000)                                                                                            \
    ALU(I, subx4, 0xE00000)                                                                                            \
    ALU(I, subx8, 0xF00000)                                                                                            \
    I(slli, "slli", 0x010000, PLAIN, OUT(R), IN(S), IN(SHIFT_LEFT))                                                    \
    I(srai, "srai", 0x210000, PLAIN, OUT(R), IN(T), IN(SHIFT_RIGHT))                                                   \
    I(srli, "srli", 0x410000, PLAIN, OUT(R), IN(T), IN(LEVEL))                                                         \
    ALU(I, src, 0x810000)                                                                                              \
    I(srl, "srl", 0x910000, PLAIN, OUT(R), IN(T))                                                                      \
    I(sll, "sll", 0xA10000, PLAIN, OUT(R), IN(S))                                                                      \
    I(sra, "sra", 0xB10000, PLAIN, OUT(R), IN(T))                                                                      \
    ALU(I, mul16u, 0xC10000)                                                                                           \
    ALU(I, mul16s, 0xD10000)                                                                                           \
    ALU(I, mull, 0x820000)                                                                                             \
    ALU(I, muluh, 0xA20000)                                                                                            \
    ALU(I, mulsh, 0xB20000)                                                                                            \
    ALU(I, quou, 0xC20000)                                                                                             \
    ALU(I, quos, 0xD20000)                                                                                             \
    ALU(I, remu, 0xE20000)                                                                                             \
    ALU(I, rems, 0xF20000)                                                                                             \
    SPECIAL(I, lbeg, 0)                                                                                                \
    SPECIAL(I, lend, 1)                                                                                                \
    SPECIAL(I, lcount, 2)                                                                                              \
    SPECIAL(I, sar, 3)                                                                                                 \
    SPECIAL(I, windowbase, 72)                                                                                         \
    SPECIAL(I, windowstart, 73)                                                                                        \
    SPECIAL(I, epc1, 177)                                                                                              \
    SPECIAL(I, excsave1, 209)                                                                                          \
    SPECIAL(I, ps, 230)                                                                                                \
    SPECIAL(I, vecbase, 231)                                                                                           \
    SPECIAL(I, exccause, 232)                                                                                          \
    SPECIAL(I, ccount, 234)                                                                                            \
    SPECIAL(I, excvaddr, 238)                                                                                          \
    I(sext, "sext", 0x230000, PLAIN, OUT(R), IN(S), IN(TO_BIT))                                                        \
    I(clamps, "clamps", 0x330000, PLAIN, OUT(R), IN(S), IN(TO_BIT))                                                    \
    ALU(I, min, 0x430000)                                                                                              \
    ALU(I, max, 0x530000)                                                                                              \
    ALU(I, minu, 0x630000)                                                                                             \
    ALU(I, maxu, 0x730000)                                                                                             \
    WHERE(I, moveqz, 0x830000)                                                                                         \
    WHERE(I, movnez, 0x930000)                                                                                         \
    WHERE(I, movltz, 0xA30000)                                                                                         \
    WHERE(I, movgez, 0xB30000)                                                                                         \
    I(extui, "extui", 0x040000, PLAIN, OUT(R), IN(T), IN(FIRST_BIT), IN(BITS))                                         \
    LOAD(I, l32e, 0x090000, WINDOW)                                                                                    \
    STORE(I, s32e, 0x490000, WINDOW)                                                                                   \
    I(l32r, "l32r", 0x000001, PLAIN, OUT(T), IN(LITERAL))                                                              \
    LOAD(I, l8ui, 0x000002, UIMM8)                                                                                     \
    LOAD(I, l16ui, 0x001002, UIMM8_2)                                                                                  \
    LOAD(I, l32i, 0x002002, UIMM8_4)                                                                                   \
    STORE(I, s8i, 0x004002, UIMM8)                                                                                     \
    STORE(I, s16i, 0x005002, UIMM8_2)                                                                                  \
    STORE(I, s32i, 0x006002, UIMM8_4)                                                                                  \
    LOAD(I, l16si, 0x009002, UIMM8_2)                                                                                  \
    I(movi, "movi", 0x00A002, PLAIN, OUT(T), IN(SIMM12))                                                               \
    LOAD(I, addi, 0x00C002, SIMM8)                                                                                     \
    LOAD(I, addmi, 0x00D002, SIMM8_256)                                                                                \
    I(call0, "call0", 0x000005, CALL, IN(FUNCTION))                                                                    \
    I(call4, "call4", 0x000015, CALL, IN(FUNCTION))                                                                    \
    I(call8, "call8", 0x000025, CALL, IN(FUNCTION))                                                                    \
    I(call12, "call12", 0x000035, CALL, IN(FUNCTION))                                                                  \
    I(j, "j", 0x000006, JUMP, IN(LABEL18))                                                                             \
    COMPARE_WITH_0(I, beqz, 0x000016)                                                                                  \
    COMPARE_WITH_0(I, bnez, 0x000056)                                                                                  \
    COMPARE_WITH_0(I, bltz, 0x000096)                                                                                  \
    COMPARE_WITH_0(I, bgez, 0x0000D6)                                                                                  \
    COMPARE_WITH(I, beqi, 0x000026, BRANCH_VALUE)                                                                      \
    COMPARE_WITH(I, bnei, 0x000066, BRANCH_VALUE)                                                                      \
    COMPARE_WITH(I, blti, 0x0000A6, BRANCH_VALUE)                                                                      \
    COMPARE_WITH(I, bgei, 0x0000E6, BRANCH_VALUE)                                                                      \
    I(entry, "entry", 0x000036, PLAIN, IN(S), IN(FRAME))                                                               \
    COMPARE_WITH(I, bltui, 0x0000B6, BRANCH_VALUE_U)                                                                   \
    COMPARE_WITH(I, bgeui, 0x0000F6, BRANCH_VALUE_U)                                                                   \
    COMPARE(I, bnone, 0x000007)                                                                                        \
    COMPARE(I, beq, 0x001007)                                                                                          \
    COMPARE(I, blt, 0x002007)                                                                                          \
    COMPARE(I, bltu, 0x003007)                                                                                         \
    COMPARE(I, ball, 0x004007)                                                                                         \
    COMPARE(I, bbc, 0x005007)                                                                                          \
    COMPARE_WITH(I, bbci, 0x006007, BIT_NUMBER)                                                                        \
    COMPARE(I, bany, 0x008007)                                                                                         \
    COMPARE(I, bne, 0x009007)                                                                                          \
    COMPARE(I, bge, 0x00A007)                                                                                          \
    COMPARE(I, bgeu, 0x00B007)                                                                                         \
    COMPARE(I, bnall, 0x00C007)                                                                                        \
    COMPARE(I, bbs, 0x00D007)                                                                                          \
    COMPARE_WITH(I, bbsi, 0x00E007, BIT_NUMBER)                                                                        \
    I(l32i_n, "l32i.n", 0x0008, PLAIN, OUT(T), IN(S), IN(UIMM4_4))                                                     \
    I(s32i_n, "s32i.n", 0x0009, PLAIN, IN(T), IN(S), IN(UIMM4_4))                                                      \
    I(add_n, "add.n", 0x000A, PLAIN, OUT(R), IN(S), IN(T))                                                             \
    I(addi_n, "addi.n", 0x000B, PLAIN, OUT(R), IN(S), IN(ADDEND))                                                      \
    I(movi_n, "movi.n", 0x000C, PLAIN, OUT(S), IN(SIMM7))                                                              \
    I(beqz_n, "beqz.n", 0x008C, BRANCH, IN(S), IN(LABEL6))                                                             \
    I(bnez_n, "bnez.n", 0x00CC, BRANCH, IN(S), IN(LABEL6))                                                             \
    I(mov_n, "mov.n", 0x000D, PLAIN, OUT(T), IN(S))                                                                    \
    I(ret_n, "ret.n", 0xF00D, JUMP, )                                                                                  \
    I(retw_n, "retw.n", 0xF01D, JUMP, )                                                                                \
    I(break_n, "break.n", 0xF02D, PLAIN, IN(LEVEL))                                                                    \
    I(nop_n, "nop.n", 0xF03D, PLAIN, )                                                                                 \
    I(ill_n, "ill.n", 0xF06D, PLAIN, )

#endif
