// The innermost loops of products, as instructions of Armv7E-M. What they compute is written in C in
// fqt_simd_emulated.h.
//
// No compiler left to itself keeps all of their values in registers, and loads one behind the other, where they overlap
// in the pipeline of Cortex-M4; only the first of these moves a pointer for nothing. volatile: one store of two words
// takes longer than two stores.
#ifndef FQT_SIMD_LOOPS_ARM_H
#define FQT_SIMD_LOOPS_ARM_H

#define FQT_LOAD(to, from) "ldr %[" to "], " from "\n\t"
#define FQT_EXTRACT(to, from, rotation) "sxtb16 %[" to "], %[" from "]" rotation "\n\t"
#define FQT_MULTIPLY_ADD(a, b, sum) "smlad %[" sum "], %[" a "], %[" b "], %[" sum "]\n\t"
#define FQT_LOWER_HALVES(to, a, b) "pkhbt %[" to "], %[" a "], %[" b "], lsl #16\n\t"
#define FQT_UPPER_HALVES(to, a, b) "pkhtb %[" to "], %[" b "], %[" a "], asr #16\n\t"
#define FQT_COMPARE_AND_GO(word, branch) "cmp %[" word "], #0\n\t" branch "\n\t"
// Where rounds are odd in number (word: not 0), the first turn of two begins in its middle.
#define FQT_TWO_ROUNDS(first, second, bytes)                                                                           \
    "cbnz %[word], 2f\n\t.balign 4\n1:\n\t" first "2:\n\t" second "adds %[pair], " bytes                               \
    "\n\tcmp %[row], %[last]\n\tblo 1b"

// sums[n] = the products of row n, which lies n * row_bytes behind `row`, with a column: of each four elements the pair
// of even ones, then that of odd ones, 0 where the last four reach beyond the row.
FQT_INLINE void fqt_multiply_four_rows(
    const int8_t *row, uint32_t row_bytes, uint32_t elements, const fqt_pair_t *column, volatile int32_t sums[4]) {
#define ONE_ROW(of, sum)                                                                                               \
    FQT_EXTRACT("bytes", of, "")                                                                                       \
    FQT_EXTRACT(of, of, ", ror #8")                                                                                    \
    FQT_MULTIPLY_ADD("bytes", "even", sum)                                                                             \
    FQT_MULTIPLY_ADD(of, "odd", sum)
#define FOUR_ROWS(even, odd)                                                                                           \
    FQT_LOAD("word", "[%[row], #4]!")                                                                                  \
    FQT_LOAD("even", "[%[pair], " even "]")                                                                            \
    FQT_LOAD("odd", "[%[pair], " odd "]")                                                                              \
    FQT_LOAD("next", "[%[row], %[row_bytes]]")                                                                         \
    ONE_ROW("word", "sum_0")                                                                                           \
    ONE_ROW("next", "sum_1")                                                                                           \
    FQT_LOAD("word", "[%[row], %[row_bytes], lsl #1]")                                                                 \
    FQT_LOAD("next", "[%[row], %[three_rows_bytes]]")                                                                  \
    ONE_ROW("word", "sum_2")                                                                                           \
    ONE_ROW("next", "sum_3")
    const uint32_t is_odd = (elements + 3) & 4;
    const fqt_pair_t *pair = column - is_odd / 2;
    uint32_t word = is_odd;
    uint32_t next;
    uint32_t even;
    uint32_t odd;
    uint32_t bytes;
    int32_t sum_0 = 0;
    int32_t sum_1 = 0;
    int32_t sum_2 = 0;
    int32_t sum_3 = 0;
    row -= 4;
    __asm__ volatile(FQT_TWO_ROUNDS(FOUR_ROWS("#0", "#4"), FOUR_ROWS("#8", "#12"), "#16")
        : [row] "+&r"(row), [pair] "+&r"(pair), [sum_0] "+&r"(sum_0), [sum_1] "+&r"(sum_1), [sum_2] "+&r"(sum_2),
        [sum_3] "+&r"(sum_3), [word] "+&l"(word), [next] "=&r"(next), [even] "=&r"(even), [odd] "=&r"(odd),
        [bytes] "=&r"(bytes)
        : [row_bytes] "r"(row_bytes), [three_rows_bytes] "r"(3 * row_bytes), [last] "r"(row + elements)
        : "cc", "memory");
#undef FOUR_ROWS
#undef ONE_ROW
    sums[0] = sum_0;
    sums[1] = sum_1;
    sums[2] = sum_2;
    sums[3] = sum_3;
}

