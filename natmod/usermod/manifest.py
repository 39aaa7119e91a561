# What a firmware freezes of fqt: its Python part, joined as for the native module. A board's
# manifest takes it by
#   include("/path/to/fqt/natmod/usermod/manifest.py")
import sys
from pathlib import Path

ROOT = Path("../..").resolve()  # a manifest runs in its own folder
sys.path.insert(0, str(ROOT / "tools"))
import join_python  # noqa: E402

joined = ROOT / "build" / "usermod" / "fqt.py"
join_python.main(
    joined,
    ROOT / "VERSION",
    ROOT / "natmod" / "core" / "base" / "fqt_messages.h",
    ROOT / "natmod" / "usermod" / "fill.py",
    ROOT / "micropython_lib" / "fqt",
    ["all"],
)
module("fqt.py", base_path=str(joined.parent))  # noqa: F821 (of manifests)
module("fqt_data.py", base_path=str(ROOT / "micropython_lib"))  # noqa: F821
module("fqt_field.py", base_path=str(ROOT / "micropython_lib"))  # noqa: F821
