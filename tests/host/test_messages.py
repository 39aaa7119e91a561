"""Error messages: the list, what is appended to the module, and that code and list agree."""

import os
import re
import subprocess
from pathlib import Path

from append_messages import messages, texts_block
from join_python import EXCEPTIONS

ROOT = Path(__file__).resolve().parents[2]
HEADER = ROOT / "natmod/core/base/fqt_messages.h"
TOOL = ROOT / "tools/append_messages.py"
MESSAGES = messages(HEADER.read_text())


def module_source():
    files = [path for path in ROOT.glob("natmod/**/*.[ch]") if path != HEADER]
    files += ROOT.glob("micropython_lib/fqt/*.py")
    return "\n".join(path.read_text() for path in files)


def test_every_message_is_read_and_can_be_told():
    listed = HEADER.read_text().split("#define FQT_MESSAGES \\")[1].split("// clang-format on")[0]
    assert len(MESSAGES) == listed.count("FQT_MESSAGE(")
    assert len(MESSAGES) <= 255
    for exception, _, text in MESSAGES:
        assert exception in EXCEPTIONS
        assert text.isascii() and text.isprintable() and "\\" not in text
        assert 0 < len(text) <= 110 and text.count("#") <= 3


def test_every_message_is_used():
    """Those of kinds that a module lacks by their numbers, counted from the first
    (tests/core/test_chosen_kinds.py)."""
    names = {name for _, name, _ in MESSAGES if not name.startswith("LACKS_")} | {"LACKS_DENSE"}
    used = set(re.findall(r"FQT_MESSAGE_([A-Z0-9_]+)", module_source()))
    assert used == names


def test_the_built_module_has_the_texts_once_at_its_end():
    folder = Path(os.environ["FQT_BUILD"]) / "natmod" / "x64"
    data = (folder / "fqt.mpy").read_bytes()
    block = texts_block(HEADER.read_text())
    assert data == (folder / "modfqt.mpy").read_bytes() + block
    assert data.count(block[:200]) == 1
    assert int.from_bytes(data[-2:], "little") == len(block) - 2


def test_appending_twice_gives_the_same_file(tmp_path):
    module, complete = tmp_path / "module.mpy", tmp_path / "complete.mpy"
    module.write_bytes(b"code")
    for _ in range(2):
        subprocess.run([TOOL, HEADER, module, complete], check=True)
        assert complete.read_bytes() == b"code" + texts_block(HEADER.read_text())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["complete.mpy", "module.mpy"]
