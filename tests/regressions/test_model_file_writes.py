"""A model file that could not be written had left its half beside it, under the name from which a
board takes up what it saved."""

import os

import pytest

from fqt.model_file import ModelFile


def test_a_write_that_fails_leaves_the_old_file_and_no_half_one(
    small_model, other_model, tmp_path, monkeypatch
):
    path = tmp_path / "model.fqt"
    small_model.write(path)

    def full(_):
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        other_model.write(path)
    assert [found.name for found in tmp_path.iterdir()] == ["model.fqt"]
    assert ModelFile.read(path).to_bytes() == small_model.to_bytes()


def test_a_write_replaces_the_old_file(small_model, other_model, tmp_path):
    path = str(tmp_path / "model.fqt")
    small_model.write(path)
    other_model.write(path)
    assert os.listdir(tmp_path) == ["model.fqt"]
    assert ModelFile.read(path).to_bytes() == other_model.to_bytes()
