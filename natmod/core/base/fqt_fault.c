// See fqt_fault.h. Not inlined: there are many calls, and each is shorter than the stores.
#include "fqt_fault.h"
#include "fqt_target.h"

FQT_NOINLINE void fqt_fail_1(fqt_fault_t *fault, uint32_t message, uint32_t a) {
    fault->numbers[0] = a;
    fqt_fail(fault, message);
}

FQT_NOINLINE void fqt_fail_2(fqt_fault_t *fault, uint32_t message, uint32_t a, uint32_t b) {
    fault->numbers[1] = b;
    fqt_fail_1(fault, message, a);
}

FQT_NOINLINE void fqt_fail_3(fqt_fault_t *fault, uint32_t message, uint32_t a, uint32_t b, uint32_t c) {
    fault->numbers[2] = c;
    fqt_fail_2(fault, message, a, b);
}
