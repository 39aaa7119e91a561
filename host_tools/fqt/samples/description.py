"""What `fqt data` tells of samples: how many, their shape, type and range, and what they are."""

from __future__ import annotations

import numpy as np

from fqt.samples.sources import Samples


def describe(samples: Samples) -> dict:
    """All of it as plain data. classes: how many samples of each label; targets: mean and
    deviation of each."""
    x, y = samples.x, samples.y
    described = {
        "samples": len(x),
        "shape": list(x.shape[1:]),
        "type": str(x.dtype),
        "least": float(x.min()) if x.size else None,
        "greatest": float(x.max()) if x.size else None,
        "damaged": samples.damaged,
    }
    if samples.has_classes:
        named = samples.labels
        described["classes"] = [
            {"label": int(label), "name": named[label] if named else None, "samples": int(count)}
            for label, count in zip(*np.unique(y, return_counts=True), strict=True)
        ]
    elif y.size:
        described["targets"] = [
            {"mean": float(column.mean()), "deviation": float(column.std())}
            for column in y.reshape(len(y), -1).T
        ]
    return described


def text(samples: Samples) -> str:
    """The same for people: one paragraph."""
    told = describe(samples)
    height, width, channels = told["shape"]
    lines = [f"{told['samples']} samples {height}x{width}x{channels} {told['type']}"]
    if told["least"] is not None:
        lines[0] += f", {told['least']:g} to {told['greatest']:g}"
    if told["damaged"]:
        lines[0] += f"; damaged and left out: {told['damaged']}"
    for one in told.get("classes", ()):
        name = f" ({one['name']})" if one["name"] is not None else ""
        lines.append(f"  label {one['label']}{name}: {one['samples']}")
    for number, one in enumerate(told.get("targets", ())):
        lines.append(f"  target {number}: mean {one['mean']:g}, deviation {one['deviation']:g}")
    return "\n".join(lines)
