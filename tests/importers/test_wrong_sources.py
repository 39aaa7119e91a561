"""Wrong things given to `fqt convert`: each is one line that says what, where, and what to do, and
leaves nothing behind."""

import os
import resource
import subprocess
import sys
import zipfile

import joblib
import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from onnx_files import OnnxBuilder
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from tflite_files import TfliteBuilder
from wrong_sources import SHAPE, small_onnx, told, write_files

from fqt import cli
from fqt.importers.graph import MAX_COMPUTED

NAN = float("nan")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    write_files(folder)
    return folder


@pytest.fixture
def folder(whole, tmp_path, monkeypatch):
    """A copy of the whole files, which is the current folder."""
    for path in whole.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def converted(source, data, *more):
    calibrate = ["--calibrate", data] if data else []
    return ["convert", source, *calibrate, *more]


SOURCES = {
    "net.onnx": ["--calibrate", "x.npz"],
    "qdq.onnx": [],
    "net.tflite": [],
    "float.tflite": ["--calibrate", "last.npz"],
    "net.skops": ["--calibrate", "features.npz"],
    "net.joblib": ["--trust", "--calibrate", "features.npz"],
    "net.pkl": ["--trust", "--calibrate", "features.npz"],
}


@pytest.mark.parametrize("name", SOURCES)
def test_whole_files_are_taken(name, folder, capfd):
    np.savez("last.npz", x=np.load("x.npy").transpose(0, 2, 3, 1))
    assert cli.main(["convert", name, *SOURCES[name], "-o", "new.fqt"]) == 0, capfd.readouterr()


