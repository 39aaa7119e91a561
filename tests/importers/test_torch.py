"""Modules and exported programs of PyTorch, converted, against PyTorch on the same samples. Where
PyTorch is not installed (`make pytorch` brings it) these are left out."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from fqt import convert
from fqt.cli import main
from fqt.importers.convert import read_source
from fqt.importers.to_float import to_float
from fqt.run import core

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")
nn = torch.nn


def image_network():
    torch.manual_seed(1)
    layers = [nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(4, 6, 3), nn.ReLU(), nn.Flatten(), nn.Dropout(0.5), nn.Linear(24, 5)]
    net = nn.Sequential(*layers)
    net(torch.randn(16, 1, 8, 8))  # running means that are not 0
    return net, (1, 8, 8)


def dense_network():
    torch.manual_seed(2)
    return nn.Sequential(nn.Linear(7, 9), nn.Tanh(), nn.Linear(9, 3)), (7,)


class Recurrent(nn.Module):
    """Layers over 60 steps of 2 numbers, of which a linear one reads the last."""

    def __init__(self, kind, layers=1):
        super().__init__()
        torch.manual_seed(3)
        self.steps = kind(2, 16, layers, batch_first=True)
        self.classes = nn.Linear(16, 4)

    def forward(self, x):
        return self.classes(self.steps(x)[0][:, -1])


def two_grus():
    return Recurrent(nn.GRU, 2), (60, 2)


def samples_of(shape, count=40):
    return np.random.default_rng(1).normal(size=(count, *shape)).astype(np.float32)


def outputs_of(net, x):
    modes = net.training
    net.eval()
    with torch.no_grad():
        outputs = net(torch.from_numpy(x)).numpy()
    net.train(modes)
    return outputs


@pytest.mark.parametrize("make", [image_network, dense_network, two_grus])
def test_a_module_has_pytorch_s_numbers(make):
    net, shape = make()
    x = samples_of(shape)
    modes = [part.training for part in net.modules()]
    network = read_source(net, calibrate=x)
    assert [part.training for part in net.modules()] == modes
    wanted = outputs_of(net, x)
    given = to_float(network).forward(network.arrange(x)).reshape(wanted.shape)
    assert np.abs(given - wanted).max() <= 1e-5 * np.abs(wanted).max()
    model = convert(net, calibrate=x, trainable="last:1", loss="softmax_cross_entropy")
    assert model.name == type(net).__name__ and model.layers[-1].trainable


@pytest.mark.parametrize("dynamo", [True, False])
def test_grus_of_both_exporters(dynamo, tmp_path):
    net, shape = two_grus()
    x = samples_of(shape)
    path = str(tmp_path / "grus.onnx")
    one = torch.from_numpy(x[:1])
    torch.onnx.export(net.eval(), (one,), path, external_data=False, dynamo=dynamo)
    network = read_source(path)
    assert [node.kind for node in network.nodes] == ["gru", "gru", "dense"]
    wanted = outputs_of(net, x)
    given = to_float(network).forward(network.arrange(x)).reshape(wanted.shape)
    assert np.abs(given - wanted).max() <= 1e-5 * np.abs(wanted).max()


def waves(count, seed):
    """A noisy wave of one of four frequencies, [samples][steps][2]: which?"""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, count)
    turns = (0.04 + 0.03 * y[:, None]) * np.arange(60) + rng.uniform(0, 1, (count, 1))
    x = np.stack([np.sin(2 * np.pi * turns), np.cos(2 * np.pi * turns)], axis=2)
    return (x + rng.normal(0, 0.7, x.shape)).astype(np.float32), y


@pytest.mark.slow
@pytest.mark.parametrize("layers", [1, 2])
def test_a_trained_gru_keeps_its_classes_in_int8(layers):
    """Over 60 steps: at least 99 of 100 samples are of the class that PyTorch says."""
    net = Recurrent(nn.GRU, layers)
    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    x, y = (torch.from_numpy(array) for array in waves(600, 1))
    for step in range(150):
        rows = slice(step * 64 % 576, step * 64 % 576 + 64)
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x[rows]), y[rows]).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
    samples, labels = waves(1000, 2)
    classes = outputs_of(net, samples).argmax(axis=1)
    model = convert(net, calibrate=x.numpy(), trainable="last:1", loss="softmax_cross_entropy")
    ours = core.Model(model).predict_many(samples.reshape(-1, 1, 60, 2))
    assert (classes == labels).mean() > 0.9
    assert (ours == classes).mean() >= 0.99


def test_an_exported_program_and_its_file(tmp_path, capsys):
    net, shape = image_network()
    x = samples_of(shape)
    program = torch.export.export(net.eval(), (torch.from_numpy(x[:1]),))
    path = tmp_path / "net.pt2"
    torch.export.save(program, path)
    np.savez(tmp_path / "x.npz", x=x)
    of_program = convert(program, calibrate=x)
    output = tmp_path / "net.fqt"
    arguments = [str(path), "--trust", "--calibrate", str(tmp_path / "x.npz"), "-o", str(output)]
    assert main(["convert", *arguments]) == 0
    assert "onnxruntime" in capsys.readouterr().out
    of_file = type(of_program).read(output)
    for one, other in zip(of_program.layers, of_file.layers, strict=True):
        assert np.array_equal(one.weights, other.weights)


class RunsCode:
    """What makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_program_s_file_runs_no_code_without_trust(tmp_path, capsys):
    net, shape = image_network()
    program = torch.export.export(net.eval(), (torch.from_numpy(samples_of(shape, 1)),))
    good, bad, trace = tmp_path / "good.pt2", tmp_path / "bad.pt2", tmp_path / "it_ran"
    torch.export.save(program, good)
    pickled = io.BytesIO()
    torch.save(RunsCode(trace), pickled)
    replaced = 0
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            is_sample = "/sample_inputs/" in name
            replaced += is_sample
            target.writestr(name, pickled.getvalue() if is_sample else source.read(name))
    assert replaced == 1
    assert main(["convert", str(bad)]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "--trust" in said and "torch.onnx.export" in said
    assert not trace.exists()
    main(["convert", str(bad), "--trust"])
    assert trace.exists()  # so the file does what the refusal is for


def test_what_cannot_be_taken_is_one_line(tmp_path, capsys):
    net, shape = image_network()
    x = samples_of(shape)
    with pytest.raises(ValueError, match="calibrate=x"):
        convert(net)

    class Branches(nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    with pytest.raises(ValueError, match="PyTorch cannot write the network as ONNX"):
        convert(Branches(), calibrate=x)
    torch.save(net.state_dict(), tmp_path / "weights.pt")
    assert main(["convert", str(tmp_path / "weights.pt")]) == 1
    assert "torch.export.save" in capsys.readouterr().err
    program = torch.export.export(net.eval(), (torch.from_numpy(x[:1]),))
    path = tmp_path / "net.pt2"
    torch.export.save(program, path)
    data = path.read_bytes()
    for damaged in (b"", data[:100], data[: len(data) // 2], data[:-30], b"hello" * 50):
        path.write_bytes(damaged)
        assert main(["convert", str(path), "--trust"]) == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and "torch.export.save" in said
    assert not (tmp_path / "net.fqt").exists()
