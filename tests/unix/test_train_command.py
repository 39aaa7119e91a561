"""`fqt train` and `fqt eval` in the places of this machine: the same bytes everywhere, also of a
run that was stopped or killed, and what they say of what does not fit."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

import fqt
from fqt import core
from fqt.cli import main
from fqt.options import Options
from fqt.samples.sources import Samples
from fqt.trainer import kept
from fqt.trainer.job import Job, State, job_data
from fqt.trainer.on_desk import Desk
from fqt.trainer.report import moved
from fqt.trainer.run import train
from fqt.trainer.timing import times_on
from fqt.trainer.where import place_of
from models import Layer, random_model

SAMPLES = 60


def labelled(model, count=SAMPLES, seed=1):
    """The lighter a sample, the greater its label."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, model.outputs, count)
    x = rng.integers(0, 120, (count, *model.input_shape)) + 40 * y[:, None, None, None]
    return Samples(x.astype(np.uint8), y)


def with_targets(model, kind, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 0.3, (SAMPLES, *model.input_shape)).astype(kind)
    return Samples(x, rng.normal(0, 1, (SAMPLES, model.outputs)).astype(np.float32))


@pytest.fixture(scope="module")
def numbers_model():
    layers = [Layer("dense", 5), Layer("dense", 2)]
    return random_model(layers, (1, 4, 1), input_type="int8", loss="mean_squared_error")


def last_checkpoint(place, job, state=State(), is_stopped=lambda: False):  # noqa: B008
    states = []
    place_of(place).train(job, state, states.append, is_stopped)
    return states[-1]


@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize(
    "options", [Options(), Options((0.25, 0.7), sample_updates=True, weight_decay=0.01)]
)
def test_all_places_train_to_the_same_bytes(small_model, batch, options):
    x, y = job_data(small_model, labelled(small_model))
    job = Job(small_model, x, y, batch=batch, epochs=2, options=options, schedule="cosine")
    trained = {place: last_checkpoint(place, job) for place in ("core", "reference", "unix")}
    assert len({state.checkpoint for state in trained.values()}) == 1
    assert {(state.epoch, state.position) for state in trained.values()} == {(1, SAMPLES)}


def test_a_class_at_each_place(tmp_path, capsys):
    """The same bytes and scores in all places; the command counts pixels that have a label."""
    layers = [Layer("conv2d", 4, (3, 3), (1, 1), (1, 1, 1, 1)), Layer("conv2d", 2)]
    model = random_model(layers, (4, 3, 1), loss="pixelwise_cross_entropy")
    rng = np.random.default_rng(1)
    x = rng.integers(0, 256, (SAMPLES, 4, 3, 1)).astype(np.uint8)
    y = (x[..., 0] > 128).astype(np.uint8)
    y[:, 0] = 255
    model.write(tmp_path / "pixels.fqt")
    np.savez(tmp_path / "pixels.npz", x=x, y=y)
    job = Job(model, *job_data(model, Samples(x, y)), epochs=3, lr=0.1)
    trained = {place: last_checkpoint(place, job) for place in ("core", "reference", "unix")}
    assert len({state.checkpoint for state in trained.values()}) == 1
    scores = []
    for place in ("core", "unix"):
        command = ["eval", str(tmp_path / "pixels.fqt"), str(tmp_path / "pixels.npz"), "--json"]
        assert main([*command, "--on", place]) == 0
        scores.append(json.loads(capsys.readouterr().out))
    assert scores[0]["value"] == scores[1]["value"]
    assert np.sum(scores[0]["confusion"]) == SAMPLES * 9
    command = ["train", str(tmp_path / "pixels.fqt"), str(tmp_path / "pixels.npz"), "--lr", "0.1"]
    assert main([*command, "--epochs", "5", "-o", str(tmp_path / "trained.fqt")]) == 0
    after = core.Model((tmp_path / "trained.fqt").read_bytes()).evaluate((x, y))
    assert after > scores[0]["value"] + 0.2
    capsys.readouterr()
    np.savez(tmp_path / "pixels.npz", x=x, y=y[:, 0])
    assert main(command) == 1
    assert "the labels of 12 pixels" in capsys.readouterr().err


