#!/usr/bin/env python3
"""Make a release in one folder: distributions for pip, packages for mip, the version's changes and
the digests of all.

    tools/make_release.py DIST OUT [MACHINE ...]

DIST is what `make dist` wrote; MACHINE is another processor (aarch64) that gets a wheel for Linux,
by Debian's cross compiler. The same sources give the same bytes in any folder: times are
$SOURCE_DATE_EPOCH, or that of the last commit. The wheel is built from the source distribution, as
pip does it for platforms that have no wheel.
"""

import gzip
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from setuptools import build_meta

ROOT = Path(__file__).resolve().parents[1]
VERSION = (ROOT / "VERSION").read_text().strip()
START_OF_ZIP = 315532800  # 1980: no earlier time fits in a wheel


def main(dist: Path, out: Path, machines: list[str]) -> None:
    os.umask(0o022)
    os.environ["SOURCE_DATE_EPOCH"] = str(source_date())
    modules = sorted(dist.glob("*_*/package*.json"))
    if not modules:
        sys.exit(f"{dist} has no modules: `make dist` builds them")
    check_versions(modules)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        source = source_distribution(ROOT, out)
        wheel(source, Path(folder) / "host", out)
        for machine in machines:
            wheel(source, Path(folder) / machine, out, compiling_for(machine))
        stubs = Path(folder) / "stubs"
        code = shutil.ignore_patterns("fqt", "fqt_*.py")
        shutil.copytree(ROOT / "micropython_lib", stubs, ignore=code)
        shutil.copy(ROOT / "VERSION", stubs)
        wheel(source_distribution(stubs, out), Path(folder) / "stubs_wheel", out)
    for package in modules:
        shutil.copytree(package.parent, out / "mip" / package.parent.name, dirs_exist_ok=True)
    (out / f"CHANGES-{VERSION}.md").write_text(changes())
    (out / "SHA256SUMS").write_text(digests(out))


def source_date() -> int:
    """When the sources were last changed, in seconds since 1970."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        return int(os.environ["SOURCE_DATE_EPOCH"])
    git = subprocess.run(
        ["git", "-C", ROOT, "log", "-1", "--format=%ct"], capture_output=True, text=True
    )
    return max(int(git.stdout), START_OF_ZIP) if git.returncode == 0 else START_OF_ZIP


def check_versions(packages: list[Path]) -> None:
    """Modules that were left from before do not go out."""
    for package in packages:
        if f'"{VERSION}"' not in package.read_text():
            sys.exit(f"{package} is not of version {VERSION}: make clean, then make release")


def source_distribution(project: Path, out: Path) -> Path:
    """Build the source distribution of a project, and write it anew without times and owners."""
    folder = os.getcwd()
    os.chdir(project)
    try:
        path = out / build_meta.build_sdist(str(out))
    finally:
        os.chdir(folder)
    with tarfile.open(path) as archive:
        files = {
            member.name: (archive.extractfile(member).read(), member.mode)
            for member in archive
            if not member.isdir()
        }
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, (data, mode) in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(data), source_date()
            member.mode = 0o755 if mode & 0o100 else 0o644
            archive.addfile(member, io.BytesIO(data))
    path.write_bytes(gzip.compress(tar.getvalue(), mtime=source_date()))
    return path


def compiling_for(machine: str) -> dict[str, str]:
    """What lets setuptools compile for another processor, and name its platform."""
    compiler = f"{machine}-linux-gnu-gcc"
    return {
        "CC": compiler,
        "LDSHARED": f"{compiler} -shared",
        "_PYTHON_HOST_PLATFORM": f"linux-{machine}",
    }


def wheel(source: Path, folder: Path, out: Path, variables: dict[str, str] | None = None) -> None:
    """Build a wheel from a source distribution that is unpacked in `folder`."""
    with tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")
    (project,) = folder.iterdir()
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    command += ["--no-index", "--no-deps", "--no-build-isolation"]
    environment = {**os.environ, **(variables or {})}
    subprocess.run([*command, "--wheel-dir", out, project], env=environment, check=True)


def changes() -> str:
    """The entry of this version in CHANGELOG.md."""
    found = re.search(
        rf"^## {re.escape(VERSION)}\b.*?(?=^## |\Z)",
        (ROOT / "CHANGELOG.md").read_text(),
        re.MULTILINE | re.DOTALL,
    )
    if found is None:
        sys.exit(f"CHANGELOG.md has no entry for {VERSION}")
    return found.group()


def digests(folder: Path) -> str:
    """A line for each file, as `sha256sum --check` reads them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n"
        for path in files
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), sys.argv[3:])
