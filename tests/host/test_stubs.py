"""fqt.pyi: what editors and type checkers make of lines that the module takes, and of lines that
it refuses; and `fqt stub`."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fqt import places
from fqt.cli import main

LINES = Path(__file__).with_name("stub_lines.txt")


def lines_of(text: str) -> tuple[dict[int, str], set[int]]:
    """The lines of a script, and the numbers of those that are to be refused."""
    lines = dict(enumerate(text.splitlines(), 1))
    return lines, {number for number, line in lines.items() if line.endswith("# refused")}


def test_a_type_checker_takes_what_the_module_takes_and_refuses_the_rest(tmp_path):
    text = LINES.read_text()
    (tmp_path / "main.py").write_text(text)
    assert main(["stub", str(tmp_path)]) == 0
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--python-version", "3.11"]
    result = subprocess.run(
        [*command, "--config-file=", "--no-incremental", "main.py"],
        cwd=tmp_path,
        env={"MYPYPATH": "typings"},
        capture_output=True,
        text=True,
    )
    assert not re.search(r"fqt\.pyi:\d+: error", result.stdout), result.stdout
    found = {int(line.split(":")[1]) for line in result.stdout.splitlines() if ": error: " in line}
    lines, refused = lines_of(text)
    assert len(refused) > 10
    assert {lines[number] for number in found ^ refused} == set(), result.stdout


def test_the_lines_do_under_micropython_what_the_stub_says(unix_port, small_model):
    """Each refused line raises, each other runs."""
    unix_port.put("digits.fqt", small_model.to_bytes())
    code = "".join(
        f"try:\n    {line[: -len('# refused')]}\n    print('taken: {number}')\n"
        "except (TypeError, ValueError, AttributeError):\n    pass\n"
        if line.endswith("# refused")
        else line + "\n"
        for number, line in enumerate(LINES.read_text().splitlines(), 1)
    )
    assert "taken" not in unix_port.run_code(code)


def test_the_stub_is_written_to_typings_and_again(tmp_path, capsys):
    for _ in range(2):
        assert main(["stub", str(tmp_path)]) == 0
        stub = tmp_path / "typings" / "fqt.pyi"
        assert str(stub) in capsys.readouterr().out
        assert stub.read_bytes() == places.stubs().read_bytes()


@pytest.mark.parametrize(
    ("is_there", "message"), [(False, "there is no folder"), (True, "is there, and not of fqt")]
)
def test_what_is_of_others_stays(is_there, message, tmp_path, capsys):
    project = tmp_path / "project"
    if is_there:
        (project / "typings").mkdir(parents=True)
        (project / "typings" / "fqt.pyi").write_text("x: int\n")
    assert main(["stub", str(project)]) == 1
    assert message in capsys.readouterr().err
    assert not is_there or (project / "typings" / "fqt.pyi").read_text() == "x: int\n"