def test_a_run_is_what_fit_does_on_a_device(small_model, unix_port, tmp_path):
    samples = labelled(small_model)
    (tmp_path / "model.fqt").write_bytes(small_model.to_bytes())
    (tmp_path / "x").write_bytes(samples.x.tobytes())
    (tmp_path / "y").write_bytes(samples.y.astype(np.uint8).tobytes())
    (tmp_path / "scripts").mkdir()
    script = tmp_path / "scripts" / "fit.py"
    script.write_text(
        "import fqt\nnet = fqt.Model('model.fqt')\n"
        "data = open('x', 'rb').read(), open('y', 'rb').read()\n"
        "for _ in fqt.fit(net, data, epochs=3, lr=0.02):\n    pass\n"
        "net.save('trained.fqt', checkpoint=True)\n"
    )
    unix_port.run(script)
    job = Job(small_model, *job_data(small_model, samples), epochs=3, lr=0.02)
    assert last_checkpoint("unix", job).checkpoint == (tmp_path / "trained.fqt").read_bytes()


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_targets_and_inputs_as_targets_train_alike(numbers_model, kind):
    model = numbers_model
    job = Job(model, *job_data(model, with_targets(model, kind)), epochs=2)
    assert last_checkpoint("core", job).checkpoint == last_checkpoint("unix", job).checkpoint
    layers = [Layer("dense", 3), Layer("dense", 4)]
    shape = (1, 4, 1)
    encoder = random_model(layers, shape, input_type="int8", loss="mean_squared_error")
    data = job_data(encoder, with_targets(encoder, kind), reconstruct=True)
    job = Job(encoder, *data, epochs=2)
    assert last_checkpoint("core", job).checkpoint == last_checkpoint("unix", job).checkpoint


@pytest.mark.parametrize("first", ["core", "unix"])
def test_a_run_that_is_stopped_goes_on_in_another_place(small_model, first):
    """After its first piece, and again and again after those that follow."""
    x, y = job_data(small_model, labelled(small_model))
    job = Job(small_model, x, y, batch=4, epochs=2)
    whole = last_checkpoint("core", job)
    places, state = [first, {"core": "unix", "unix": "core"}[first]], State()
    stops = []
    while (state.epoch, state.position) != (1, SAMPLES):
        state = last_checkpoint(places[len(stops) % 2], job, state, lambda: True)
        stops.append((state.epoch, state.position))
    assert state.checkpoint == whole.checkpoint
    assert stops == sorted(set(stops)) and len(stops) == 2 * SAMPLES / 4


def write_data(folder, model, count=SAMPLES):
    samples = labelled(model, count)
    (folder / "m.fqt").write_bytes(model.to_bytes())
    np.savez(folder / "d.npz", x=samples.x, y=samples.y)
    return [str(folder / "m.fqt"), str(folder / "d.npz")]


def test_a_run_that_is_killed_goes_on(small_model, tmp_path):
    arguments = write_data(tmp_path, small_model, 5000)
    arguments += ["--split", "0.1", "--epochs", "20", "-o", str(tmp_path / "out.fqt")]
    progress = kept.path_of(tmp_path / "out.fqt")
    process = subprocess.Popen(
        [sys.executable, "-m", "fqt.cli", "train", *arguments], stdout=subprocess.DEVNULL
    )
    while not progress.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not (tmp_path / "out.fqt").exists()
    assert main(["train", *arguments]) == 1  # a run that was begun is not begun anew in silence
    assert main(["train", *arguments, "--resume"]) == 0
    assert not progress.exists()
    killed = (tmp_path / "out.fqt").read_bytes()
    assert main(["train", *arguments]) == 0
    assert (tmp_path / "out.fqt").read_bytes() == killed


def test_an_interruption_keeps_what_was_learnt(small_model, tmp_path):
    output = tmp_path / "out.fqt"
    job = Job(small_model, *job_data(small_model, labelled(small_model)), epochs=3)

    class Silent:
        def begins(self, *_): ...
        def is_at(self, state): ...
        def has_ended(self, epoch): ...

    result = train(job, Desk("core"), output, None, Silent(), lambda: True)
    assert not result.is_whole and 0 < result.model.step_count < 3 * SAMPLES
    assert core.Model(output.read_bytes()).steps == result.model.step_count
    whole = train(job, Desk("core"), output, None, Silent(), lambda: False, resumes=True)
    assert whole.is_whole and whole.model.step_count == 3 * SAMPLES


@pytest.mark.parametrize("place", ["core", "unix"])
def test_a_run_that_diverges_leaves_its_last_checkpoint(small_model, tmp_path, capsys, place):
    model, data = write_data(tmp_path, small_model, 3000)
    output = tmp_path / "out.fqt"
    arguments = [model, data, "--split", "0.1", "-o", str(output), "--lr", "2", "--on", place]
    assert main(["train", *arguments]) == 1
    said = capsys.readouterr().err
    assert "diverged" in said and said.count("\n") == 1
    if "out.fqt is as of epoch" in said:
        assert core.Model(output.read_bytes()).steps > 0
    assert not kept.path_of(output).exists()


def test_other_settings_do_not_go_on(small_model, tmp_path, capsys):
    arguments = write_data(tmp_path, small_model)
    output = tmp_path / "out.fqt"
    arguments += ["-o", str(output), "--resume"]
    assert main(["train", *arguments]) == 1
    assert "no run to" in capsys.readouterr().err
    job = Job(small_model, *job_data(small_model, labelled(small_model)), epochs=10)
    kept.keep(output, replace(job, lr=0.5, batch=3), State(), [])
    assert main(["train", *arguments]) == 1
    assert "is of a run with another batch, lr" in capsys.readouterr().err
    data = kept.path_of(output).read_bytes()
    for end in range(0, len(data) - 1, 40):
        kept.path_of(output).write_bytes(data[:end])
        assert main(["train", *arguments]) == 1
        assert "is damaged: remove it" in capsys.readouterr().err


