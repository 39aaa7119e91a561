#!/usr/bin/env python3
"""Put one built module where users take it from: DIST/<arch>_<mpy version>/ with fqt.mpy,
fqt_data.mpy, fqt_field.mpy and mip's package.json; one with all layer kinds to
DIST/<arch>_<mpy version>_full/.

    tools/make_dist.py [--full] ARCH FQT_MPY DIST

The .mpy version is read from the file's header, the sizes are in DIST/sizes.json.
"""

import json
import shutil
import sys
from pathlib import Path

VERSION = Path(__file__).parents[1] / "VERSION"


def main(arch: str, module: Path, dist: Path, full: bool) -> None:
    header = module.read_bytes()[:4]
    if header[:1] != b"M":
        sys.exit(f"{module} is no .mpy file")
    version = f"{header[1]}.{header[2] & 3}"
    folder = dist / f"{arch}_{version}{'_full' if full else ''}"
    folder.mkdir(parents=True, exist_ok=True)
    names = ("fqt.mpy", "fqt_data.mpy", "fqt_field.mpy")
    for name in names:
        shutil.copy(module.with_name(name), folder / name)
    package = {"urls": [[name, name] for name in names], "version": VERSION.read_text().strip()}
    (folder / "package.json").write_text(json.dumps(package, indent=2) + "\n")
    sizes = dist / "sizes.json"
    known = json.loads(sizes.read_text()) if sizes.exists() else {}
    known[folder.name] = module.stat().st_size
    sizes.write_text(json.dumps(dict(sorted(known.items())), indent=2) + "\n")
    print(f"{folder}/fqt.mpy: {module.stat().st_size} bytes")


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--full"]
    arch, module, dist = arguments
    main(arch, Path(module), Path(dist), "--full" in sys.argv)
