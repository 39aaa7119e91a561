"""The host package is a house with one direction: a room uses itself and the rooms before it.

The order is the one in fqt/__init__.py, which this test reads: what is written there holds.
"""

import ast
import importlib
import re
from graphlib import TopologicalSorter
from pathlib import Path

import fqt
from fqt import layers
from fqt.kinds import KINDS

PACKAGE = Path(fqt.__file__).parent
# These run under MicroPython: their fqt is the module.
DEVICE_SCRIPTS = {"fqt.trainer.device"}
DEVICE_SCRIPTS |= {f"fqt.device.{name}_device" for name in ("bench", "finish", "install")}
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(
        ".__init__"
    ): path
    for path in PACKAGE.rglob("*.py")
}


def rooms() -> dict[str, int]:
    """Each room's place in the order: one line of the docstring holds one floor."""
    floors = re.findall(r"^    (\w+(?:, \w+)*)  ", fqt.__doc__, re.MULTILINE)
    return {room: place for place, floor in enumerate(floors) for room in floor.split(", ")}


def imported_by(module: str) -> set[str]:
    """The modules of the package that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relative to itself"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in names}
    return found & MODULES.keys()


def room_of(module: str) -> str:
    return module.split(".")[1]


def test_every_module_lies_in_a_room_and_every_room_is_there():
    found = {room_of(module) for module in MODULES if module != "fqt"}
    assert found == rooms().keys()


def test_a_room_uses_only_itself_and_rooms_before_it():
    place = rooms()
    upward = [
        f"{module} imports {other}"
        for module in MODULES.keys() - DEVICE_SCRIPTS - {"fqt"}
        for other in imported_by(module)
        if other == "fqt"
        or (room_of(other) != room_of(module) and place[room_of(other)] > place[room_of(module)])
    ]
    assert not upward


def test_no_modules_import_each_other_in_a_circle():
    graph = {module: imported_by(module) for module in MODULES.keys() - DEVICE_SCRIPTS}
    tuple(TopologicalSorter(graph).static_order())  # raises CycleError


def test_public_modules_export_what_they_name():
    listed = re.search(r"Public modules: ([\w,\s]+?),\s+and what", fqt.__doc__)[1]
    for name in re.split(r",\s+", listed):
        module = importlib.import_module(f"fqt.{name}")
        for exported in getattr(module, "__all__", ()):
            assert hasattr(module, exported)


def test_every_kind_has_a_layer_in_float32_and_its_arithmetic_in_integers():
    described = {getattr(layers, name).kind for name in layers.__all__}
    assert described - {"batch_norm"} == KINDS.keys()
    for kind in KINDS:
        assert f"fqt.layers.{kind}" in MODULES
        assert f"fqt.reference.{kind}" in MODULES


def test_every_layer_can_be_imported_from_the_package():
    assert set(layers.__all__) <= set(fqt.__all__)
