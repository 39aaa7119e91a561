"""Labels and a note travel with a model."""

import numpy as np
import pytest

from fqt import Dense, ModelFile, ModelFileError, Sequential, core, quantize
from fqt.run import info
from models import Layer, random_model

CALIBRATION = np.random.default_rng(1).random((20, 2, 2, 1), dtype=np.float32)


def net():
    return Sequential([Dense(3)], (2, 2, 1))


def test_they_are_in_the_file_after_training_too():
    model = quantize(net(), CALIBRATION, labels=["ja", "nein", "Äpfel"], note="16 kHz")
    for kept in (model, ModelFile.from_bytes(model.to_bytes())):
        assert (kept.labels, kept.note) == (("ja", "nein", "Äpfel"), "16 kHz")
    trained = core.Model(model)
    trained.train(np.zeros(4, np.uint8), 1)
    for checkpoint in (False, True):
        kept = trained.to_model_file(checkpoint)
        assert (kept.labels, kept.note) == (("ja", "nein", "Äpfel"), "16 kHz")
    shown = info.table(model)
    assert "  labels: ja, nein, Äpfel\n" in shown and "  note: 16 kHz\n" in shown


def test_a_model_without_has_none_and_takes_no_byte_for_it():
    model = quantize(net(), CALIBRATION)
    assert (model.labels, model.note) == ((), "")
    noted = quantize(net(), CALIBRATION, note="abc")
    assert len(noted.to_bytes()) == len(model.to_bytes()) + 8
    assert noted.labels == ("", "", "")
    assert "labels" not in info.table(noted)


def test_they_take_their_bytes_of_ram():
    without = quantize(net(), CALIBRATION)
    labelled = quantize(net(), CALIBRATION, labels=["a", "b", "c"], note="x")
    assert core.Model(labelled).memory == core.Model(without).memory + 8


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"labels": ["a", "b"]}, "labels are a text for each of 3 outputs, not 2 of them"),
        ({"labels": "abc"}, "labels are a text for each of 3 outputs, not 'abc'"),
        ({"labels": ["a", "b", 3]}, "label 2 must be a text that UTF-8 has, without a zero"),
        ({"labels": ["a", "b", "\0"]}, "label 2 must be a text that UTF-8 has, without a zero"),
        ({"note": "\ud800"}, "note must be a text that UTF-8 has, without a zero"),
        ({"note": b"a"}, "note must be a text that UTF-8 has, without a zero"),
        ({"note": "a" * 65532}, "labels and note have no zeros, and at most 65528 bytes together"),
    ],
)
def test_others_are_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        quantize(net(), CALIBRATION, **arguments)


def test_a_model_file_refuses_what_it_does_not_hold():
    model = random_model([Layer("dense", 3)], (2, 2, 1))
    for labels, note in ((("a",), ""), ((), "\0"), (("a", "b", "\0"), "")):
        model.labels, model.note = labels, note
        with pytest.raises(ModelFileError, match="label"):
            model.to_bytes()
