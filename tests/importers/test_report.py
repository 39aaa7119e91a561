"""What `fqt convert` tells of a conversion, and when it refuses to write one."""

import html.parser
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from onnx import numpy_helper
from onnx_files import OnnxBuilder
from sklearn import datasets, linear_model, neural_network, pipeline, preprocessing
from tflite_files import UNIT, TfliteBuilder

import fqt
from fqt import cli
from fqt.importers import runtimes
from fqt.importers.comparison import compare_layers, compare_outputs, samples_of
from fqt.importers.convert import check_alike, conversion_of, read_source
from fqt.importers.report import report_on
from fqt.importers.report_page import page

SHAPE = (2, 6, 6)
DIGITS, LABELS = datasets.load_digits(return_X_y=True)


def samples(count=64, shape=SHAPE):
    return np.random.default_rng(5).normal(size=(count, *shape)).astype(np.float32)


def onnx_file(folder, change=lambda b: None):
    """A convolution with ReLU and a dense layer of 5 classes, with a softmax."""
    b = OnnxBuilder((1, *SHAPE))
    x = b.node("Relu", b.conv("x", 4, 2))
    data_of = b.node("Softmax", b.dense(x, 5, 144))
    change(b)
    path = folder / "small.onnx"
    path.write_bytes(b.bytes(data_of))
    return path


def tflite_file(folder, dtype):
    b = TfliteBuilder()
    x = b.tensor([1, 6, 6, 2], dtype, None if dtype == "float32" else UNIT)
    y = b.dense(b.conv(x, 4, activation="relu"), 5)
    path = folder / f"{dtype}.tflite"
    path.write_bytes(b.bytes(x, b.softmax(y)))
    return path


def conversion(source, x=None, **options):
    return conversion_of(read_source(source), x, **options)[0]


def test_outputs_are_compared_with_the_source_s_own_runtime(tmp_path):
    for path, runtime, x in (
        (onnx_file(tmp_path), "onnxruntime", samples()),
        (tflite_file(tmp_path, "float32"), "LiteRT", samples(shape=(6, 6, 2))),
    ):
        outputs = report_on(conversion(path, x), x).outputs
        assert outputs.of.startswith(runtime)
        assert outputs.same_class > 0.9 and outputs.relative < 0.1
        assert not outputs.nothing_in_common


def test_an_image_of_channels_first_is_compared_element_by_element(tmp_path):
    b = OnnxBuilder((1, *SHAPE))
    path = tmp_path / "image.onnx"
    path.write_bytes(b.bytes(b.conv("x", 3, 2)))
    outputs = report_on(conversion(path, samples()), samples()).outputs
    assert outputs.same_class is None and outputs.relative < 0.02


