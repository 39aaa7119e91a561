// Serial line, start and end on QEMU's lx60 board.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "py/mphal.h"
#include "py/mpprint.h"
#include "uart.h"

// NS16550, a word a register.
#define UART ((volatile uint32_t *)0x9D050020)
enum { UART_DATA = 0, UART_STATUS = 5 };
enum { STATUS_RECEIVED = 0x01, STATUS_MAY_SEND = 0x20 };

int main(int argc, char **argv);
void start(void);
void report_fault(void);
void spill_windows(int count);

void uart_init(void) {
}

int uart_rx_chr(void) {
    return UART[UART_STATUS] & STATUS_RECEIVED ? (int)(UART[UART_DATA] & 0xFF) : UART_RX_NO_CHAR;
}

void uart_tx_strn(const char *text, size_t length) {
    for (size_t i = 0; i < length; ++i) {
        while (!(UART[UART_STATUS] & STATUS_MAY_SEND)) {
        }
        UART[UART_DATA] = (uint8_t)text[i];
    }
}

// The emulator ends with the status.
void exit(int status) {
    register int call __asm__("a2") = 1;
    register int argument __asm__("a3") = status;
    for (;;) {
        __asm__ volatile("simcall" : "+r"(call) : "r"(argument));
    }
}

void abort(void) {
    exit(101);
}

void start(void) {
    uart_init();
    main(0, NULL);
    exit(0);
}

extern const uint32_t fault[3]; // multiply_high.S
void report_fault(void) {
    mp_printf(&mp_plat_print, "\nexception %u at 0x%08x, address 0x%08x\n", (unsigned)fault[0], (unsigned)fault[1],
        (unsigned)fault[2]);
    exit(100);
}

// So many windows of callers go to the stack, as calls one in another need them.
void __attribute__((noinline)) spill_windows(int count) {
    if (count > 1) {
        spill_windows(count - 1);
    }
    __asm__ volatile("");
}
