// On top of the qemu port's own configuration: a board that a user would recognise, with a clock, select, and a flash file
// system that mpremote can use.
#include "ports/qemu/mpconfigport.h"

#undef MICROPY_PY_SELECT
#define MICROPY_PY_SELECT (1)
#undef MICROPY_PY_TIME
#define MICROPY_PY_TIME (1)
#define MICROPY_ENABLE_FINALISER (1)
// mpremote mount reads and writes sys.stdin.buffer.
#undef MICROPY_PY_SYS_STDIO_BUFFER
#define MICROPY_PY_SYS_STDIO_BUFFER (1)

// Where the emulated flash lies: RAM that the firmware does not use otherwise, so that it survives a soft reset.
#if defined(QEMU_SOC_MPS2)
#define FQT_FLASH_ADDRESS (0x21000000)
#else
#define FQT_FLASH_ADDRESS (0x84000000)
#endif
