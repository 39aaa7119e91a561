"""The model file: round trips, and every way in which one can be damaged, in Python and in C."""

import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from fqt import core
from fqt.file.layout import HEADER, RECORD
from fqt.model_file import ModelFile, ModelFileError
from models import networks


def test_the_layout_has_the_sizes_that_its_header_says():
    assert (HEADER.size, RECORD.size) == (64, 72)


@settings(max_examples=50)
@given(networks())
def test_reading_and_writing_gives_the_same_bytes_in_python_and_c(model):
    data = model.to_bytes()
    assert ModelFile.from_bytes(data).to_bytes() == data
    low_bits = [layer.low_bits for layer in model.layers if layer.low_bytes is not None]
    master = 8 + max(low_bits, default=0)
    assert core.Model(data, master).to_bytes() == data
    assert core.Model(data, master, in_place=True).to_bytes() == data


def test_every_truncation_is_refused(small_model):
    data = small_model.to_bytes()
    for length in range(len(data)):
        for reader in (ModelFile.from_bytes, core.Model):
            with pytest.raises(ModelFileError):
                reader(data[:length])


def test_every_flipped_byte_is_refused(small_model):
    data = small_model.to_bytes()
    for at in range(len(data)):
        damaged = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        for reader in (ModelFile.from_bytes, core.Model):
            with pytest.raises(ModelFileError):
                reader(damaged)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "name"),
        ({"name": "dense_2"}, "name"),
        ({"output_shape": (2, 3, 4)}, "output extent is 3, the window makes 2"),
        ({"kernel": (9, 3)}, "kernel 9 is larger"),
        ({"stride": (0, 1)}, "stride"),
        ({"padding": (3, 0, 0, 0)}, "padding"),
        ({"output_scale": 0.0}, "scale"),
        ({"output_scale": float("nan")}, "scale"),
        ({"weight_scales": np.array([1, 1, -1, 1], np.float32)}, "channel 2"),
        ({"output_range": 0}, "range"),
    ],
)
def test_what_is_wrong_with_a_layer_is_said(small_model, change, message):
    layers = [replace(small_model.layers[0], **change), small_model.layers[1]]
    if change.get("name") == "dense_2":
        message = "has the name"
    with pytest.raises(ModelFileError, match=message):
        replace(small_model, layers=layers).to_bytes()


def with_checksum(data):
    return bytes(data[:-4]) + zlib.crc32(data[:-4]).to_bytes(4, "little")


def test_a_blob_that_lies_elsewhere_is_named(small_model):
    record = RECORD.size + HEADER.size
    data = bytearray(small_model.to_bytes())
    data[record + 40 : record + 44] = (len(data) - 8).to_bytes(4, "little")
    for reader in (ModelFile.from_bytes, core.Model):
        with pytest.raises(
            ModelFileError, match=r"layer 2 \(dense\): blob 1 .* is at \d+, it belongs at"
        ):
            reader(with_checksum(data))


def test_writing_a_file_keeps_the_old_one_when_it_fails(small_model, tmp_path):
    path = tmp_path / "model.fqt"
    small_model.write(path)
    with pytest.raises(ModelFileError):
        replace(small_model, random_state=0).write(path)
    assert ModelFile.read(path).to_bytes() == small_model.to_bytes()


def test_a_checkpoint_of_another_model_is_refused(small_model, other_model):
    model = core.Model(small_model)
    before = model.to_bytes()
    with pytest.raises(ModelFileError, match="another model"):
        model.restore(core.Model(other_model).to_bytes(checkpoint=True))
    assert model.to_bytes() == before


def test_a_checkpoint_leaves_frozen_layers_out(small_model):
    frozen = replace(small_model.layers[0], trainable=False)
    model = core.Model(replace(small_model, layers=[frozen, small_model.layers[1]]))
    saved = frozen.weights.size + 8 * len(frozen.biases)
    assert len(model.to_bytes()) - len(model.to_bytes(checkpoint=True)) == saved
