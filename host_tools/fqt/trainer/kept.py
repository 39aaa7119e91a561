"""What a run keeps while it goes, so that one that was stopped, or died, goes on: a file beside
its output."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from fqt.files import write_bytes
from fqt.trainer.job import Job, State


@dataclass(frozen=True)
class Epoch:
    """One that is done. loss: mean over its samples; score: of the test samples, None without."""

    epoch: int
    lr: float
    loss: float
    score: float | None = None


def path_of(output: Path) -> Path:
    return output.with_name(output.name + ".progress")


def keep(output: Path, job: Job, state: State, epochs: list[Epoch]) -> None:
    """Write how far a run is, whole or not at all. Raises OSError."""
    content = {
        "settings": job.settings(),
        "epoch": state.epoch,
        "position": state.position,
        "loss": state.loss,
        "checkpoint": base64.b64encode(state.checkpoint or b"").decode(),
        "epochs": [asdict(epoch) for epoch in epochs],
    }
    write_bytes(path_of(output), json.dumps(content).encode())


def take_up(output: Path, job: Job) -> tuple[State, list[Epoch]]:
    """How far the run to an output was. Raises OSError where none was kept, ValueError when it
    was of other settings, naming them."""
    path = path_of(output)
    try:
        content = json.loads(path.read_bytes())
        settings = content["settings"]
        epochs = [Epoch(**epoch) for epoch in content["epochs"]]
        checkpoint = base64.b64decode(content["checkpoint"]) or None
        state = State(content["epoch"], content["position"], content["loss"], checkpoint)
    except FileNotFoundError:
        raise OSError(f"{path} is not there: no run to {output} was begun and not ended") from None
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path} is damaged: remove it, and begin anew") from None
    now = json.loads(json.dumps(job.settings()))
    other = [name for name in now if settings.get(name) != now[name]]
    if other:
        raise ValueError(
            f"{path} is of a run with another {', '.join(other)}: give what it was begun with, or "
            "remove it to begin anew"
        )
    return state, epochs
