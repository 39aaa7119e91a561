"""Files to convert, one whole one of each type, and what is told of wrong ones."""

import warnings

import joblib
import numpy as np
import skops.io
from onnx_files import OnnxBuilder
from sklearn.linear_model import LogisticRegression
from tflite_files import UNIT, TfliteBuilder

from fqt import cli
from models import Layer, random_model

SHAPE = (1, 2, 6, 6)  # of the .onnx files' input


def small_onnx():
    b = OnnxBuilder(SHAPE)
    x = b.node("Relu", b.conv("x", 2, 2))
    return b.bytes(b.node("Softmax", b.dense(x, 3, 72)))


def small_qdq():
    """Int8, with one dense layer between QuantizeLinear and DequantizeLinear."""
    b = OnnxBuilder((1, 4))
    scale, zero = np.array(0.05), np.array(0, np.int8)

    def requantized(x):
        return b.node("DequantizeLinear", b.node("QuantizeLinear", x, scale, zero), scale, zero)

    weights = b.node(
        "DequantizeLinear", np.arange(-6, 6, dtype=np.int8).reshape(3, 4), scale, zero
    )
    y = b.node("Gemm", requantized("x"), weights, np.zeros(3), transB=1)
    return b.bytes(requantized(y))


def small_tflite(dtype="int8"):
    b = TfliteBuilder()
    x = b.tensor((1, 6, 6, 2), dtype, UNIT if dtype == "int8" else None)
    return b.bytes(x, b.softmax(b.dense(b.conv(x, 2, activation="relu"), 3)))


def small_model():
    return random_model([Layer("conv2d", 4, (3, 3), (2, 2)), Layer("dense", 3)], (6, 6, 1), seed=1)


def write_files(folder):
    """Whole files, by their names, and the samples that the float ones take."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 2, 6, 6)).astype(np.float32)
    (folder / "net.onnx").write_bytes(small_onnx())
    (folder / "qdq.onnx").write_bytes(small_qdq())
    (folder / "net.tflite").write_bytes(small_tflite())
    (folder / "float.tflite").write_bytes(small_tflite("float32"))
    (folder / "net.fqt").write_bytes(small_model().to_bytes())
    features = x.reshape(40, -1)[:, :4]
    estimator = LogisticRegression().fit(features, np.arange(40) % 3)
    skops.io.dump(estimator, folder / "net.skops")
    joblib.dump(estimator, folder / "net.joblib")
    joblib.dump(estimator, folder / "net.pkl")
    np.savez(folder / "x.npz", x=x)
    np.save(folder / "x.npy", x)
    np.savez(folder / "features.npz", x=features)
    images = rng.integers(0, 255, (20, 6, 6, 1)).astype(np.uint8)
    np.savez(folder / "data.npz", x=images, y=np.arange(20) % 3)
    rows = [",".join(map(str, [*row, i % 3])) for i, row in enumerate(images.reshape(20, -1))]
    (folder / "data.csv").write_text("\n".join(rows) + "\n")


def told(arguments, capfd, folder):
    """What the command says of what is wrong, after it was seen that it ends as it must: a code of
    1 or 2, one line, no other output, and no file that was not there."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            code = cli.main([str(one) for one in arguments])
        except SystemExit as ended:
            code = ended.code
    out, said = capfd.readouterr()
    assert code in (1, 2), (code, said)
    assert (out, said.count("\n"), said[-1:]) == ("", 1, "\n"), out + said
    assert not caught, [str(one.message) for one in caught]
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert after == before
    return said
