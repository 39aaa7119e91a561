"""The files by which the host and MicroPython exchange a run: a folder on the host, which a board
has mounted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fqt.reference.fixed import float_bits
from fqt.trainer.job import Job, State, loop_job

TYPES = {"uint8": "B", "int8": "b", "int16": "h", "float32": "f"}
HERE = Path(__file__).parent
# Where the current folder is the host's, a board no longer looks into its own.
WHERE_MODULES_LIE = "import sys\nsys.path += ['/', '/flash']\n"


@dataclass(frozen=True)
class Exchange:
    """Files of one run in a folder."""

    folder: Path

    def take(self, name: str | None) -> bytes | None:
        """A checkpoint that the device saved, which is removed; None when there is none."""
        if name is None:
            return None
        path = self.folder / name
        data = path.read_bytes()
        path.unlink()
        return data

    @property
    def script(self) -> Path:
        return self.folder / "run.py"

    @property
    def model(self) -> Path:
        return self.folder / "model.fqt"

    @property
    def samples(self) -> Path:
        return self.folder / "fqt_samples.bin"

    @property
    def _job(self) -> Path:
        return self.folder / "job.json"

    def read_samples_at(self, path: str) -> None:
        """Let the device read the samples from a place of its own."""
        described = json.loads(self._job.read_text())
        self._job.write_text(json.dumps(described | {"data": path}))

    def stop(self) -> None:
        """Ask the device to end after the piece at which it is."""
        (self.folder / "stop").touch()

    def write(self, job: Job, state: State, gives: str = "") -> None:
        """What the device reads. gives: what it tells of each sample (class, numbers,
        loss, or times); "": it trains."""
        samples = samples_bytes(job)
        self.model.write_bytes(job.model.to_bytes())
        self.samples.write_bytes(samples)
        if state.checkpoint:
            (self.folder / "checkpoint.fqt").write_bytes(state.checkpoint)
        options = job.options
        described = {
            **loop_job(job, state, [float_bits(rate) for rate in job.rates()]),
            "gives": gives,
            "trains": any(layer.trainable for layer in job.model.layers),
            "model": self.model.name,
            "data": self.samples.name,
            "checkpoint": "checkpoint.fqt" if state.checkpoint else None,
            "saved": "saved",
            "stop": "stop",
            "master": job.master,
            "type": TYPES[device_samples(job).dtype.name],
            "elements": int(np.prod(job.x.shape[1:])),
            "targets": _targets(job),
            "pixels": job.model.pixels if job.model.is_pixelwise else 0,
            "sample_bytes": len(samples) // len(job.x),
            "update_rate": [float_bits(rate) for rate in options.update_rate],
            "weight_decay": float_bits(options.weight_decay_float32),
            "sample_updates": options.sample_updates,
            "standardize": options.standardize,
        }
        self._job.write_text(json.dumps(described))
        parts = [(HERE / name).read_text() for name in ("loop.py", "device.py")]
        self.script.write_text("".join([WHERE_MODULES_LIE, *parts, 'main("job.json", train)\n']))


def _targets(job: Job) -> int:
    """Of each sample: -1 a label, else so many numbers."""
    if job.y is None or job.model.is_pixelwise:
        return 0
    return -1 if job.y.ndim == 1 else job.y.shape[1]


def device_samples(job: Job) -> np.ndarray:
    """The samples in a type that MicroPython's arrays have."""
    return job.x if job.x.dtype.name in TYPES else job.x.astype(np.float32)


def samples_bytes(job: Job) -> bytes:
    """Each sample with its label or targets behind it."""
    x = np.ascontiguousarray(device_samples(job)).reshape(len(job.x), -1)
    x = x.astype(x.dtype.newbyteorder("<"))
    rows = [np.frombuffer(x.tobytes(), np.uint8).reshape(len(x), -1)]
    if job.y is not None:
        one = "<u2" if job.y.ndim == 1 else "u1" if job.model.is_pixelwise else "<f4"
        y = job.y.astype(one)
        rows.append(np.frombuffer(y.tobytes(), np.uint8).reshape(len(y), -1))
    return np.concatenate(rows, axis=1).tobytes()