def test_evaluation_is_the_same_everywhere(small_model, tmp_path, capsys):
    arguments = write_data(tmp_path, small_model)
    told = {}
    for place in ("core", "reference", "unix"):
        assert main(["eval", *arguments, "--on", place, "--json"]) == 0
        told[place] = json.loads(capsys.readouterr().out)
        del told[place]["on"], told[place]["milliseconds"]
    assert told["core"] == told["reference"] == told["unix"]
    assert np.sum(told["core"]["confusion"]) == SAMPLES
    assert main(["eval", *arguments]) == 0
    assert "seen as" in capsys.readouterr().out


@pytest.mark.parametrize("place", ["core", "unix"])
def test_times_are_measured(small_model, frozen_model, numbers_model, tmp_path, capsys, place):
    for model in (small_model, frozen_model, numbers_model):
        model.write(tmp_path / "m.fqt")
        assert main(["bench", str(tmp_path / "m.fqt"), "--on", place]) == 0
        said = capsys.readouterr().out
        assert f"on {place}: a prediction takes " in said and said.count("\n") == 1
        trains = any(layer.trainable for layer in model.layers)
        assert ("a training step" in said) == trains
        measured = times_on(place_of(place), model)
        assert len(measured.predict) == 20 and min(measured.predict) >= 0
        assert len(measured.step) == 20 * trains
    assert main(["bench", "--on", place]) == 1
    assert "name its file" in capsys.readouterr().err


def test_numbers_are_evaluated(numbers_model, tmp_path, capsys):
    samples = with_targets(numbers_model, "float32")
    (tmp_path / "m.fqt").write_bytes(numbers_model.to_bytes())
    np.savez(tmp_path / "d.npz", x=samples.x, y=samples.y)
    for place in ("core", "unix"):
        assert main(["eval", str(tmp_path / "m.fqt"), str(tmp_path / "d.npz"), "--on", place]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split(",")[0] == lines[1].split(",")[0] and lines[0].startswith("R2 ")


def test_a_report_holds_the_picture_and_what_changed(small_model, numbers_model, tmp_path):
    arguments = write_data(tmp_path, small_model)
    arguments += ["--split", "0.3", "--epochs", "3", "-o", str(tmp_path / "o.fqt")]
    page, picture = tmp_path / "r.html", tmp_path / "r.png"
    arguments += ["--report", str(page), "--picture", str(picture)]
    assert main(["train", *arguments]) == 0
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    text = page.read_text()
    assert 'src="data:image/png;base64,' in text and "http:" not in text
    after = fqt.ModelFile.read(tmp_path / "o.fqt")
    for layer in moved(small_model, after):
        assert layer.name in text and f"{100 * layer.change:.2f} %" in text
        assert 0 < layer.change < 10 and 0 < layer.share <= 1
    assert [layer.change for layer in moved(after, after)] == [0, 0]
    samples = with_targets(numbers_model, "float32")
    np.savez(tmp_path / "n.npz", x=samples.x, y=samples.y)
    numbers_model.write(tmp_path / "n.fqt")
    arguments = [str(tmp_path / "n.fqt"), str(tmp_path / "n.npz"), "-o", str(tmp_path / "o.fqt")]
    for more in ([], ["--test", arguments[1]]):
        assert main(["train", *arguments, *more, "--report", str(page)]) == 0
        assert ("R2 " in page.read_text()) == bool(more)


def test_what_does_not_fit_is_told(small_model, numbers_model, tmp_path, capsys, monkeypatch):
    model, data = write_data(tmp_path, small_model)
    monkeypatch.chdir(tmp_path)
    numbers_model.write("numbers.fqt")
    np.savez("many.npz", x=np.zeros((3, 6, 6, 1), np.uint8), y=[0, 1, 3])
    np.savez("wide.npz", x=np.zeros((3, 6, 7, 1), np.uint8), y=[0, 1, 2])
    np.savez("labels.npz", x=np.zeros((3, 1, 4, 1), np.int8), y=[0, 1, 2])
    np.savez("none.npz", x=np.zeros((0, 6, 6, 1), np.uint8), y=np.zeros(0, int))
    wrong = [
        ([model, data, "--on", "moon"], "--on takes core"),
        ([model, "many.npz"], "labels are 0 to 3, the model has 3 classes"),
        ([model, "wide.npz"], "42"),
        ([model, "none.npz"], "has no samples"),
        (["numbers.fqt", "labels.npz"], "the data has one label a sample"),
        ([model, data, "--lr", "-1"], "lr"),
        ([model, data, "--epochs", "0"], "epochs"),
        ([model, data, "--batch", "0"], "batch"),
        ([model, data, "--test", data, "--split", "0.5"], "not both"),
    ]
    for arguments, text in wrong:
        assert main(["train", *arguments]) == 1
        printed = capsys.readouterr()
        assert text in printed.err and printed.err.count("\n") == 1, arguments
    assert not [name for name in os.listdir() if "trained" in name]