@pytest.mark.parametrize("name", SOURCES)
def test_files_that_are_cut_off(name, folder, capfd):
    data = (folder / name).read_bytes()
    np.savez("last.npz", x=np.load("x.npy").transpose(0, 2, 3, 1))
    for i in range(20):
        (folder / name).write_bytes(data[: len(data) * i // 20])
        said = told(["convert", name, *SOURCES[name], "-o", "new.fqt"], capfd, folder)
        assert name in said and "again" in said, said
    assert cli.main(["convert", name, *SOURCES[name], "-o", "new.fqt"]) == 1


@pytest.mark.parametrize("name", ["x.npz", "x.npy"])
def test_samples_that_are_cut_off(name, folder, capfd):
    data = (folder / name).read_bytes()
    for i in range(20):
        (folder / name).write_bytes(data[: len(data) * i // 20])
        said = told(converted("net.onnx", name), capfd, folder)
        assert name in said and "write it again with numpy.save" in said, said


def onnx_with(build, shape=SHAPE):
    b = OnnxBuilder(shape)
    made = build(b)
    return b.bytes(*(made if isinstance(made, tuple) else (made,)))


def recurrent():
    b = OnnxBuilder((1, 1, 4))
    return b.bytes(b.node("RNN", "x", b.random(1, 2, 4), b.random(1, 2, 2), hidden_size=2))


def branching():
    """An If whose branches are graphs."""
    b = OnnxBuilder((1, 4))
    end = helper.make_tensor_value_info("r", TensorProto.FLOAT, None)
    branch = helper.make_graph([helper.make_node("Relu", ["x"], ["r"])], "b", [], [end])
    some = b.node("ReduceMax", "x", keepdims=0)
    return b.bytes(
        b.node(
            "If", b.node("Greater", some, np.array(0.0)), then_branch=branch, else_branch=branch
        )
    )


def looped():
    b = OnnxBuilder((1, 4))
    ends = [
        helper.make_tensor_value_info(name, kind, None)
        for name, kind in (
            ("i", TensorProto.INT64),
            ("c", TensorProto.BOOL),
            ("v", TensorProto.FLOAT),
        )
    ]
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["c2"]), helper.make_node("Relu", ["v"], ["v2"])],
        "b",
        ends,
        [
            helper.make_tensor_value_info("c2", TensorProto.BOOL, None),
            helper.make_tensor_value_info("v2", TensorProto.FLOAT, None),
        ],
    )
    return b.bytes(b.node("Loop", np.array(2**40), np.array(True), "x", body=body))


def lying():
    """A constant that says it has 2**40 elements."""
    model = onnx.load_from_string(small_onnx())
    model.graph.initializer[0].dims[:] = [1 << 20, 1 << 20]
    return model.SerializeToString()


def unfolded():
    """A constant computation of 2**35 numbers."""
    b = OnnxBuilder((1, 4))
    ones = b.node("ConstantOfShape", np.array([1 << 20, 1 << 15]))
    return b.bytes(b.node("Add", "x", b.node("ReduceMax", ones)))


def unfolded_by_computed_shape():
    b = OnnxBuilder((1, 4))
    power = b.node("Cast", b.node("Pow", np.array([2.0]), np.array([35.0])), to=TensorProto.INT64)
    return b.bytes(b.node("Add", "x", b.node("ReduceMax", b.node("ConstantOfShape", power))))


def outside(location):
    model = onnx.load_from_string(small_onnx())
    tensor = model.graph.initializer[0]
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", location
    tensor.data_location = TensorProto.EXTERNAL
    return model.SerializeToString()


def of_type(dtype):
    b = OnnxBuilder((1, 4), TensorProto.FLOAT16)
    b.constants.append(helper.make_tensor("w", dtype, (4, 3), np.ones(12)))
    return b.bytes(b.node("MatMul", "x", "w"))


def of_integers():
    b = OnnxBuilder((1, 4), TensorProto.INT64)
    return b.bytes(b.node("MatMul", "x", np.ones((4, 3), np.int64)))


def no_text():
    return small_onnx().replace(b"softmax", b"\xff\xfe\xfdtmax")


def newlines():
    return onnx_with(lambda b: b.node("Softsign", b.conv("x", 2, 2))).replace(
        b"softsign1", b"soft\nig\r1"
    )


def tflite_with(build, dtype="float32"):
    b = TfliteBuilder()
    x = b.tensor((1, 6, 6, 2), dtype)
    made = build(b, x)
    return b.bytes(x, *(made if isinstance(made, tuple) else (made,)))


def tflite_of(weights, shape=None):
    """A dense layer with these weights; shape: what it says of itself."""
    b = TfliteBuilder()
    x = b.tensor((1, 4))
    number = b.tensor(weights.shape, "float32", values=weights)
    b.graph.tensors[number].shape = list(shape or weights.shape)
    return b.bytes(x, b.operator("FULLY_CONNECTED", [x, number], b.tensor((1, 3))))


def deep(b):
    x = "x"
    for _ in range(129):
        x = b.conv(x, 2, 2, (1, 1))
    return x


SOURCES_OF_BYTES = {
    "an empty file": (".onnx", b"", ["it is empty", "export it again"]),
    "an empty .tflite": (".tflite", b"", ["it is empty", "export it again"]),
    "a .tflite called .onnx": (
        ".onnx",
        lambda: tflite_of(np.ones((3, 4))),
        ["it is a .tflite file"],
    ),
    "an .onnx called .tflite": (".tflite", small_onnx, ["no .tflite file", "again"]),
    "a zip called .onnx": (".onnx", b"PK\3\4" + bytes(50), ["a zip archive"]),
    "a page called .tflite": (".tflite", b"<!DOCTYPE html><html>", ["a page of HTML"]),
    "a pickle called .skops": (".skops", b"\x80\x04K\x01.", ["it is a pickle", "skops.io.dump"]),
    "text called .joblib": (".joblib", b"hello", ["save it again"]),
    "a folder's part": (".pb", b"\x08", ["TFLiteConverter.from_saved_model"]),
    "PyTorch's weights": (".pth", b"PK\3\4", ["torch.export.save"]),
    "a model file": (".fqt", b"FQT\x1a", ["it is a model file already"]),
    "an unknown operator": (
        ".onnx",
        lambda: onnx_with(lambda b: b.node("Softsign", b.conv("x", 2, 2))),
        ["node 2, Softsign", "docs/importing.md"],
    ),
    "no operator": (
        ".onnx",
        lambda: onnx_with(lambda b: b.node("Bogus", "x")),
        ["node 1, Bogus 'bogus0': no operator of ONNX"],
    ),
    "another domain": (
        ".onnx",
        lambda: onnx_with(lambda b: b.node("Relu", "x", domain="com.acme")),
        ["node 1, Relu 'relu0'", "com.acme"],
    ),
    "two outputs": (
        ".onnx",
        lambda: onnx_with(lambda b: (b.dense("x", 3, 72), b.dense("x", 2, 72))),
        ["has 2 outputs", "export the part"],
    ),
    "two outputs of a .tflite": (
        ".tflite",
        lambda: tflite_with(lambda b, x: (b.dense(x, 2), b.dense(x, 3))),
        ["has 2 outputs", "export the part"],
    ),
    "dynamic shapes": (
        ".onnx",
        lambda: onnx_with(lambda b: b.node("Relu", "x"), ("n", 2, "h", "w")),
        ["'h'", "fixed numbers"],
    ),
    "a batch of 8": (
        ".onnx",
        lambda: onnx_with(lambda b: b.node("Relu", "x"), (8, 4)),
        ["fixed batch of 8", "batch of 1"],
    ),
    "NaN": (
        ".onnx",
        lambda: onnx_with(lambda b: b.node("MatMul", "x", np.full((4, 3), NAN)), (1, 4)),
        ["node 1, MatMul", "not all finite", "train"],
    ),
    "infinity": (
        ".onnx",
        lambda: onnx_with(lambda b: b.node("MatMul", "x", np.full((4, 3), np.inf)), (1, 4)),
        ["node 1, MatMul", "not all finite", "train"],
    ),
    "NaN in a .tflite": (
        ".tflite",
        lambda: tflite_of(np.full((3, 4), NAN)),
        ["operator 1, FULLY_CONNECTED, tensor 't1'", "not all finite", "train"],
    ),
    "a recurrent layer": (
        ".onnx",
        recurrent,
        ["RNN 'rnn0'", "no layer does this", "build the network"],
    ),
    "an If": (
        ".onnx",
        branching,
        ["(nor Greater, If)", "no layer does this", "build the network"],
    ),
    "a Loop": (".onnx", looped, ["Loop 'loop0'", "no layer does this", "build the network"]),
    "a circle": (".onnx", lambda: onnx_with(lambda b: b.node("Relu", "t0_0")), ["again"]),
    "an opset to come": (".onnx", lambda: small_onnx_of_opset(999), ["opset", "20"]),
    "a constant that lies": (".onnx", lying, ["constant 'c0'", "1048576, 1048576", "again"]),
    "a tensor that lies": (
        ".tflite",
        lambda: tflite_of(np.ones((3, 4)), (1 << 20, 1 << 20)),
        ["tensor 't1'", "bytes", "again"],
    ),
    "an input that lies": (
        ".tflite",
        lambda: tflite_with(lambda b, x: b.tensor((1, 1 << 30, 1 << 9))),
        ["elements", "device"],
    ),
    "a constant without end": (".onnx", unfolded, ["1048576, 32768", str(MAX_COMPUTED)]),
    "a computed constant without end": (
        ".onnx",
        unfolded_by_computed_shape,
        ["ConstantOfShape", "fixed shapes"],
    ),
    "weights beside it": (
        ".onnx",
        lambda: outside("weights.bin"),
        ["constant 'c0'", "'weights.bin'", "one file"],
    ),
    "weights of others": (
        ".onnx",
        lambda: outside("../../etc/passwd"),
        ["constant 'c0'", "passwd'", "one file"],
    ),
    "float16": (".onnx", lambda: of_type(TensorProto.FLOAT16), ["'x' is FLOAT16", "float32"]),
    "bfloat16": (".onnx", lambda: of_type(TensorProto.BFLOAT16), ["FLOAT16", "float32"]),
    "integers": (".onnx", of_integers, ["'x' is INT64", "float32"]),
    "a name that is no text": (".onnx", no_text, ["a name in it is no text", "again"]),
    "a name of two lines": (".onnx", newlines, ["soft\\nig\\r1", "build the network"]),
    "too many layers": (".onnx", lambda: onnx_with(deep), ["129 layers", "128", "shallower"]),
}


def small_onnx_of_opset(version):
    b = OnnxBuilder((1, 4))
    return b.bytes(b.dense("x", 3, 4), opset=version)


@pytest.mark.parametrize("what", SOURCES_OF_BYTES)
def test_wrong_sources(what, folder, capfd):
    suffix, data, words = SOURCES_OF_BYTES[what]
    name = f"wrong{suffix}"
    (folder / name).write_bytes(data if isinstance(data, bytes) else data())
    said = told(converted(name, "x.npz", "--trust", "-o", "new.fqt"), capfd, folder)
    for word in (name, *words):
        assert word in said, said


X = np.random.default_rng(0).normal(size=(40, *SHAPE[1:]))


def with_one(value):
    x = X.copy()
    x[7, 1, 2, 3] = value
    return x


DATA = {
    "of another shape": (X[:, :, :, :5], "(40, 2, 6, 5)"),
    "with channels last": (X.transpose(0, 2, 3, 1), "(2, 6, 6)"),
    "of text": (X.astype(str), "not numbers"),
    "of complex numbers": (X.astype(complex), "not numbers"),
    "with NaN": (with_one(NAN), "sample 7: element 51"),
    "with infinity": (with_one(np.inf), "sample 7"),
    "beyond float32": (X * 1e300, "not a finite number"),
    "without samples": (X[:0], "no samples are in an array of shape (0, 2, 6, 6)"),
    "of one number": (np.float32(1), "no samples"),
    "that are constant": (np.zeros_like(X), "numbers are 0.0: give samples like those to come"),
}


@pytest.mark.parametrize("what", DATA)
@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_wrong_samples(what, suffix, folder, capfd):
    x, words = DATA[what]
    (np.save if suffix == ".npy" else np.savez)(f"wrong{suffix}", x)
    said = told(converted("net.onnx", f"wrong{suffix}"), capfd, folder)
    assert f"wrong{suffix}: " in said and words in said, said


def header(shape, descr="<f4"):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    "data",
    [
        header((1 << 40,)) + bytes(64),
        header((-4, -4)) + bytes(64),
        header("1<<"),
        b"\x93NUMPY\7\7",
    ],
)
def test_arrays_that_lie(data, folder, capfd):
    (folder / "lies.npy").write_bytes(data)
    with zipfile.ZipFile("lies.npz", "w") as archive:
        archive.writestr("x.npy", data)
    for name in ("lies.npy", "lies.npz"):
        said = told(converted("net.onnx", name), capfd, folder)
        assert name in said and "numpy.save" in said