// The same with two rows and two columns: of each four elements both columns' pairs of even ones, then of odd ones.
// other_sums: with the second column.
FQT_INLINE void fqt_multiply_two_rows(const int8_t *row, uint32_t row_bytes, uint32_t elements,
    const fqt_pair_t *columns, volatile int32_t sums[2], volatile int32_t other_sums[2]) {
#define ONE_ROW(of, rotation, sum)                                                                                     \
    FQT_EXTRACT("bytes", of, rotation)                                                                                 \
    FQT_MULTIPLY_ADD("bytes", "column", sum)                                                                           \
    FQT_MULTIPLY_ADD("bytes", "other_column", "other_" sum)
#define TWO_ROWS(even, other_even, odd, other_odd)                                                                     \
    FQT_LOAD("word", "[%[row], #4]!")                                                                                  \
    FQT_LOAD("column", "[%[pair], " even "]")                                                                          \
    FQT_LOAD("other_column", "[%[pair], " other_even "]")                                                              \
    FQT_LOAD("next", "[%[row], %[row_bytes]]")                                                                         \
    ONE_ROW("word", "", "sum_0")                                                                                       \
    ONE_ROW("next", "", "sum_1")                                                                                       \
    FQT_LOAD("column", "[%[pair], " odd "]")                                                                           \
    FQT_LOAD("other_column", "[%[pair], " other_odd "]")                                                               \
    ONE_ROW("word", ", ror #8", "sum_0")                                                                               \
    ONE_ROW("next", ", ror #8", "sum_1")
    const uint32_t is_odd = (elements + 3) & 4;
    const fqt_pair_t *pair = columns - is_odd;
    uint32_t word = is_odd;
    uint32_t next;
    uint32_t column;
    uint32_t other_column;
    uint32_t bytes;
    int32_t sum_0 = 0;
    int32_t sum_1 = 0;
    int32_t other_sum_0 = 0;
    int32_t other_sum_1 = 0;
    row -= 4;
    __asm__ volatile(FQT_TWO_ROUNDS(TWO_ROWS("#0", "#4", "#8", "#12"), TWO_ROWS("#16", "#20", "#24", "#28"), "#32")
        : [row] "+&r"(row), [pair] "+&r"(pair), [sum_0] "+&r"(sum_0), [sum_1] "+&r"(sum_1),
        [other_sum_0] "+&r"(other_sum_0), [other_sum_1] "+&r"(other_sum_1), [word] "+&l"(word), [next] "=&r"(next),
        [column] "=&r"(column), [other_column] "=&r"(other_column), [bytes] "=&r"(bytes)
        : [row_bytes] "r"(row_bytes), [last] "r"(row + elements)
        : "cc", "memory");
#undef TWO_ROWS
#undef ONE_ROW
    sums[0] = sum_0;
    sums[1] = sum_1;
    other_sums[0] = other_sum_0;
    other_sums[1] = other_sum_1;
}

// sums[c] += the products of errors[n] with byte c at w + filters[n], two of them at a time until two errors are 0; the
// first two are not. Behind the last one that is not, three of both are 0. Bytes of two filters are put side by side
// before they are extracted, so that one multiply-add takes two errors.
FQT_INLINE void fqt_add_terms_to_four(
    const int16_t *errors, const int32_t *filters, const int8_t *w, volatile int32_t sums[4]) {
#define TWO_CHANNELS(of, free, errors, sum, next_sum)                                                                  \
    FQT_EXTRACT(free, of, "")                                                                                          \
    FQT_EXTRACT(of, of, ", ror #8")                                                                                    \
    FQT_MULTIPLY_ADD(free, errors, sum)                                                                                \
    FQT_MULTIPLY_ADD(of, errors, next_sum)
#define TWO_TERMS(word, next, errors)                                                                                  \
    FQT_LOWER_HALVES("bytes", word, next)                                                                              \
    FQT_UPPER_HALVES(next, word, next)                                                                                 \
    TWO_CHANNELS("bytes", word, errors, "sum_0", "sum_1")                                                              \
    TWO_CHANNELS(next, word, errors, "sum_2", "sum_3")
#define LOAD_FOUR_TERMS                                                                                                \
    FQT_LOAD("first", "[%[filters]], #16")                                                                             \
    FQT_LOAD("next_pair", "[%[errors], #4]")                                                                           \
    FQT_LOAD("second", "[%[filters], #-12]")                                                                           \
    FQT_LOAD("third", "[%[filters], #-8]")                                                                             \
    FQT_LOAD("fourth", "[%[filters], #-4]")                                                                            \
    FQT_LOAD("first", "[%[w], %[first]]")                                                                              \
    FQT_LOAD("second", "[%[w], %[second]]")                                                                            \
    FQT_LOAD("third", "[%[w], %[third]]")                                                                              \
    FQT_LOAD("fourth", "[%[w], %[fourth]]")
#define FOUR_TERMS                                                                                                     \
    LOAD_FOUR_TERMS                                                                                                    \
    TWO_TERMS("first", "second", "pair")                                                                               \
    FQT_COMPARE_AND_GO("next_pair", "beq 2f")                                                                          \
    FQT_LOAD("pair", "[%[errors], #8]!")                                                                               \
    TWO_TERMS("third", "fourth", "next_pair")                                                                          \
    FQT_COMPARE_AND_GO("pair", "bne 1b")
    int32_t sum_0 = sums[0];
    int32_t sum_1 = sums[1];
    int32_t sum_2 = sums[2];
    int32_t sum_3 = sums[3];
    uint32_t bytes;
    uint32_t first;
    uint32_t second;
    uint32_t third;
    uint32_t fourth;
    uint32_t next_pair;
    uint32_t pair = *(const fqt_pair_t *)(const void *)errors;
    __asm__ volatile(".balign 4\n1:\n\t" FOUR_TERMS "2:"
        : [errors] "+&r"(errors), [filters] "+&r"(filters), [sum_0] "+&r"(sum_0), [sum_1] "+&r"(sum_1),
        [sum_2] "+&r"(sum_2), [sum_3] "+&r"(sum_3), [pair] "+&r"(pair), [next_pair] "=&r"(next_pair),
        [first] "=&r"(first), [second] "=&r"(second), [third] "=&r"(third), [fourth] "=&r"(fourth), [bytes] "=&r"(bytes)
        : [w] "r"(w)
        : "cc", "memory");
#undef FOUR_TERMS
#undef LOAD_FOUR_TERMS
#undef TWO_TERMS
#undef TWO_CHANNELS
    sums[0] = sum_0;
    sums[1] = sum_1;
    sums[2] = sum_2;
    sums[3] = sum_3;
}

