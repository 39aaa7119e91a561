"""The table of boards, and what is estimated from it: `fqt info MODEL --board`."""

import json
import re
from pathlib import Path

import pytest

from fqt import ModelFile, core
from fqt.boards import cost, fit, memory, report
from fqt.boards.networks import CHECKED, FITTED
from fqt.boards.table import board_of, boards
from fqt.boards.work import passes_of
from fqt.cli import main
from fqt.device import bench
from fqt.device.install import BUILT
from fqt.file.layout import LOSSES
from fqt.kinds import KINDS
from fqt.reference_networks import NETWORKS
from fqt.run.arena import places_in
from models import Layer, random_model

ROOT = Path(__file__).resolve().parents[2]
FIGURES = {
    "clock_mhz": "clock_source",
    "ram_bytes": "ram_source",
    "block_bytes": "ram_source",
    "flash_bytes": "flash_source",
    "volts": "power_source",
    "milliamperes": "power_source",
    "xip_bytes": "xip_source",
    "xip_cycles": "xip_source",
}
COUNTED = ("m4", "m3", "m0p", "m33", "m7")


@pytest.fixture(scope="module")
def cnn28() -> ModelFile:
    return FITTED["cnn28"]()


@pytest.mark.parametrize("key", boards())
def test_each_figure_has_its_source(key):
    board = board_of(key)
    for figure, source in FIGURES.items():
        known = getattr(board, figure) is not None
        assert not known or len(getattr(board, source)) > 10, f"{key}: {figure} has no {source}"
    assert (board.volts is None) == (board.milliamperes is None)
    assert len(board.core.source) > 10
    assert board.architecture in BUILT


def test_there_are_boards_of_all_cores_that_are_common():
    names = {board.core.name for board in boards().values()}
    assert len(boards()) >= 12
    assert {"Cortex-M0+", "Cortex-M4F", "Cortex-M7", "Cortex-M33"} <= names
    assert any("RISC-V" in name for name in names) and any("Xtensa" in name for name in names)


def test_ratios_are_ordered_and_of_cores_that_are_counted():
    assert set(COUNTED) == set(cost.costs()["cores"])
    for board in boards().values():
        least, likely, most = board.core.ratio
        assert 0 < least <= likely <= most
        assert board.core.counted in COUNTED


def test_what_a_shared_bus_costs_is_in_the_estimate_and_its_bounds_in_the_range(cnn28):
    board = board_of("pyboard")
    assert board.core.shares_bus
    counted = cost.costs()["cores"][board.core.counted]
    alone = fit.cycles_of(counted["coefficients"], cnn28)
    for call, told in cost.calls_of(cnn28, board).items():
        least, likely, most = counted["bus"][call]
        assert 1 <= least < likely < most < 2
        assert told.cycles.likely == pytest.approx(alone[call] * likely)
        low, high = counted["range"][call]
        assert told.cycles.least == pytest.approx(alone[call] * low * least)
        assert told.cycles.most == pytest.approx(alone[call] * high * most * board.core.ratio[2])
    assert "share the bus of one RAM: a prediction +" in report.text(cnn28, board)


def test_frozen_weights_in_flash_are_told_where_its_reads_are_known(cnn28):
    frozen = ModelFile.from_bytes(cnn28.to_bytes())
    for layer in frozen.layers[:-1]:
        layer.trainable, layer.low_bytes = False, None
    count = sum(layer.weights.size for layer in frozen.layers[:-1] if layer.has_weights)
    pico = board_of("pico")
    found = cost.flash_of(frozen, pico)
    assert found == cost.Flash(count, count * 7, count * 7 / 125e3, stays=False)
    assert f"{count:,} bytes of frozen weights left in flash: each call" in report.text(
        frozen, pico
    )
    assert report.describe(frozen, pico)["frozen_in_flash"]["count"] == count
    assert cost.flash_of(cnn28, pico) is None  # nothing is frozen
    assert cost.flash_of(frozen, board_of("pyboard")) is None  # not known there


