// The functions of fqt_simd.h in C: what the instructions named in fqt_simd_arm.h compute, so that the kernels made of
// them run under sanitizers on the desk. A multiply-add wraps around on the core; no kernel means it to, so here it
// stops the program.
#ifndef FQT_SIMD_EMULATED_H
#define FQT_SIMD_EMULATED_H

FQT_INLINE void fqt_load_two(const fqt_pair_t *pair, uint32_t *restrict first, uint32_t *restrict second) {
    *first = pair[0];
    *second = pair[1];
}

FQT_INLINE void fqt_load_pair_and_four(const int16_t *pair, const fqt_pair_t *words, uint32_t to[5]) {
    to[0] = fqt_load4(pair);
    __builtin_memcpy(to + 1, words, 16);
}

// Parts of words, and words of parts.

FQT_INLINE int32_t fqt_lower_half(uint32_t word) {
    return (int16_t)word;
}

FQT_INLINE int32_t fqt_upper_half(uint32_t word) {
    return (int16_t)(word >> 16);
}

FQT_INLINE uint32_t fqt_halves(int32_t lower, int32_t upper) {
    return (uint32_t)(uint16_t)lower | (uint32_t)(uint16_t)upper << 16;
}

FQT_INLINE int32_t fqt_byte(uint32_t word, uint32_t i) {
    return (int8_t)(word >> 8 * i);
}

FQT_INLINE uint32_t fqt_byte_at(int32_t byte, uint32_t i) {
    return (uint32_t)(uint8_t)byte << 8 * i;
}

FQT_INLINE uint32_t fqt_even_bytes(uint32_t word) {
    return fqt_halves(fqt_byte(word, 0), fqt_byte(word, 2));
}

FQT_INLINE uint32_t fqt_odd_bytes(uint32_t word) {
    return fqt_halves(fqt_byte(word, 1), fqt_byte(word, 3));
}

FQT_INLINE uint32_t fqt_add_even_bytes(uint32_t pair, uint32_t word) {
    return fqt_halves(fqt_lower_half(pair) + fqt_byte(word, 0), fqt_upper_half(pair) + fqt_byte(word, 2));
}

FQT_INLINE uint32_t fqt_add_odd_bytes(uint32_t pair, uint32_t word) {
    return fqt_halves(fqt_lower_half(pair) + fqt_byte(word, 1), fqt_upper_half(pair) + fqt_byte(word, 3));
}

FQT_INLINE uint32_t fqt_lower_halves(uint32_t a, uint32_t b) {
    return fqt_halves(fqt_lower_half(a), fqt_lower_half(b));
}

FQT_INLINE uint32_t fqt_upper_halves(uint32_t a, uint32_t b) {
    return fqt_halves(fqt_upper_half(a), fqt_upper_half(b));
}

FQT_INLINE uint32_t fqt_lower_and_upper(uint32_t a, uint32_t b) {
    return fqt_halves(fqt_lower_half(a), fqt_upper_half(b));
}

// Multiply-adds.

FQT_INLINE int32_t fqt_checked(int64_t sum) {
    if (sum != (int32_t)sum) {
        __builtin_trap(); // an overflow
    }
    return (int32_t)sum;
}

FQT_INLINE int32_t fqt_multiply_add_pair(uint32_t a, uint32_t b, int32_t sum) {
    return fqt_checked(
        (int64_t)sum + (int64_t)fqt_lower_half(a) * fqt_lower_half(b) + (int64_t)fqt_upper_half(a) * fqt_upper_half(b));
}

FQT_INLINE int32_t fqt_multiply_add_crossed(uint32_t a, uint32_t b, int32_t sum) {
    return fqt_checked(
        (int64_t)sum + (int64_t)fqt_lower_half(a) * fqt_upper_half(b) + (int64_t)fqt_upper_half(a) * fqt_lower_half(b));
}

FQT_INLINE int32_t fqt_multiply_add_low(int32_t a, uint32_t b, int32_t sum) {
    return fqt_checked((int64_t)sum + (int64_t)fqt_lower_half((uint32_t)a) * fqt_lower_half(b));
}

FQT_INLINE int32_t fqt_multiply_upper(int32_t a, int32_t b) {
    return (int32_t)((int64_t)a * b >> 32);
}

// Bytes apart.

FQT_INLINE int32_t fqt_pack_two(int32_t a, int32_t b) {
    return (int32_t)(((uint32_t)a & 0xFFFF00FF) | fqt_byte_at(b, 1));
}

FQT_INLINE uint32_t fqt_magnitudes(uint32_t bytes) {
    uint32_t magnitudes = 0;
    for (uint32_t i = 0; i < 4; ++i) {
        const int32_t byte = fqt_byte(bytes, i);
        magnitudes |= fqt_byte_at(byte < 0 ? -byte : byte, i);
    }
    return magnitudes;
}

