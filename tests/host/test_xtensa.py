"""Code for ESP32: the instruction set that Debian's binutils are given, and the check that a
module has nothing that an ESP32, S2 or S3 cannot run."""

import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["FQT_BUILD"])
CHECK = ROOT / "tools/check_xtensa.py"
GNU = "xtensa-lx106-elf-"
ENVIRONMENT = {**os.environ, "XTENSA_GNU_CONFIG": str(BUILD / "xtensa/instructions.so")}
pytestmark = pytest.mark.skipif(
    not shutil.which(GNU + "as") or not (BUILD / "xtensa/instructions.so").exists(),
    reason="Espressif's compiler is used, not Debian's",
)

# Encodings as the ISA Reference Manual has them: text, bytes as one little-endian number.
ENCODINGS = [
    ("entry a1, 32", 0x004136),
    ("retw", 0x000090),
    ("retw.n", 0xF01D),
    ("callx8 a10", 0x000AE0),
    ("add a3, a4, a5", 0x803450),
    ("addi a3, a4, -5", 0xFBC432),
    ("addmi a3, a4, 0x300", 0x03D432),
    ("addi.n a3, a4, -1", 0x340B),
    ("movi a3, -3", 0xFDAF32),
    ("movi.n a3, 95", 0xF35C),
    ("movi.n a3, -32", 0x036C),
    ("l32i a3, a4, 1020", 0xFF2432),
    ("l16si a3, a4, 6", 0x039432),
    ("s8i a3, a4, 255", 0xFF4432),
    ("slli a3, a4, 7", 0x113490),
    ("srai a3, a4, 20", 0x313440),
    ("extui a3, a4, 20, 8", 0x753440),
    ("ssai 20", 0x404410),
    ("mulsh a3, a4, a5", 0xB23450),
    ("muluh a3, a4, a5", 0xA23450),
    ("mull a3, a4, a5", 0x823450),
    ("quos a3, a4, a5", 0xD23450),
    ("sext a3, a4, 15", 0x233480),
    ("min a3, a4, a5", 0x433450),
    ("moveqz a3, a4, a5", 0x833450),
    ("rsil a3, 3", 0x006330),
    ("wsr.ps a3", 0x13E630),
    ("l32e a3, a4, -16", 0x09C430),
    ("rotw -1", 0x4080F0),
    ("j . + 100", 0x001806),
    ("j . - 100", 0xFFE606),
    ("call8 . + 256", 0x000FE5),
    ("beqz a3, . + 20", 0x010316),
    ("beqz.n a3, . + 20", 0x039C),
    ("bltu a3, a4, . - 20", 0xE83347),
    ("bgeui a3, 32, . + 20", 0x10C3F6),
    ("bbci a3, 17, . + 20", 0x107317),
]


def assembled(folder, text):
    """The bytes of the text section; no instruction is made shorter or longer."""
    (folder / "code.s").write_text(f".begin no-transform\n{text}\n.end no-transform\n")
    run = subprocess.run(
        [GNU + "as", "code.s", "-o", "code.o"],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    gnu(folder, "objcopy", "-O", "binary", "-j", ".text", "code.o", "code.bin")
    return (folder / "code.bin").read_bytes()


def gnu(folder, name, *arguments):
    command = [GNU + name, *arguments]
    return subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, check=True, capture_output=True, text=True
    ).stdout


@pytest.mark.parametrize(("text", "word"), ENCODINGS, ids=[text for text, _ in ENCODINGS])
def test_an_instruction_has_the_bytes_of_the_manual(tmp_path, text, word):
    length = 2 if word & 8 else 3
    assert assembled(tmp_path, text) == word.to_bytes(length, "little")


