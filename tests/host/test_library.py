"""Which build of the core's library is taken."""

import os

import pytest

import fqt
from fqt.run import library


@pytest.fixture
def builds(tmp_path, monkeypatch):
    """A library and its build for AVX2, as old as it, where nothing names one."""
    paths = tmp_path / "libfqt_core.so", tmp_path / "libfqt_core_avx2.so"
    for path in paths:
        path.write_bytes(b"")
        os.utime(path, (1000, 1000))
    monkeypatch.setattr(library, "has_avx2", lambda: True)
    return paths


def test_a_processor_with_avx2_takes_the_build_for_it(builds, monkeypatch):
    plain, wide = builds
    assert library.fastest(plain) == wide
    monkeypatch.setattr(library, "has_avx2", lambda: False)
    assert library.fastest(plain) == plain


def test_a_build_of_other_sources_is_not_taken(builds):
    """Results are named after the library, whichever of its builds ran."""
    plain, wide = builds
    os.utime(wide, (999, 999))
    assert library.fastest(plain) == plain
    wide.unlink()
    assert library.fastest(plain) == plain


def test_a_package_has_builds_of_one_source_whatever_their_times(builds, monkeypatch):
    plain, wide = builds
    os.utime(wide, (999, 999))
    monkeypatch.setattr(library.places, "is_packaged", lambda: True)
    assert library.fastest(plain) == wide


def test_the_library_tells_the_version_of_the_tools():
    assert library.library().fqt_host_version().decode() == fqt.__version__


@pytest.mark.parametrize("is_named", [True, False])
def test_a_library_that_is_named_is_the_one(is_named, monkeypatch):
    named = library.library_path()
    monkeypatch.setattr(library.places, "core_library", lambda: named)
    asked = []
    monkeypatch.setattr(library, "fastest", lambda path: asked.append(path) or path)
    if not is_named:
        monkeypatch.delenv("FQT_CORE_LIB", raising=False)
    else:
        monkeypatch.setenv("FQT_CORE_LIB", str(named))
    library.library.__wrapped__()
    assert asked == ([] if is_named else [named])