def test_samples_of_other_files(folder, capfd):
    np.savez("two.npz", a=X, b=X)
    np.savez("pickled.npz", x=np.array([{}], object))
    (folder / "empty.npz").write_bytes(b"")
    for name, words in (
        ("two.npz", "its arrays are a, b: name the samples x"),
        ("pickled.npz", "array x: it holds Python objects"),
        ("empty.npz", "it is empty"),
        ("data.csv", "fqt data TABLE.csv -o x.npz"),
        ("net.onnx.npz", "No such file"),
    ):
        said = told(converted("net.onnx", name), capfd, folder)
        assert name in said and words in said, said


def test_samples_that_are_needed_or_do_not_fit_an_estimator(folder, capfd):
    assert "net.onnx: the network is float32: its int8 ranges" in told(
        ["convert", "net.onnx"], capfd, folder
    )
    said = told(converted("net.skops", "x.npz"), capfd, folder)
    assert "x.npz: " in said and "4 elements" in said


def test_estimators_that_are_none(folder, capfd):
    features = np.load("features.npz")["x"]
    estimator = LogisticRegression().fit(features, np.arange(40) % 3)
    estimator.coef_[1, 2] = NAN
    joblib.dump(estimator, "nan.joblib")
    del estimator.coef_, estimator.intercept_
    joblib.dump(estimator, "bare.joblib")
    estimator.coef_ = np.ones((3, 4))
    joblib.dump(estimator, "half.joblib")
    joblib.dump(KMeans(2).fit(features), "other.joblib")
    joblib.dump({"a": 1}, "dict.joblib")
    for name, words in (
        ("nan.joblib", "LogisticRegression: its coef_ are not all finite numbers: fit it again"),
        ("bare.joblib", "not fitted: call fit"),
        ("half.joblib", "LogisticRegression: it is not whole"),
        ("other.joblib", "KMeans is no network"),
        ("dict.joblib", "dict is no network"),
    ):
        said = told(converted(name, "features.npz", "--trust"), capfd, folder)
        assert name in said and words in said, said
    said = told(converted("net.pkl", "features.npz"), capfd, folder)
    assert "net.pkl: a pickle runs code of whoever made it: trust=True (--trust)" in said


