// What every emulated board adds to MicroPython's qemu port: a clock, input that can be polled, a script at boot.
#include <stdint.h>
#include <string.h>

#include "py/mphal.h"
#include "py/obj.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "shared/runtime/pyexec.h"
#include "uart.h"

#if defined(QEMU_SOC_MPS2)

// FPGAIO: COUNTER, at 25 MHz. UART0: STATE.
#define CLOCK_MHZ (25)
static uint32_t clock_ticks(void) {
    return *(volatile uint32_t *)0x40028018;
}

static int input_waits(void) {
    return *(volatile uint32_t *)0x40004004 & 2;
}

// UART0 interrupts when it has received a character. The interrupt is masked: it only ends a wait.
static void start_input(void) {
    __asm volatile ("cpsid i");
    *(volatile uint32_t *)0x40004008 |= 8; // CTRL: receive interrupt enable
    *(volatile uint32_t *)0xE000E100 = 1; // NVIC: set-enable of UART0's receive interrupt
}

static void wait_for_input(void) {
    __asm volatile ("wfi");
    *(volatile uint32_t *)0x4000400C = 2; // INTCLEAR: receive
    *(volatile uint32_t *)0xE000E280 = 1; // NVIC: clear-pending
}

#elif defined(QEMU_SOC_LX60)

// The processor's own counter. NS16550, a word a register.
#define CLOCK_MHZ (40)
static uint32_t clock_ticks(void) {
    uint32_t count;
    __asm__ volatile ("rsr.ccount %0" : "=a" (count));
    return count;
}

static int input_waits(void) {
    return *(volatile uint32_t *)0x9D050034 & 1;
}

static void start_input(void) {
    *(volatile uint32_t *)0x9D050028 = 1; // FCR: sixteen characters at a time
}

static void wait_for_input(void) {
}

#else

// CLINT: mtime, at 10 MHz. NS16550: the line status register.
#define CLOCK_MHZ (10)
static uint32_t clock_ticks(void) {
    return *(volatile uint32_t *)0x0200BFF8;
}

static int input_waits(void) {
    return *(volatile uint8_t *)0x10000005 & 1;
}

// The UART interrupts when it has received characters, through the PLIC as source 10. The interrupt is masked: it only
// ends a wait.
static void start_input(void) {
    *(volatile uint8_t *)0x10000002 = 1; // FCR: sixteen characters at a time
    *(volatile uint8_t *)0x10000001 = 1; // IER: data received
    *(volatile uint32_t *)0x0C000028 = 1; // the source's priority
    *(volatile uint32_t *)0x0C002000 = 1 << 10; // enabled for machine mode
    *(volatile uint32_t *)0x0C200000 = 0; // threshold
    __asm__ volatile("csrs mie, %0" : : "r"(1 << 11)); // external interrupts
}

static void wait_for_input(void) {
    __asm__ volatile("wfi");
    volatile uint32_t *claim = (volatile uint32_t *)0x0C200004;
    *claim = *claim; // taken, and done with
}

#endif

mp_uint_t mp_hal_ticks_cpu(void) {
    return clock_ticks();
}

mp_uint_t mp_hal_ticks_us(void) {
    return clock_ticks() / CLOCK_MHZ;
}

mp_uint_t mp_hal_ticks_ms(void) {
    return clock_ticks() / (CLOCK_MHZ * 1000);
}

uint64_t mp_hal_time_ns(void) {
    return (uint64_t)clock_ticks() * (1000 / CLOCK_MHZ);
}

void mp_hal_delay_us(mp_uint_t us) {
    uint32_t start = clock_ticks();
    while (clock_ticks() - start < us * CLOCK_MHZ) {
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    mp_hal_delay_us(ms * 1000);
}

// The port's own always answers 0, and mpremote mount waits for input with select.poll().
uintptr_t __wrap_mp_hal_stdio_poll(uintptr_t poll_flags) {
    uintptr_t ready = poll_flags & MP_STREAM_POLL_WR;
    if ((poll_flags & MP_STREAM_POLL_RD) && input_waits()) {
        ready |= MP_STREAM_POLL_RD;
    }
    return ready;
}

// A processor that asks for input without end takes a core of the host, and keeps the emulator, which hands over one
// character at a time, from doing so.
int __wrap_mp_hal_stdin_rx_chr(void) {
    int character;
    while ((character = uart_rx_chr()) < 0) {
        wait_for_input();
    }
    return character;
}

// The floating-point unit must be on before anything uses it.
void __real_uart_init(void);
void __wrap_uart_init(void) {
    #if __ARM_FP
    *(volatile uint32_t *)0xE000ED88 |= 0x00F00000;
    __asm volatile ("dsb\nisb");
    #endif
    __real_uart_init();
    start_input();
}

// After each (soft) reset the file system is mounted, as boards do in their frozen boot script.
void __real_mp_init(void);
void __wrap_mp_init(void) {
    __real_mp_init();
    mp_store_name(MP_QSTR_FLASH_ADDRESS, mp_obj_new_int_from_uint(FQT_FLASH_ADDRESS));
    mp_store_name(MP_QSTR_FLASH_PLACE, mp_obj_new_str(FQT_FLASH_PLACE, strlen(FQT_FLASH_PLACE)));
    pyexec_frozen_module("_boot.py", false);
}
