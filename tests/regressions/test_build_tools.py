"""A first build depended on one exact version of Debian's source package, on packages without
hashes, and on no two of its recipes asking apt at the same time. Programs of our own stand in for
git and apt."""

import os
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FETCH = ROOT / "tools" / "fetch_micropython"
UNTRIED = "not among the versions that were tried"


def program(path: Path, text: str) -> None:
    path.write_text("#!/bin/bash\n" + text)
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without the upstream repository, whose suites offer what `offer` says."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.delenv("MPY_DIR", raising=False)
    program(programs / "git", "exit 128\n")
    suite = (
        'suite=$(basename "$(dirname "$(grep -o "sourcelist=[^ ]*" <<<"$*" | cut -d= -f2)")")\n'
    )
    program(
        programs / "apt-cache",
        f'{suite}[ ! -e "{tmp_path}/$suite" ] || sed "s/^/Version: /" "{tmp_path}/$suite"\n',
    )
    program(
        programs / "apt-get",
        f'[[ "$*" == *" source "* ]] || exit 0\n'
        f'version=${{@: -1}}; cp "{tmp_path}/${{version#*=}}.tar" ./micropython_1.orig.tar.xz\n',
    )
    return tmp_path


def offer(machine: Path, suite: str, *versions: str) -> None:
    (machine / suite).write_text("".join(f"{version}+ds-1\n" for version in versions))
    for version in versions:
        source = machine / f"micropython-{version}"
        (source / "py").mkdir(parents=True, exist_ok=True)
        (source / "py" / "dynruntime.mk").write_text(f"# {version}\n")
        with tarfile.open(machine / f"{version}+ds-1.tar", "w") as archive:
            archive.add(source, arcname=source.name)


def digest(machine: Path, version: str) -> str:
    command = [FETCH, "--digest", machine / f"micropython-{version}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def fetch(machine: Path, *tried: tuple[str, str]) -> tuple[int, str, str]:
    """Exit code, what was said, what was taken."""
    versions = machine / "versions"
    versions.write_text("# a comment\n" + "".join(f"{name} {hash}\n" for name, hash in tried))
    destination = machine / "built" / "micropython"
    result = subprocess.run(
        [FETCH, versions, destination], capture_output=True, text=True, cwd=machine
    )
    taken = destination.with_name("micropython.taken")
    text = taken.read_text() if taken.exists() else ""
    if result.returncode == 0:
        assert (destination / "py" / "dynruntime.mk").read_text() in f"# {text.split(',')[0]}\n"
        assert not destination.with_name("micropython.partial").exists()
    else:
        assert not destination.exists()
    return result.returncode, result.stdout + result.stderr, text


def test_the_newest_version_that_was_tried_is_taken(machine):
    offer(machine, "sid", "1.29.0", "1.26.1", "1.25.0")
    tried = [(version, digest(machine, version)) for version in ("1.26.1", "1.25.0")]
    assert fetch(machine, *tried)[2].startswith(
        "1.26.1, Debian's source package 1.26.1+ds-1 (sid)"
    )


def test_a_later_suite_is_asked_when_the_first_moved_on(machine):
    offer(machine, "sid", "1.29.0")
    offer(machine, "trixie", "1.25.0")
    taken = fetch(machine, ("1.26.1", "0" * 64), ("1.25.0", digest(machine, "1.25.0")))[2]
    assert taken.startswith("1.25.0") and "(trixie)" in taken


def test_when_all_moved_on_the_newest_is_taken_and_told(machine):
    offer(machine, "sid", "1.29.0")
    taken = fetch(machine, ("1.26.1", "0" * 64))[2]
    assert taken.startswith("1.29.0") and UNTRIED in taken


def test_changed_files_are_refused(machine):
    offer(machine, "sid", "1.26.1")
    code, said, taken = fetch(machine, ("1.26.1", "0" * 64))
    assert code == 1 and "refused" in said and "set MPY_DIR" in said and not taken


def test_apt_is_asked_by_one_recipe_at_a_time(tmp_path, monkeypatch):
    program(tmp_path / "dpkg-query", f'[ -e "{tmp_path}/installed" ] && echo -n installed\n')
    program(
        tmp_path / "apt-get",
        f'mkdir "{tmp_path}/busy" || {{ echo "E: held by another process"; exit 100; }}\n'
        f'sleep 0.3; rmdir "{tmp_path}/busy"\n'
        f'echo "$*" >> "{tmp_path}/calls"\n'
        f'[[ "$*" != *install* ]] || touch "{tmp_path}/installed"\n',
    )
    program(tmp_path / "sudo", '"$@"\n')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    runs = [subprocess.Popen([ROOT / "tools" / "apt_install", "package"]) for _ in range(3)]
    assert [run.wait() for run in runs] == [0, 0, 0]
    assert len((tmp_path / "calls").read_text().splitlines()) == 2  # update, install: once


def test_every_package_is_pinned_by_version_and_hash():
    packages = re.split(r"\n(?=\S)", (ROOT / "requirements.txt").read_text())
    packages = [package for package in packages if not package.startswith("#")]
    assert len(packages) > 20
    assert all("==" in package and "--hash=sha256:" in package for package in packages)
    wanted = re.findall(r"^[\w-]+==\S+", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    locked = [package.split(" ")[0] for package in packages]
    assert set(wanted) <= set(locked)


@pytest.mark.parametrize("architecture", ["x64"])
def test_a_module_does_not_tell_where_it_was_built(architecture):
    """Its size depended on the length of the checkout's path."""
    module = Path(os.environ["FQT_BUILD"]) / "natmod" / architecture / "fqt.mpy"
    assert str(ROOT).encode() not in module.read_bytes()