def test_what_is_disassembled_assembles_to_the_same_bytes(tmp_path):
    """For 20,000 random words, those that are instructions."""
    numbers = random.Random(4)
    cell = b"\xf0\x20\x00" + b"\x3d\xf0"  # nop and nop.n: each word has 8 bytes of its own
    words = []
    for _ in range(20_000):
        word = numbers.getrandbits(20) << 4 | numbers.randrange(14)
        length = 2 if word & 8 else 3
        words.append((word & (1 << 8 * length) - 1).to_bytes(length, "little"))
    (tmp_path / "words.bin").write_bytes(b"".join((word + cell * 2)[:8] for word in words))
    listing = gnu(
        tmp_path, "objdump", "-D", "-z", "-b", "binary", "-m", "xtensa", "words.bin"
    ).splitlines()
    found = [re.match(r"\s*([0-9a-f]+):\t([0-9a-f]+)\s+(\S.*)", line) for line in listing]
    known = [
        (bytes.fromhex(parts[2]), parts[3])
        for parts in found
        if parts and int(parts[1], 16) % 8 == 0 and not parts[3].startswith(".byte")
    ]
    # Addresses depend on where an instruction lies; extui of bits beyond the word is refused.
    plain = [(w, text) for w, text in known if not re.search(r"0x[0-9a-f]+$|<|\(", text)]
    bits = re.compile(r"extui\s+a\d+, a\d+, (\d+), (\d+)")
    plain = [(w, t) for w, t in plain if not (b := bits.match(t)) or int(b[1]) + int(b[2]) <= 32]
    assert len(plain) > 5000
    again = assembled(tmp_path, "\n".join(text for _, text in plain))
    assert again == b"".join(word for word, _ in plain)


def check(*files):
    return subprocess.run(
        [sys.executable, CHECK, GNU + "objdump", *files],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
    )


@pytest.mark.parametrize("kinds", ["natmod", "natmod_all"])
def test_the_module_runs_on_every_esp32(kinds):
    folder = BUILD / kinds / "xtensawin/build"
    if kinds == "natmod_all" and not folder.exists():
        pytest.skip("the full module was not built")
    result = check(folder / "modfqt.o", folder / "runtime.o")
    assert result.returncode == 0, result.stderr


def test_the_libgcc_of_the_other_abi_is_refused():
    libgcc = subprocess.run(
        [GNU + "gcc", "-mabi=windowed", "-print-libgcc-file-name"], capture_output=True, text=True
    ).stdout.strip()
    result = check(libgcc)
    assert result.returncode == 1
    assert "libgcc.a has the call0 ABI: " in result.stderr


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (".byte 0x76, 0x83, 0x05", "an instruction that is unknown here"),  # loop
        (".byte 0x50, 0x34, 0x0a", "an instruction that is unknown here"),  # add.s
        ("callx0 a3", "the call0 ABI"),
        ("ret.n", "the call0 ABI"),
    ],
)
def test_what_an_s2_or_the_abi_lacks_is_refused(tmp_path, code, reason):
    assembled(tmp_path, f"entry a1, 32\n{code}\nretw")
    result = check(tmp_path / "code.o")
    assert result.returncode == 1 and reason in result.stderr


def test_names_of_espressifs_disassembler_are_refused():
    """It knows these instructions by name."""
    sys.path.insert(0, str(ROOT / "tools"))
    from check_xtensa import findings

    lines = {
        "   4:\t058376\tloop\ta3, d <f+0xd>": "a zero-overhead loop",
        "   4:\t058396\tloopnez\ta3, d <f+0xd>": "a zero-overhead loop",
        "   4:\t0a3450\tadd.s\tf3, f4, f5": "floating point",
        "   4:\t000433\tlsi\tf3, a4, 0": "floating point",
        "   4:\t803450\tadd\ta3, a4, a5": None,
        "   4:\t402000\tssa8l\ta0": None,
        "   4:\t400300\tssr\ta3": None,
    }
    for line, reason in lines.items():
        assert list(findings(line)) == ([reason] if reason else [])


@pytest.mark.slow
def test_a_module_linked_with_the_wrong_libgcc_is_not_built(tmp_path):
    command = ["make", "-C", str(tmp_path), "-f", str(ROOT / "natmod/Makefile")]
    command += ["ARCH=xtensawin", "KINDS=dense", f"CROSS={GNU}", "LINK_RUNTIME=1"]
    command += [f"MPY_DIR={BUILD / 'micropython'}", f"PYTHON={sys.executable}"]
    command += [f"MPY_CROSS={BUILD / 'mpy-cross/mpy-cross'}"]
    result = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    assert result.returncode != 0
    assert "libgcc.a has the call0 ABI" in result.stderr
    assert not (tmp_path / "fqt.mpy").exists()
