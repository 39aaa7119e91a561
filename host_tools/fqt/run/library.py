"""The shared library of the C core: where it is, which build of it this processor runs, and the
signatures of natmod/host/fqt_host.h."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from pathlib import Path

from fqt import places

_BYTES = ctypes.c_void_p


class Wanted(ctypes.Structure):
    """fqt_host_wanted_t"""

    _fields_ = [("labels", ctypes.c_void_p), ("targets", ctypes.c_void_p)]


def library_path(path: str | None = None) -> Path:
    """Where the shared library is: at `path`, at $FQT_CORE_LIB, or at its place (fqt.places).
    Raises OSError without it."""
    found = Path(path or os.environ.get("FQT_CORE_LIB") or places.core_library())
    if not found.exists():
        raise OSError(
            f"the core's library is not at {found}: {places.remedy('`make core`')}, or set "
            "FQT_CORE_LIB"
        )
    return found


def fastest(found: Path) -> Path:
    """The build for AVX2 beside a library, where the processor has AVX2 and that build is not
    older: of the same sources it makes the same bits. Otherwise the library itself. A package's
    builds are of one source, and their times say nothing."""
    wide = found.with_name(f"{found.stem}_avx2{found.suffix}")
    if not wide.exists() or not has_avx2():
        return found
    is_current = wide.stat().st_mtime_ns >= found.stat().st_mtime_ns
    return wide if is_current or places.is_packaged() else found


@cache
def has_avx2() -> bool:
    """Whether the processor has AVX2, as far as Linux tells."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    flags = (line for line in text.splitlines() if line.startswith("flags"))
    return "avx2" in next(flags, "").split()


@cache
def library(path: str | None = None) -> ctypes.CDLL:
    """The shared library, as library_path finds it, or, where nothing names one, its fastest
    build. Raises OSError without it."""
    found = library_path(path)
    if not (path or os.environ.get("FQT_CORE_LIB")):
        found = fastest(found)
    core = ctypes.CDLL(str(found))
    u32, handle, boolean = ctypes.c_uint32, ctypes.c_void_p, ctypes.c_bool
    wanted = ctypes.POINTER(Wanted)
    signatures = {
        "version": (ctypes.c_char_p, []),
        "open": (handle, [_BYTES, u32, u32, u32, boolean, ctypes.c_char_p]),
        "close": (None, [handle]),
        "memory": (u32, [handle]),
        "memory_bound": (u32, [handle]),
        "parameters": (u32, [handle]),
        "places": (None, [handle, _BYTES]),
        "input_elements": (u32, [handle]),
        "output_elements": (u32, [handle]),
        "feature_elements": (u32, [handle]),
        "trains": (boolean, [handle]),
        "diverged": (u32, [handle]),
        "steps": (u32, [handle]),
        "updates": (boolean, [handle, u32]),
        "output_scale": (u32, [handle, u32]),
        "silent": (boolean, [handle]),
        "quantize": (u32, [handle, _BYTES, u32, _BYTES]),
        "quantize_float": (boolean, [handle, u32, ctypes.POINTER(ctypes.c_int8)]),
        "targets": (u32, [handle, _BYTES, u32, _BYTES]),
        "real_outputs": (None, [handle, _BYTES, u32, _BYTES]),
        "map_output": (boolean, [handle, u32, u32, u32]),
        "set_options": (None, [handle, u32, u32, u32, boolean, boolean]),
        "end_batch": (None, [handle]),
        "freeze": (None, [handle, u32, boolean]),
        "reset": (None, [handle, u32]),
        "predict": (None, [handle, _BYTES, u32, _BYTES]),
        "outputs": (None, [handle, _BYTES, u32, _BYTES]),
        "features": (None, [handle, _BYTES, u32, _BYTES]),
        "losses": (None, [handle, _BYTES, wanted, u32, _BYTES]),
        "train": (None, [handle, _BYTES, boolean, wanted, _BYTES, _BYTES, u32, _BYTES]),
        "step_forward": (None, [handle, _BYTES, _BYTES]),
        "step_backward": (None, [handle, _BYTES, u32, u32]),
        "file_bytes": (u32, [handle, boolean]),
        "write": (None, [handle, boolean, _BYTES]),
        "restore": (boolean, [handle, _BYTES, u32, ctypes.c_char_p]),
    }
    for name, (result, arguments) in signatures.items():
        try:
            function = getattr(core, "fqt_host_" + name)
        except AttributeError:
            raise OSError(
                f"{found} has no fqt_host_{name}: it is older than these tools, "
                + places.remedy("`make core`")
            ) from None
        function.restype, function.argtypes = result, arguments
    return core