FQT_INLINE int32_t fqt_saturated(int32_t value) {
    return value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value;
}

FQT_INLINE uint32_t fqt_add_bytes(uint32_t a, uint32_t b) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < 4; ++i) {
        sum |= fqt_byte_at(fqt_saturated(fqt_byte(a, i) + fqt_byte(b, i)), i);
    }
    return sum;
}

FQT_INLINE uint32_t fqt_subtract_bytes(uint32_t a, uint32_t b) {
    uint32_t difference = 0;
    for (uint32_t i = 0; i < 4; ++i) {
        difference |= fqt_byte_at(fqt_saturated(fqt_byte(a, i) - fqt_byte(b, i)), i);
    }
    return difference;
}

FQT_INLINE uint32_t fqt_where_between(uint32_t bytes, uint32_t x, uint32_t least, uint32_t greatest) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < 4; ++i) {
        const int32_t byte = fqt_byte(x, i);
        kept |= fqt_byte(least, i) <= byte && byte <= fqt_byte(greatest, i) ? bytes & 0xFFu << 8 * i : 0;
    }
    return kept;
}

FQT_INLINE uint32_t fqt_greater_bytes(uint32_t a, uint32_t b) {
    uint32_t greater = 0;
    for (uint32_t i = 0; i < 4; ++i) {
        greater |= (fqt_byte(a, i) >= fqt_byte(b, i) ? a : b) & 0xFFu << 8 * i;
    }
    return greater;
}

FQT_INLINE bool fqt_any_outside(uint32_t bytes, uint32_t least, uint32_t greatest) {
    return fqt_where_between(0xFFFFFFFF, bytes, least, greatest) != 0xFFFFFFFF;
}

FQT_INLINE bool fqt_any_above(uint32_t bytes, uint32_t limits) {
    bool any = false;
    for (uint32_t i = 0; i < 4; ++i) {
        any = any || (uint8_t)(bytes >> 8 * i) > (uint8_t)(limits >> 8 * i);
    }
    return any;
}

FQT_INLINE int32_t fqt_multiply_four(const int8_t *bytes, uint32_t even, uint32_t odd, int32_t sum) {
    const uint32_t word = fqt_load4(bytes);
    sum = fqt_multiply_add_pair(fqt_even_bytes(word), even, sum);
    return fqt_multiply_add_pair(fqt_odd_bytes(word), odd, sum);
}

FQT_INLINE void fqt_multiply_four_rows(
    const int8_t *row, uint32_t row_bytes, uint32_t elements, const fqt_pair_t *column, int32_t sums[4]) {
    for (uint32_t n = 0; n < 4; ++n, row += row_bytes) {
        sums[n] = 0;
        for (uint32_t i = 0; i < elements; i += 4) {
            sums[n] = fqt_multiply_four(row + i, column[i / 2], column[i / 2 + 1], sums[n]);
        }
    }
}

FQT_INLINE void fqt_multiply_two_rows(const int8_t *row, uint32_t row_bytes, uint32_t elements,
    const fqt_pair_t *columns, int32_t sums[2], int32_t other_sums[2]) {
    for (uint32_t n = 0; n < 2; ++n, row += row_bytes) {
        sums[n] = 0;
        other_sums[n] = 0;
        for (uint32_t i = 0; i < elements; i += 4) {
            sums[n] = fqt_multiply_four(row + i, columns[i], columns[i + 2], sums[n]);
            other_sums[n] = fqt_multiply_four(row + i, columns[i + 1], columns[i + 3], other_sums[n]);
        }
    }
}

FQT_INLINE void fqt_add_terms_to_four(const int16_t *errors, const int32_t *filters, const int8_t *w, int32_t sums[4]) {
    for (; errors[0] != 0 || errors[1] != 0; errors += 2, filters += 2) {
        for (uint32_t n = 0; n < 2; ++n) {
            for (uint32_t c = 0; c < 4; ++c) {
                sums[c] += errors[n] * w[filters[n] + (int32_t)c];
            }
        }
    }
}

FQT_INLINE void fqt_sum_taps(const fqt_pair_t *terms, const int16_t *x, int32_t sum, int32_t sums[4]) {
    for (uint32_t n = 0; n < 4; ++n, ++x) {
        sums[n] = sum;
        const fqt_pair_t *term = terms;
        do {
            const int16_t *from = x + (int32_t)term[0];
            sums[n] = fqt_multiply_add_pair(term[1], fqt_load4(from), sums[n]);
            sums[n] = fqt_multiply_add_low((int32_t)term[2], (uint32_t)from[2], sums[n]);
            term += 3;
        } while ((int32_t)term[-1] >= 0);
    }
}

#endif
