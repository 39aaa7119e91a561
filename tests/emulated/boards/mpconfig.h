// On top of the qemu port's own configuration: a board that a user would recognise, with a clock, select, and a flash
// file system that mpremote can use.
#if defined(QEMU_SOC_LX60)
#define MICROPY_EMIT_XTENSAWIN (1)
#define MICROPY_NLR_SETJMP (1)
#define MICROPY_GCREGS_SETJMP (1)
#endif
#include "ports/qemu/mpconfigport.h"

#undef MICROPY_PY_SELECT
#define MICROPY_PY_SELECT (1)
#undef MICROPY_PY_TIME
#define MICROPY_PY_TIME (1)
#define MICROPY_ENABLE_FINALISER (1)
// mpremote mount reads and writes sys.stdin.buffer.
#undef MICROPY_PY_SYS_STDIO_BUFFER
#define MICROPY_PY_SYS_STDIO_BUFFER (1)

#if defined(FQT_NO_NATIVE)
#undef MICROPY_EMIT_THUMB
#undef MICROPY_EMIT_INLINE_THUMB
#endif
