"""Numbers in the user's units: the core and the reference take and return the same bits, which are
those of real arithmetic but for their rounding."""

import array
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fqt.model_file import ModelFile
from fqt.reference import Network, maps
from fqt.run import core
from models import Layer, random_model, with_maps

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
USUAL = st.floats(-(2.0**20), 2.0**20, width=32)
SCALES = st.one_of(st.floats(2.0**-20, 2.0**20, width=32), st.floats(2.0**-64, 2.0**64, width=32))
UNITS = [(0.0, 1.0), (350000.0, 120000.0), (1013.25, 9.5), (1e-5, 3e-6), (-0.5, 2.0**-20)]


def model_of(row, loss="mean_squared_error", input_type="int8"):
    """One channel and one output, both with the same row."""
    model = random_model([Layer("dense", 1)], (1, 1, 1), 2, input_type, loss=loss)
    model.input_map = np.array([row], np.float32)
    model.output_map = np.array([row], np.float32)
    return ModelFile.from_bytes(model.to_bytes())


def both(model):
    return core.Model(model), Network(model)


def target_of(kind, number):
    """What a model takes a target for; None when it refuses it."""
    try:
        if isinstance(kind, Network):
            return kind._loss(np.zeros(1, np.int64), number)[1].tolist()
        return (-kind._wanted(None, np.float32([number]), 1)[1].ravel()).tolist()
    except ValueError as error:
        assert "within 16383 scales" in str(error)
        return None


@given(st.one_of(FLOATS, USUAL), st.one_of(FLOATS, USUAL), SCALES)
def test_core_and_reference_take_and_return_the_same_bits(number, offset, scale):
    fast, reference = both(model_of((offset, scale)))
    x = np.float32([number])
    assert fast.quantize_input(x) == reference.quantize_input(x)
    assert fast.clipped == reference.clipped
    assert target_of(fast, number) == target_of(reference, number)


@given(st.integers(-(2**30), 2**30), st.one_of(FLOATS, USUAL), SCALES)
def test_outputs_are_the_same_bits(z, offset, scale):
    fast, reference = both(model_of((offset, scale)))
    of_core = fast._real_outputs(np.array([z]))
    assert of_core == reference._real_outputs(np.array([z]))
    assert np.float32(of_core[0]) == of_core[0]


@given(st.integers(-(2**30), 2**30), USUAL, SCALES)
def test_an_output_is_the_real_number_but_for_its_rounding(z, offset, scale):
    exact = Fraction(z, 65536) * Fraction(scale) + Fraction(offset)
    said = Fraction(maps.output(z, (offset, scale)))
    terms = abs(Fraction(z, 65536) * Fraction(scale)) + abs(Fraction(offset))
    assert abs(said - exact) <= abs(exact) / 2**24 + terms / 2**22 * Fraction(1, 2**6)


@pytest.mark.parametrize("row", UNITS)
def test_targets_and_outputs_are_inverse(row):
    """To 2^-16 of a scale, and the precision of float32."""
    offset, scale = (float(np.float32(number)) for number in row)
    rng = np.random.default_rng(1)
    numbers = (rng.normal(0, 2, 1000) * scale + offset).astype(np.float32)
    for number in numbers.tolist():
        z = maps.target(number, (offset, scale))
        assert abs(z / 65536 - (number - offset) / scale) <= 2.0**-17 + 1e-9
        back = maps.output(z, (offset, scale))
        assert abs(back - number) <= scale * 2.0**-17 + abs(number) * 2.0**-23


@given(FLOATS, st.sampled_from([2.0**k for k in (-40, -10, -1, 3, 25)]), SCALES)
def test_scaling_by_a_power_of_two_changes_no_bit(offset, factor, scale):
    """What is stored and computed with other units is the same, but for exponents."""
    number = np.float32(offset + scale)
    with np.errstate(over="ignore"):  # looked at below
        scaled = [np.float32(value) * np.float32(factor) for value in (number, offset, scale)]
    if not all(value == 0 or 2.0**-100 < abs(value) < 2.0**100 for value in (*scaled, offset)):
        return
    if not 2.0**-64 <= scaled[2] <= 2.0**64:
        return
    before = maps.target(float(number), (offset, scale))
    assert maps.target(float(scaled[0]), (float(scaled[1]), float(scaled[2]))) == before