@pytest.mark.parametrize(
    ("name", "package", "words"),
    [
        ("net.onnx", "onnx", "pip install 'fqt-host[onnx]'"),
        ("net.onnx", "onnxruntime", "pip install 'fqt-host[onnx]'"),
        ("net.tflite", "tflite", "pip install 'fqt-host[tflite]'"),
        ("net.skops", "skops", "pip install 'fqt-host[sklearn]'"),
        ("net.joblib", "joblib", "pip install 'fqt-host[sklearn]'"),
        ("net.pt2", "torch", "pip install 'fqt-host[torch]'"),
    ],
)
def test_packages_that_are_missing(name, package, words, folder, capfd, monkeypatch):
    (folder / "net.pt2").write_bytes(b"PK\3\4")
    monkeypatch.setitem(sys.modules, package, None)
    said = told(converted(name, "x.npz", "--trust"), capfd, folder)
    assert f"{name}: " in said and words in said, said


@pytest.mark.parametrize(
    "name", ["none.onnx", "none.tflite", "none.pt2", "none.skops", "none.pkl"]
)
def test_files_that_are_not_there(name, folder, capfd):
    said = told(["convert", name, "--trust"], capfd, folder)
    assert f"{name}: No such file or directory: see how it is written" in said


@pytest.mark.parametrize("name", ["folder.onnx", "folder.tflite", "folder.skops", "folder.pkl"])
def test_folders(name, folder, capfd):
    (folder / name).mkdir()
    said = told(["convert", name, "--trust"], capfd, folder)
    assert f"{name}: it is a folder: name a file" in said
    said = told(converted("net.onnx", "x.npz", "-o", name), capfd, folder)
    assert f"{name}: it is a folder: name a file in it" in said


