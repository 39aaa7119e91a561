// Arithmetic of integers that the compiler calls, besides what modules need (natmod/xtensa/runtime.S); division bit by
// bit.
#include <stdint.h>

uint64_t __udivdi3(uint64_t a, uint64_t b);
uint64_t __umoddi3(uint64_t a, uint64_t b);
int64_t __divdi3(int64_t a, int64_t b);
int64_t __moddi3(int64_t a, int64_t b);
uint32_t __bswapsi2(uint32_t a);
int32_t __popcountsi2(uint32_t a);

static uint64_t divide(uint64_t a, uint64_t b, uint64_t *rest) {
    uint64_t quotient = 0;
    *rest = 0;
    for (int i = 63; i >= 0; --i) {
        *rest = *rest << 1 | (a >> i & 1);
        quotient <<= 1;
        if (*rest >= b) {
            *rest -= b;
            quotient |= 1;
        }
    }
    return quotient;
}

static uint64_t magnitude(int64_t a) {
    return a < 0 ? -(uint64_t)a : (uint64_t)a;
}

uint64_t __udivdi3(uint64_t a, uint64_t b) {
    uint64_t rest;
    return divide(a, b, &rest);
}

uint64_t __umoddi3(uint64_t a, uint64_t b) {
    uint64_t rest;
    divide(a, b, &rest);
    return rest;
}

int64_t __divdi3(int64_t a, int64_t b) {
    const uint64_t quotient = __udivdi3(magnitude(a), magnitude(b));
    return (int64_t)((a < 0) != (b < 0) ? -quotient : quotient);
}

int64_t __moddi3(int64_t a, int64_t b) {
    const uint64_t rest = __umoddi3(magnitude(a), magnitude(b));
    return (int64_t)(a < 0 ? -rest : rest);
}

uint32_t __bswapsi2(uint32_t a) {
    return a >> 24 | (a >> 8 & 0xFF00) | (a & 0xFF00) << 8 | a << 24;
}

int32_t __popcountsi2(uint32_t a) {
    int32_t count = 0;
    for (; a != 0; a &= a - 1) {
        ++count;
    }
    return count;
}