@pytest.mark.parametrize("kind", [core.Model, Network])
@pytest.mark.parametrize("input_type", ["int8", "uint8"])
def test_forms_of_samples_mean_the_same(kind, input_type):
    """float32, int16 and, of models that take bytes, uint8; int8 samples are quantized."""
    model = with_maps(random_model([Layer("dense", 2)], (2, 2, 3), 3, input_type))
    net = kind(model)
    values = np.random.default_rng(1).integers(0, 256, 12)
    want = net.quantize_input(values.astype(np.float32)).tolist()
    assert net.quantize_input(values.astype(np.int16)).tolist() == want
    assert net.quantize_input(np.int8(want)).tolist() == want
    scores = net.scores(values.astype(np.float32))
    assert net.scores(array.array("h", values.tolist())) == scores
    assert net.scores(array.array("f", values.tolist())) == scores
    assert net.scores(array.array("b", want)) == scores
    if input_type == "uint8":
        assert net.scores(values.astype(np.uint8)) == net.scores(bytes(values.tolist())) == scores
    else:
        assert net.scores(bytes(value & 0xFF for value in want)) == scores
        with pytest.raises(ValueError, match="int8 or float, not uint8"):
            net.scores(values.astype(np.uint8))
    for dtype in (np.int32, np.uint16):
        with pytest.raises(ValueError, match="with a map of the input: int16 too"):
            net.scores(values.astype(dtype))


def test_many_samples_are_quantized_as_one_is():
    model = with_maps(random_model([Layer("dense", 2)], (2, 2, 3), 3, "int8"))
    x = np.random.default_rng(1).normal(0, 300, (9, 12)).astype(np.float32)
    fast, reference = both(model)
    many = fast.quantize_inputs(x)
    clipped = fast.clipped
    assert 0 < clipped < 1
    assert many.tolist() == [reference.quantize_input(sample).tolist() for sample in x]
    shares = []
    for sample in x:
        reference.quantize_input(sample)
        shares.append(reference.clipped)
    assert clipped == pytest.approx(np.mean(shares))
    whole = np.round(x)
    assert (fast.quantize_inputs(whole.astype(np.int16)) == fast.quantize_inputs(whole)).all()


@pytest.mark.parametrize("kind", [core.Model, Network])
@pytest.mark.parametrize("row", UNITS)
def test_the_outputs_map_is_set_and_saved(kind, row):
    plain = random_model([Layer("dense", 2)], (1, 1, 3), 3, "int8", loss="mean_squared_error")
    net = kind(with_maps(plain))
    net.map_output(*row, 1)
    first, second = np.float32(net.to_model_file().output_map)
    assert second.tolist() == np.float32(row).tolist()
    assert first.tolist() == net.model.output_map[0].tolist()
    x = np.int8([1, 2, 3])
    want = maps.output(int(net.logits(x)[1]), tuple(np.float32(row).tolist()))
    assert net.scores(x)[1] == want
    again = kind(net.to_bytes(checkpoint=False))
    assert again.scores(x) == net.scores(x)
    untouched = kind(net.model)
    assert untouched.scores(x)[1] != want
    untouched.restore(net.to_bytes(checkpoint=True))
    assert untouched.scores(x) == net.scores(x)


@pytest.mark.parametrize("kind", [core.Model, Network])
def test_a_wrong_row_is_refused(kind):
    net = kind(model_of((5.0, 2.0)))
    before = net.to_bytes()
    for arguments, said in (
        ((np.nan, 1.0), "offset must be a finite number"),
        ((np.inf, 1.0), "offset must be a finite number"),
        ((0.0, 0.0), "scale must be 2"),
        ((0.0, -1.0), "scale must be 2"),
        ((0.0, 2.0**65), "scale must be 2"),
        ((0.0, np.nan), "scale must be a finite number"),
        ((0.0, 1.0, 1), "output must be a whole number"),
        ((0.0, 1.0, -1), "output must be a whole number"),
    ):
        with pytest.raises(ValueError, match=said):
            net.map_output(*arguments)
        assert net.to_bytes() == before
    unmapped = kind(random_model([Layer("dense", 1)], (1, 1, 1), 2, loss="mean_squared_error"))
    with pytest.raises(ValueError, match="no map of its outputs"):
        unmapped.map_output(0.0, 1.0)


@pytest.mark.parametrize("kind", [core.Model, Network])
def test_an_output_with_units_is_no_autoencoder(kind):
    with pytest.raises(ValueError, match="a target is needed: the outputs have a map"):
        kind(model_of((5.0, 2.0))).loss_for(np.int8([1]), None)


def test_maps_take_memory_only_where_they_are():
    plain = random_model([Layer("dense", 5)], (2, 2, 3), 3, loss="mean_squared_error")
    assert core.Model(with_maps(plain)).memory == core.Model(plain).memory + 8 * (3 + 5)
