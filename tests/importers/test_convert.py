"""`fqt.convert` and the command `fqt convert`, from a file to a file."""

import joblib
import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression, Ridge
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
    flat = x.reshape(20, 16)
    joblib.dump(Ridge().fit(flat, np.arange(20)), folder / "ridge.joblib")
    joblib.dump(KMeans(2).fit(flat), folder / "kmeans.joblib")
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


def test_an_estimator_and_its_file_give_the_same(folder, capsys, tmp_path):
    x = np.load(folder / "x.npy").reshape(20, 16)
    estimator = LogisticRegression().fit(x, np.array(["no", "perhaps", "yes"])[np.arange(20) % 3])
    joblib.dump(estimator, tmp_path / "words.joblib")
    np.save(tmp_path / "x.npy", x)
    arguments = [str(tmp_path / "words.joblib"), "--trust", "--calibrate", str(tmp_path / "x.npy")]
    output = tmp_path / "words.fqt"
    arguments += ["--note", "16 numbers", "-o", str(output)]
    assert cli.main(["convert", *arguments]) == 0
    assert "softmax_cross_entropy; samples have the 16 features" in capsys.readouterr().out
    wanted = fqt.convert(estimator, calibrate=x, note="16 numbers")
    assert output.read_bytes() == wanted.to_bytes()
    model = ModelFile.read(output)
    assert (model.labels, model.note) == (("no", "perhaps", "yes"), "16 numbers")


def test_labels_and_note_go_with_an_int8_network(folder):
    model = fqt.convert(folder / "int8.tflite", labels=["a", "b", "c"], note="n")
    assert (model.labels, model.note) == (("a", "b", "c"), "n")
    assert model.identity != fqt.convert(folder / "int8.tflite").identity
    with pytest.raises(ValueError, match=r"a source is a path, a module .* or a fitted estimator"):
        fqt.convert({})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["float32.tflite"], "its int8 ranges come from samples"),
        (["float32.tflite", "--calibrate", "two.npz"], "its arrays are a, b: name the samples x"),
        (
            ["float32.tflite", "--calibrate", "int8.tflite"],
            "samples for ranges are in .npz, .npy and .fqd files",
        ),
        (["none.tflite"], "No such file"),
        (["int8.tflite", "--labels", "a,b"], "labels are a text for each of 3 outputs, not 2"),
        (["ridge.joblib", "--calibrate", "x.npy"], "runs code of whoever made it: trust=True"),
        (["ridge.joblib", "--trust"], "its int8 ranges come from samples"),
        (["ridge.joblib", "--trust", "--loss", "binary_cross_entropy"], "says its loss itself"),
        (["kmeans.joblib", "--trust"], "kmeans.joblib: KMeans is no network"),
        (
            ["x.npy"],
            "files that can be read end in .tflite, .onnx, .keras, .h5, .hdf5, .pt2, .skops",
        ),
    ],
)
def test_what_is_wrong_is_one_line(folder, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(folder)
    assert cli.main(["convert", *arguments, "-o", "not.fqt"]) == 1
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1
    assert not (folder / "not.fqt").exists()