def test_a_pipe_is_not_waited_for(folder, capfd):
    os.mkfifo("pipe.onnx")
    with pytest.raises(OSError, match=r"pipe\.onnx: it is a device or pipe: name a file"):
        cli.convert_and_compare("pipe.onnx", None, cli.Wishes())


def test_files_that_may_not_be_read_or_written(folder, capfd, monkeypatch):
    """As root, who may all, is told."""

    def refused(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("builtins.open", refused)
    with monkeypatch.context() as context:
        context.setattr("warnings.catch_warnings", __import__("contextlib").nullcontext)
        assert cli.main(["convert", "net.tflite"]) == 1
    assert "net.tflite: Permission denied: change its permissions" in capfd.readouterr().err
    monkeypatch.undo()


def test_names_that_are_not_utf_8(folder, capfd):
    name = os.fsdecode(b"n\xffet.tflite")
    os.rename("net.tflite", name)
    said = told(["convert", name, "-o", name], capfd, folder)
    assert "n\\udcffet.tflite: it would overwrite what is read" in said
    assert cli.main(["convert", name]) == 0
    assert os.path.exists(b"n\xffet.fqt")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["net.tflite", "-o", "none/new.fqt"], "there is no folder none: make it"),
        (["net.tflite", "-o", "net.onnx/new.fqt"], "there is no folder net.onnx: make it"),
        (["net.tflite", "-o", "./net.tflite"], "it would overwrite what is read"),
        (["net.tflite", "--report", "net.tflite"], "it would overwrite what is read"),
        (["net.onnx", "--calibrate", "x.npz", "-o", "x.npz"], "it would overwrite what is read"),
        (["net.tflite", "-o", "a", "--report", "./a"], "two files would be written there"),
        (["net.tflite", "-o", "x" * 300], "File name too long: take a shorter name"),
        (["net.tflite", "net.onnx"], "unrecognized arguments: net.onnx: see fqt"),
        (["net.tflite", "--percentile", "x"], "argument --percentile"),
        (["net.tflite", "--percentile", "nan"], "percentile must be a finite number"),
        (["net.tflite", "--trainable", "last:9"], "the network has 2 layers with weights"),
        (["net.tflite", "--labels", "a,b"], "labels are a text for each of 3 outputs"),
        ([""], "files that can be read end in"),
    ],
)
def test_wrong_arguments(arguments, words, folder, capfd):
    assert words in told(["convert", *arguments], capfd, folder)