def test_a_core_with_a_model_has_counted_ratios_and_the_range_holds_the_networks():
    """Cycles of a core that a model counts are those of the counted core by such a ratio."""
    ratios = cost.costs()["ratios"]
    derived = {board.core.model: board for board in boards().values() if board.core.model}
    assert set(derived) == set(ratios) <= set(bench.CORES)
    for model, board in derived.items():
        for call in fit.CALLS:
            least, likely, most = ratios[model][call]
            assert 0.5 < least <= likely <= most < 3
            alone = fit.cycles_of(cost.costs()["cores"]["m3"]["coefficients"], NETWORKS["cnn28"]())
            told = cost.calls_of(NETWORKS["cnn28"](), board)[call].cycles
            assert told.likely == pytest.approx(alone[call] * likely * board.core.ratio[1])
            assert told.least < alone[call] * least and told.most > alone[call] * most


def test_unknown_boards_are_refused_with_the_names_of_all(cnn28, tmp_path, capsys):
    path = tmp_path / "cnn28.fqt"
    cnn28.write(path)
    assert main(["info", str(path), "--board", "picco"]) == 1
    said = capsys.readouterr().err
    assert "'picco'" in said and all(key in said for key in boards())


@pytest.mark.parametrize("core_name", COUNTED)
def test_estimates_of_networks_not_fitted_to_are_within_the_range(core_name):
    """CHECKED were counted by `make estimates`; the estimate is made anew here."""
    costs = cost.costs()["cores"][core_name]
    counted = {(row["network"], row["call"]): row["counted"] for row in costs["checked"]}
    for net in CHECKED.values():
        model = net()
        for call, estimated in fit.cycles_of(costs["coefficients"], model).items():
            low, high = costs["range"][call]
            assert low * estimated <= counted[model.name, call] <= high * estimated


@pytest.mark.parametrize("core_name", ["m4", "m0p"])
def test_the_estimate_of_mobile_is_within_the_range_of_what_bench_counted(core_name):
    """It was not fitted to; docs/performance.md has its counts."""
    assert "mobile" not in FITTED
    page = (ROOT / "docs/performance.md").read_text()
    row = re.search(rf"\| mobile \| {core_name} \| ([\d,]+) \| ([\d,]+) \|", page)
    costs = cost.costs()["cores"][core_name]
    estimated = fit.cycles_of(costs["coefficients"], NETWORKS["mobile"]())
    for call, text in zip(("step", "predict"), row.groups(), strict=True):
        low, high = costs["range"][call]
        assert low * estimated[call] <= int(text.replace(",", "")) <= high * estimated[call]


@pytest.mark.parametrize("core_name", COUNTED)
def test_a_range_holds_all_networks_and_is_no_wider_than_told(core_name):
    costs = cost.costs()["cores"][core_name]
    assert fit.range_of(costs["left_out"]) == costs["range"]
    for low, high in costs["range"].values():
        assert 0.6 < low <= 1 <= high < 1.6, "such estimates are of no use"


def test_all_passes_of_all_kinds_have_cycles():
    wanted = {f"forward {kind}" for kind in KINDS_BY_NAME}
    wanted |= {f"error {name}" for name, kind in KINDS.items() if not kind.recurrence}
    wanted |= {f"update {kind}" for kind, has in KINDS_BY_NAME.items() if has}
    for counted in cost.costs()["cores"].values():
        assert wanted <= counted["coefficients"].keys()


KINDS_BY_NAME = {name: kind.weights is not None for name, kind in KINDS.items()}


def test_a_fit_finds_what_cycles_were_made_of(cnn28):
    """Cycles made of known terms come back from the fit; so do those of the whole network."""
    models = [cnn28, FITTED["digits"](), FITTED["motion"]()]
    counted = []
    for model in models:
        passes = passes_of(model)
        cycles = {
            f"{one.name} {one.layer}": 3 * one.counts[0] + 50 * one.counts[1] for one in passes
        }
        forward = sum(cycles[f"forward {layer.name}"] for layer in model.layers)
        layers = len(model.layers)
        cycles |= {"predict": forward + 100 * layers, "step": sum(cycles.values()) + 700 * layers}
        counted.append((model, cycles))
    coefficients = fit.fit(counted)
    assert coefficients["forward conv2d"][:2] == pytest.approx([3, 50], rel=1e-6)
    for model, cycles in counted:
        estimated = fit.cycles_of(coefficients, model)
        assert estimated == pytest.approx({call: cycles[call] for call in fit.CALLS}, rel=1e-6)


