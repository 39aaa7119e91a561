"""The wheel for aarch64 Linux (Raspberry Pi, Arm servers): made here by a cross compiler, its core
run by an emulator of that processor."""

import platform
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile
from test_wheel import RELEASE, ROOT, VERSION, needs

from fqt import core

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        platform.machine() != "x86_64", reason="make release makes it on x86-64 alone"
    ),
]
MACHINE = "aarch64"
COMPILER = f"{MACHINE}-linux-gnu-gcc"
STEPS = 300
CLASSES = 3


@pytest.fixture
def library(tmp_path) -> Path:
    (wheel,) = RELEASE.glob(f"fqt_host-{VERSION}-py3-none-manylinux_2_*_{MACHINE}.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".so")]
        assert len(names) == 1  # AVX2 is no build for this processor
        (tmp_path / "libfqt_core.so").write_bytes(archive.read(names[0]))
    with open(tmp_path / "libfqt_core.so", "rb") as file:
        elf = ELFFile(file)
        needed, versions = needs(elf)
        assert elf.get_machine_arch() == "AArch64"
    assert needed == ["libc.so.6"]
    assert max(versions) <= int(re.search(r"manylinux_2_(\d+)_", wheel.name)[1])
    return tmp_path / "libfqt_core.so"


def test_its_core_trains_to_the_same_bytes(library, small_model, tmp_path):
    small_model.write(tmp_path / "before.fqt")
    program = tmp_path / "train"
    command = [COMPILER, "-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-o", program]
    source = ROOT / "tests" / "release" / "train.c"
    subprocess.run([*command, source, library, "-Wl,-rpath,$ORIGIN"], check=True)
    emulator = shutil.which(f"qemu-{MACHINE}")
    assert emulator, f"qemu-{MACHINE} is missing: `make test` installs it"
    run = [emulator, "-L", f"/usr/{MACHINE}-linux-gnu", program, "before.fqt", "after.fqt"]
    said = subprocess.check_output([*run, str(STEPS), str(CLASSES)], cwd=tmp_path, text=True)
    assert said.strip() == VERSION

    net = core.Model(small_model, master=12)
    shape = (6, 6, 1)
    for step in range(STEPS):
        x = (step * 7 + np.arange(np.prod(shape)) * 13) % 256
        net.train(x.astype(np.uint8).reshape(shape), step % CLASSES, lr=0.01)
    assert (tmp_path / "after.fqt").read_bytes() == net.to_bytes()
    assert net.to_bytes() != small_model.to_bytes()