def test_a_folder_that_may_not_be_written(folder, capfd, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    said = told(["convert", "net.tflite", "-o", "new.fqt"], capfd, folder)
    assert "new.fqt: nothing can be written to the folder .: change its permissions" in said


def test_a_disk_that_is_full(folder, capfd, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    said = told(["convert", "net.tflite", "-o", "new.fqt", "--report", "r.html"], capfd, folder)
    assert "No space left on device: free some" in said and (
        "new.fqt: " in said or "r.html" in said
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lying.onnx", "cut.tflite", "none.onnx"])
def test_a_process_of_its_own(name, folder):
    """With a limit of its memory, which a file's lies do not reach."""
    (folder / "lying.onnx").write_bytes(unfolded())
    (folder / "cut.tflite").write_bytes((folder / "net.tflite").read_bytes()[:200])

    def limit():
        resource.setrlimit(resource.RLIMIT_DATA, (3 << 30, 3 << 30))

    done = subprocess.run(
        [sys.executable, "-m", "fqt.cli", "convert", name],
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=limit,
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and name in done.stderr, done.stderr
    assert not (folder / "lying.fqt").exists() and not (folder / "cut.fqt").exists()


FORGED = ["net.onnx", "qdq.onnx", "net.tflite", "float.tflite", "x.npz", "net.skops"]


@pytest.mark.slow
@pytest.mark.parametrize("name", FORGED)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 1 << 30), st.integers(1, 255)), min_size=1, max_size=4
    )
)
def test_forged_bytes_are_one_line_or_another_network(name, changes, whole, tmp_path, capfd):
    data = bytearray((whole / name).read_bytes())
    for place, change in changes:
        data[place % len(data)] ^= change
    forged = tmp_path / f"forged{name[name.index('.') :]}"
    forged.write_bytes(data)
    x = {"net.skops": "features.npz"}.get(name, "x.npz")
    source, calibrate = (whole / "net.onnx", forged) if name == "x.npz" else (forged, whole / x)
    more = ["--calibrate", str(calibrate)] if name in ("net.onnx", "x.npz", "net.skops") else []
    output = tmp_path / "new.fqt"
    with np.errstate(all="ignore"):
        code = cli.main(["convert", str(source), *more, "-o", str(output)])
    said = capfd.readouterr().err
    assert code == 0 or (code == 1 and said.count("\n") == 1 and str(forged) in said), said
    assert code == 0 or not output.exists()
    output.unlink(missing_ok=True)
