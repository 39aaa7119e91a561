"""`fqt.convert` and the command `fqt convert`, from a file to a file."""

import numpy as np
import pytest
from tflite_files import UNIT, TfliteBuilder

import fqt
from fqt import cli
from fqt.file.model_file import ModelFile


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """int8.tflite and float.tflite, 4 x 4 x 1 to 3 classes; samples for the latter."""
    folder = tmp_path_factory.mktemp("networks")
    for dtype, quantization in (("int8", UNIT), ("float32", None)):
        b = TfliteBuilder()
        x = b.tensor([1, 4, 4, 1], dtype, quantization)
        data = b.bytes(x, b.softmax(b.dense(b.conv(x, 2), 3)))
        (folder / f"{dtype}.tflite").write_bytes(data)
    x = np.random.default_rng(0).normal(size=(20, 4, 4, 1)).astype(np.float32)
    np.savez(folder / "x.npz", x=x, y=np.zeros(20))
    np.savez(folder / "two.npz", a=x, b=x)
    np.save(folder / "x.npy", x)
    return folder


def test_the_command_writes_the_file_that_convert_gives(folder, capsys):
    output = folder / "new.fqt"
    source = folder / "int8.tflite"
    assert cli.main(["convert", str(source), "--trainable", "all", "-o", str(output)]) == 0
    printed = capsys.readouterr().out
    assert "softmax_cross_entropy (softmax behind the last layer)" in printed
    assert "conv2d_1" in printed
    assert output.read_bytes() == fqt.convert(source, trainable="all").to_bytes()
    model = ModelFile.read(output)
    assert model.name == "int8"
    assert [layer.trainable for layer in model.layers] == [True, True]


def test_without_a_name_the_file_lies_here(folder, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["convert", str(folder / "int8.tflite"), "--loss", "mean_squared_error"]) == 0
    assert ModelFile.read(tmp_path / "int8.fqt").loss == "mean_squared_error"


@pytest.mark.parametrize("data", ["x.npz", "x.npy"])
def test_a_float_network_takes_its_ranges_from_samples(folder, data, tmp_path):
    output = tmp_path / "new.fqt"
    arguments = [str(folder / "float32.tflite"), "--calibrate", str(folder / data)]
    assert cli.main(["convert", *arguments, "-o", str(output)]) == 0
    x = np.load(folder / "x.npy")
    wanted = fqt.convert(folder / "float32.tflite", calibrate=x)
    assert output.read_bytes() == wanted.to_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["float32.tflite"], "its int8 ranges come from samples"),
        (["float32.tflite", "--calibrate", "two.npz"], "its arrays are a, b: name the samples x"),
        (["float32.tflite", "--calibrate", "int8.tflite"], "no .npy or .npz file of numbers"),
        (["none.tflite"], "No such file"),
    ],
)
def test_what_is_wrong_is_one_line(folder, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(folder)
    assert cli.main(["convert", *arguments, "-o", "not.fqt"]) == 1
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1
    assert not (folder / "not.fqt").exists()