def test_frozen_layers_have_no_backward_passes():
    last = ModelFile.from_bytes(FITTED["cnn28"]().to_bytes())
    for layer in last.layers[:-1]:
        layer.trainable, layer.low_bytes = False, None
    names = [(one.name, one.layer) for one in passes_of(last) if one.name != "forward"]
    assert names == [("update", last.layers[-1].name)]


def test_what_is_told_of_a_board(cnn28, tmp_path, capsys):
    path = tmp_path / "cnn28.fqt"
    cnn28.write(path)
    assert main(["info", str(path), "--board", "pico", "--master", "8"]) == 0
    said = capsys.readouterr().out
    needed = core.Model(cnn28, 8).memory
    assert f"{needed:,} model (master=8)" in said and "fits," in said
    assert "a prediction: " in said and "a training step: " in said and " mJ" in said
    assert "estimated: cycles fitted to" in said and "forward" in said and "most lives" in said
    assert main(["info", str(path), "--board", "all"]) == 0
    lines = capsys.readouterr().out.splitlines()[2:]
    assert [line.split()[0] for line in lines] == list(boards())


def test_json_tells_the_same(cnn28, tmp_path, capsys):
    path = tmp_path / "cnn28.fqt"
    cnn28.write(path)
    assert main(["info", str(path), "--board", "all", "--json"]) == 0
    found = {one["board"]["key"]: one for one in json.loads(capsys.readouterr().out)}
    assert list(found) == list(boards())
    pico = found["pico"]
    assert pico["memory"]["left"] == pico["memory"]["ram"] - sum(
        pico["memory"][part] for part in ("model", "module")
    )
    step = pico["calls"]["step"]
    assert step["milliseconds"]["likely"] == pytest.approx(step["cycles"]["likely"] / 125e3)
    assert step["energy"]["least"] == pytest.approx(step["milliseconds"]["least"] * 5 * 0.018)
    assert found["nrf52840"]["calls"]["step"]["energy"] is None
    assert found["esp32s3"]["memory"]["fits"] is None


def test_unknown_figures_are_told_as_unknown(cnn28):
    said = report.text(cnn28, board_of("esp32s3"))
    assert "what the board leaves is unknown" in said and "energy unknown" in said
    with pytest.raises(ValueError, match="RAM ESP32-S3 leaves is unknown"):
        memory.suggestion(cnn28, board_of("esp32s3"), [])


def test_suggestions_for_a_board_fit_it(cnn28, tmp_path, capsys):
    path = tmp_path / "net.fqt"
    cnn28.write(path)
    assert main(["info", str(path), "--suggest", "pico"]) == 0
    assert capsys.readouterr().out.startswith("master=12: ")
    mobile = NETWORKS["mobile"]()
    mobile.write(path)
    assert main(["info", str(path), "--suggest", "pico"]) == 0
    said = capsys.readouterr().out
    if said.startswith("freeze"):
        first = re.search(r"in front of (\w+)", said)[1]
        frozen = ModelFile.from_bytes(mobile.to_bytes())
        for layer in frozen.layers:
            if layer.name == first:
                break
            layer.trainable, layer.low_bytes = False, None
        assert memory.memory_of(frozen, board_of("pico"), 8).fits
    else:
        assert "another board: " in said and "pico2" in said


def test_places_lie_in_the_arena_and_apart(cnn28):
    """Two that live at the same moment never share a byte, and the picture shows the peak."""
    model = core.Model(cnn28, 12)
    places = places_in(model)
    assert max(place.offset + place.size for place in places) < model.memory
    for i, one in enumerate(places):
        for other in places[:i]:
            if one.first <= other.last and other.first <= one.last:
                assert (
                    one.offset + one.size <= other.offset
                    or other.offset + other.size <= one.offset
                )
    names = {place.what for place in places}
    assert {"parameters", "activation input", "outputs"} <= names
    assert {"scratch forward conv2d_1", "scratch backward conv2d_1"} <= names


@pytest.mark.parametrize("loss", LOSSES)
def test_what_lives_always_ends_where_others_begin(loss):
    """Targets and the labels of pixels are among it, and in the lower bound of the memory."""
    layers = [Layer("conv2d", 4), Layer("conv2d", 3)]
    model = core.Model(random_model(layers, (4, 5, 2), loss=loss))
    parameters, *others = places_in(model)
    assert parameters.size == min(place.offset for place in others)
    assert model.memory_bound == model.memory  # of two layers all lives at one moment