// sums[n] = sum + the products of the terms with three neighbours, `offset` and n elements behind x, for four n. A term
// has three words: the offset, two factors, the third factor below what is negative in the last term.
FQT_INLINE void fqt_sum_taps(const fqt_pair_t *terms, const int16_t *x, int32_t sum, volatile int32_t sums[4]) {
    int32_t sum_0 = sum;
    int32_t sum_1 = sum;
    int32_t sum_2 = sum;
    int32_t sum_3 = sum;
    uint32_t pair;
    uint32_t last;
    uint32_t x_0;
    uint32_t x_2;
    uint32_t x_4;
    __asm__ volatile(".balign 4\n"
                     "1:\n\t"
                     "ldr %[x_4], [%[terms]], #12\n\t"
                     "ldr %[pair], [%[terms], #-8]\n\t"
                     "ldr %[last], [%[terms], #-4]\n\t"
                     "ldr %[x_0], [%[x], %[x_4], lsl #1]\n\t"
                     "ldr %[x_2], [%[second], %[x_4], lsl #1]\n\t"
                     "ldr %[x_4], [%[fourth], %[x_4], lsl #1]\n\t"
                     "smlad %[sum_0], %[pair], %[x_0], %[sum_0]\n\t"
                     "pkhbt %[x_0], %[x_2], %[x_0]\n\t"
                     "smlad %[sum_2], %[pair], %[x_2], %[sum_2]\n\t"
                     "smlabb %[sum_0], %[last], %[x_2], %[sum_0]\n\t"
                     "smladx %[sum_1], %[pair], %[x_0], %[sum_1]\n\t"
                     "smlabt %[sum_1], %[last], %[x_2], %[sum_1]\n\t"
                     "pkhbt %[x_2], %[x_4], %[x_2]\n\t"
                     "smlabb %[sum_2], %[last], %[x_4], %[sum_2]\n\t"
                     "smladx %[sum_3], %[pair], %[x_2], %[sum_3]\n\t"
                     "smlabt %[sum_3], %[last], %[x_4], %[sum_3]\n\t"
                     "cmp %[last], #0\n\t"
                     "bge 1b"
        : [terms] "+&r"(terms), [sum_0] "+&r"(sum_0), [sum_1] "+&r"(sum_1), [sum_2] "+&r"(sum_2), [sum_3] "+&r"(sum_3),
        [pair] "=&r"(pair), [last] "=&r"(last), [x_0] "=&r"(x_0), [x_2] "=&r"(x_2), [x_4] "=&r"(x_4)
        : [x] "r"(x), [second] "r"(x + 2), [fourth] "r"(x + 4)
        : "cc", "memory");
    sums[0] = sum_0;
    sums[1] = sum_1;
    sums[2] = sum_2;
    sums[3] = sum_3;
}

#endif
