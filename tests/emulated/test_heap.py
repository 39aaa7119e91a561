"""What importing the module leaves of a board's heap: a model finds its memory in one piece, also
when samples were read in between as people read them."""

import pytest

from fqt.emulator import KINDS, Board, module
from fqt.reference_networks import NETWORKS

pytestmark = pytest.mark.slow
CHOSEN = [kind for kind in KINDS if kind.architecture in ("armv6m", "armv7emsp")]
SAMPLES = 24
SCRIPT = """
import fqt
with open('samples', 'rb') as file:
    x = file.read()
net = fqt.Model('cnn28.fqt', master=8)
for i in range({samples}):
    net.train(memoryview(x)[784 * i : 784 * i + 784], i % 10)
print(net.steps, len(x))
"""


@pytest.mark.parametrize("kind", CHOSEN, ids=str)
def test_cnn28_loads_and_trains_behind_19_kb_of_samples(kind, tmp_path):
    board = Board(kind, tmp_path)
    try:
        board.put("fqt.mpy", module(kind.architecture).read_bytes())
        board.put("cnn28.fqt", NETWORKS["cnn28"]().to_bytes())
        board.put("samples", bytes(range(256)) * (784 * SAMPLES // 256))
        script = tmp_path / "heap.py"
        script.write_text(SCRIPT.format(samples=3))
        assert board.run(script).split() == ["3", str(784 * SAMPLES // 256 * 256)]
    finally:
        board.close()