@pytest.mark.parametrize(
    "estimator",
    [
        linear_model.LogisticRegression(max_iter=5000),
        neural_network.MLPClassifier((16,), max_iter=60, random_state=1),
        neural_network.MLPRegressor(hidden_layer_sizes=(16,), max_iter=60, random_state=1),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("classes", [2, 10])
def test_estimators_are_compared_with_scikit_learn(estimator, classes):
    y = LABELS % classes
    made = pipeline.make_pipeline(preprocessing.StandardScaler(), estimator).fit(DIGITS, y)
    x = DIGITS[::9]
    report = report_on(conversion(made, x), x)
    assert report.outputs.of.startswith("scikit-learn")
    assert report.outputs.error < 0.15
    if report.outputs.same_class is not None:
        assert report.outputs.same_class > 0.97


def test_an_int8_file_is_compared_on_random_samples_or_on_the_user_s(tmp_path):
    path = tflite_file(tmp_path, "int8")
    report = report_on(conversion(path), None)
    assert "64 random samples" in report.text()
    assert report.outputs.of.startswith("LiteRT") and report.outputs.greatest < 1e-6
    assert [finding for finding in report.findings if "--calibrate" in finding]
    whole = np.random.default_rng(0).integers(-128, 128, (40, 6, 6, 2), np.int8)
    real = (whole * np.float32(UNIT[0])).astype(np.float32)
    of_whole, of_real = (report_on(conversion(path), x) for x in (whole, real))
    assert of_whole.outputs == of_real.outputs and of_whole.layers == of_real.layers
    assert "40 calibration samples" in of_real.text()
    assert fqt.convert(path, calibrate=real).to_bytes() == fqt.convert(path).to_bytes()


def test_without_the_runtime_the_float_network_is_the_measure(tmp_path, monkeypatch):
    made = conversion(tflite_file(tmp_path, "int8"))
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    said = report_on(made, None).outputs.of
    assert said == (
        "the float network (the source's own runtime is not installed: pip install ai-edge-litert)"
    )


def test_signal_to_noise_is_that_of_rounding(tmp_path):
    """Of an input that fills its range evenly the noise is step / sqrt(12)."""
    x = np.random.default_rng(1).uniform(-1, 1, (200, *SHAPE)).astype(np.float32)
    made = conversion(onnx_file(tmp_path), x)
    rows = compare_layers(made, samples_of(made, x))
    assert [row.name for row in rows] == ["input", "conv2d_1", "dense_2"]
    expected = 10 * np.log10((1 / 3) / (made.model.input_scale**2 / 12))
    assert abs(rows[0].signal_to_noise - expected) < 0.5
    assert all(20 < row.signal_to_noise < 60 for row in rows[1:])
    assert rows[0].clipped == rows[1].clipped == 0 and np.isnan(rows[2].clipped)


def test_channels_that_never_change_are_named(tmp_path):
    def kill(b):
        set_constant(b, 1, [-100, 0.1, -100, 0.1])

    report = report_on(conversion(onnx_file(tmp_path, kill), samples()), samples())
    assert report.layers[1].idle == 2
    (finding,) = [one for one in report.findings if "never change" in one]
    assert "conv2d_1 (2 of 4)" in finding and "lower learning rate" in finding


def set_constant(b, number, values):
    name = b.constants[number].name
    b.constants[number].CopyFrom(numpy_helper.from_array(np.array(values, np.float32), name))


def without_biases(b):
    set_constant(b, 1, np.zeros(4))
    set_constant(b, 3, np.zeros(5))


def outliers():
    """Samples of which one value reaches 30 times as far as all others."""
    x = samples(3000) * 0.1
    x[0, 0, 0, 0] = 12
    return x


@pytest.mark.filterwarnings("ignore::fqt.QuantizationWarning")
def test_a_range_that_outliers_stretch_is_mended_by_the_percentile_that_is_advised(tmp_path):
    path, x = onnx_file(tmp_path, without_biases), outliers()
    stretched = report_on(conversion(path, x, force=True), x)
    assert "--percentile 99.9" in " ".join(stretched.findings)
    made = conversion(path, x, percentile=99.9)
    mended = report_on(made, x[1:])
    assert mended.layers[1].signal_to_noise > stretched.layers[1].signal_to_noise + 10
    assert not [one for one in mended.findings if "noise" in one]
    wanted = fqt.quantize(made.net, made.network.arrange(x), "last:2", "int8", percentile=99.9)
    assert made.model.to_bytes() == wanted.to_bytes()


def test_values_beyond_a_range_are_counted(tmp_path):
    made = conversion(onnx_file(tmp_path), samples())
    report = report_on(made, samples() * 4)
    assert report.layers[0].clipped > 0.1
    assert "calibrate with more samples like these" in " ".join(report.findings)


def test_a_network_that_has_nothing_in_common_is_refused(tmp_path):
    """As one would be that an importer got wrong: the file of another network stands for it."""
    made = conversion(onnx_file(tmp_path), samples())
    b = OnnxBuilder((1, *SHAPE))
    b.rng = np.random.default_rng(9)
    x = b.node("Relu", b.conv("x", 4, 2))
    made.network.data = b.bytes(b.node("Softmax", b.dense(x, 5, 144)))
    outputs = compare_outputs(made, samples_of(made, samples()))
    with pytest.raises(ValueError, match=r"nothing in common with onnxruntime .*--force"):
        check_alike(outputs, False)
    check_alike(outputs, True)


def test_the_command_writes_nothing_that_int8_does_not_hold_unless_it_is_forced(tmp_path, capsys):
    """Features of different units: the small ones vanish in the input's step."""
    b = OnnxBuilder((1, 8))
    weights = np.random.default_rng(2).normal(size=(3, 8)).astype(np.float32)
    weights[:, 0] = 0
    path = tmp_path / "units.onnx"
    path.write_bytes(b.bytes(b.node("Gemm", "x", weights, np.zeros(3), transB=1)))
    x = samples(64, (8,)) * np.array([1e4, *[0.1] * 7], np.float32)
    np.save(tmp_path / "x.npy", x)
    output, told = tmp_path / "units.fqt", tmp_path / "units.html"
    command = ["convert", str(path), "--calibrate", str(tmp_path / "x.npy"), "-o", str(output)]
    command += ["--report", str(told), "--loss", "softmax_cross_entropy"]
    assert cli.main(command) == 1
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1 and "off by" in printed
    assert not output.exists() and not told.exists()
    assert cli.main([*command, "--force"]) == 0
    assert output.exists() and "standardize" in told.read_text()


def test_the_command_prints_the_report_and_writes_the_page(tmp_path, capsys):
    path = onnx_file(tmp_path)
    np.savez(tmp_path / "x.npz", x=samples())
    output, told = tmp_path / "a.fqt", tmp_path / "a.html"
    command = ["convert", str(path), "--calibrate", str(tmp_path / "x.npz"), "-o", str(output)]
    assert cli.main([*command, "--report", str(told), "--percentile", "99.99"]) == 0
    printed = capsys.readouterr().out
    assert "report: 64 calibration samples, compared with onnxruntime" in printed
    assert "same class in" in printed and "conv2d_1" in printed and " dB" in printed
    other = tmp_path / "b.html"
    model = fqt.convert(path, calibrate=samples(), percentile=99.99, report=other)
    assert model.to_bytes() == output.read_bytes()
    assert other.read_text() == told.read_text()
    with pytest.raises(FileNotFoundError):
        fqt.convert(path, calibrate=samples(), report=tmp_path / "none" / "a.html")
    with pytest.raises(ValueError, match="percentile must be above 50"):
        fqt.convert(path, calibrate=samples(), percentile=20)
    with pytest.raises(ValueError, match="leave percentile off"):
        fqt.convert(tflite_file(tmp_path, "int8"), percentile=99)


class Tags(html.parser.HTMLParser):
    """Whether all that opens closes, and what would be fetched."""

    def __init__(self):
        super().__init__()
        self.open, self.fetched, self.texts = [], [], []

    def handle_starttag(self, tag, attrs):
        self.fetched += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.fetched += [value for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data.strip())


def test_the_page_is_whole_and_fetches_nothing(tmp_path):
    made = conversion(onnx_file(tmp_path), samples(8))
    made.model.name = "<b>&"
    text = page(report_on(made, samples(8), ("a < b",)))
    tags = Tags()
    tags.feed(text)
    assert not tags.open and not tags.fetched
    assert "<script" not in text and "http" not in text and "<b>" not in text
    assert "a < b" in tags.texts and "conv2d_1" in tags.texts
    assert any("8 samples gave the int8 ranges" in one for one in tags.texts)
    assert text.count("<rect") == 3


def test_a_runtime_that_does_not_run_the_source_is_told(monkeypatch):
    """Runtimes raise exceptions of their own kinds."""

    class OwnError(Exception):
        pass

    def fails(network):
        raise OwnError("a tensor\nis there twice")

    monkeypatch.setitem(runtimes.RUNTIMES, ".onnx", (fails, "onnxruntime"))
    told = runtimes.runtime_of(SimpleNamespace(source=".onnx"))
    assert told == "onnxruntime does not run the source: a tensor is there twice"


def test_a_network_that_onnxruntime_does_not_optimise_is_run_as_it_is(monkeypatch):
    onnxruntime = pytest.importorskip("onnxruntime")
    made = []

    class Session(onnxruntime.InferenceSession):
        def __init__(self, data, options, **arguments):
            made.append(options.graph_optimization_level)
            if len(made) == 1:
                raise onnxruntime.capi.onnxruntime_pybind11_state.Fail("twice")
            super().__init__(data, options, **arguments)

    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    b = OnnxBuilder((1, 4))
    session = runtimes.onnx_session(b.bytes(b.dense("x", 3, 4)))
    assert len(session.get_outputs()) == 1
    assert made[1] == onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
