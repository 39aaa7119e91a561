"""What the scripts that test fqt.Replay and fqt.Threshold need beside them, on a port or board."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ports import SCRIPTS

from fqt.samples.replay import replay_choice

FIELD_MODULE = Path(__file__).resolve().parents[1] / "micropython_lib/fqt_field.py"
NORMAL = 1000


def choices() -> str:
    """The samples of tests/device/replaying.py that the host keeps, for seeds 1 and 2: a line
    each."""
    i = np.arange(300)
    x = np.stack([i, i * 7 % 1000, -i, 0 * i + 3], axis=1).astype(np.int16)
    y = np.where(i < 250, i * i % 3, 5)
    kept = (replay_choice(x.reshape(-1, 1, 2, 2), y, 20, seed) for seed in (1, 2))
    return "".join(" ".join(map(str, line.tolist())) + "\n" for line in kept)


def check_replay(port, small_model) -> None:
    port.put("checking.py", (SCRIPTS / "checking.py").read_bytes())
    port.put("small.fqt", small_model.to_bytes())
    port.put("choice.txt", choices().encode())
    assert port.run(SCRIPTS / "replaying.py").count("ok ") == 6


def check_thresholds(port) -> None:
    rng = np.random.default_rng(1)
    losses = rng.lognormal(-2, 0.7, 2 * NORMAL).astype(np.float32)
    losses[NORMAL:] *= 2
    wanted = np.quantile(losses[:NORMAL], (0.5, 0.9, 0.99))
    port.put("checking.py", (SCRIPTS / "checking.py").read_bytes())
    port.put("losses.bin", losses.tobytes())
    port.put("wanted.txt", " ".join(map(str, (NORMAL, *wanted.tolist()))).encode())
    assert port.run(SCRIPTS / "thresholds.py").count("ok ") == 5
