"""Frames as a hand-held camera sees them: 48 x 48 pixels, grey, from a wider picture that it is
pointed at, nearer or farther, tilted, in other light, with noise.

Two kinds of pictures: drawn shapes, which the frozen layers learn from, and parts of two
photographs that scikit-learn brings, which are the objects (README.md says whose they are).
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from sklearn.datasets import load_sample_image

SIZE = 48
SHAPES = "disc", "square", "triangle", "cross", "ring", "stripes"
# The photograph, and where in it the object's middle is and how wide it is: row, column, pixels.
OBJECTS = {
    "roof": ("china.jpg", 85, 208, 230),
    "gallery": ("china.jpg", 305, 210, 250),
    "tree": ("china.jpg", 270, 590, 230),
    "dahlia": ("flower.jpg", 222, 307, 290),
}


def shape(kind: str, rng) -> np.ndarray:
    """A drawn one, float [96][96] in 0 to 1, on a ground of another grey."""
    y, x = np.mgrid[-1:1:96j, -1:1:96j]
    radius = np.hypot(x, y)
    inside = {
        "disc": radius < 0.5,
        "square": np.maximum(abs(x), abs(y)) < 0.45,
        "triangle": (y < 0.4) & (y > 2 * abs(x) - 0.6),
        "cross": (np.minimum(abs(x), abs(y)) < 0.17) & (np.maximum(abs(x), abs(y)) < 0.55),
        "ring": (radius < 0.55) & (radius > 0.3),
        "stripes": (np.sin(4 * np.pi * (x + 0.125)) > 0) & (np.maximum(abs(x), abs(y)) < 0.55),
    }[kind]
    ground, ink = rng.uniform(0, 1), rng.uniform(0, 1)
    while abs(ground - ink) < 0.3:
        ground, ink = rng.uniform(0, 1), rng.uniform(0, 1)
    return np.where(inside, ink, ground)


def photograph(name: str) -> np.ndarray:
    """Grey, float [rows][columns] in 0 to 1."""
    return load_sample_image(name) @ np.array([0.299, 0.587, 0.114]) / 255


def seen(picture: np.ndarray, middle: tuple[float, float], width: float, rng) -> np.ndarray:
    """A frame, uint8 [SIZE][SIZE][1]: the camera is pointed at the middle, in rows and columns,
    roughly, and sees about so many pixels of the picture."""
    across = width * rng.uniform(0.75, 1.5)
    angle = rng.normal(0, 0.25)
    row, column = (place + rng.normal(0, 0.1) * width for place in middle)
    steps = (np.arange(SIZE) - (SIZE - 1) / 2) * (across / SIZE)
    y, x = np.meshgrid(steps, steps, indexing="ij")
    rows = row + np.cos(angle) * y + np.sin(angle) * x
    columns = column - np.sin(angle) * y + np.cos(angle) * x
    # What lies between two of its pixels it sees too.
    smooth = gaussian_filter(picture, across / SIZE / 2)
    frame = map_coordinates(smooth, [rows, columns], order=1, mode="reflect")
    light = rng.uniform(0.4, 1.3) * (1 + rng.uniform(-0.3, 0.3) * x / across * 2)
    frame = np.clip(frame * light, 0, 1) ** rng.uniform(0.7, 1.4)
    frame = gaussian_filter(frame, rng.uniform(0, 0.8)) + rng.normal(0, 0.03, frame.shape)
    return np.round(np.clip(frame, 0, 1) * 255).astype(np.uint8)[..., None]


def shapes(rng, each: int) -> tuple[np.ndarray, np.ndarray]:
    """Frames of drawn shapes, so many of each: uint8 [n][SIZE][SIZE][1], labels [n]."""
    labels = rng.permutation(np.repeat(np.arange(len(SHAPES)), each))
    frames = [seen(shape(SHAPES[label], rng), (48, 48), 70, rng) for label in labels]
    return np.array(frames), labels


def objects(rng, each: int) -> tuple[np.ndarray, np.ndarray]:
    """Frames of the objects, in rounds in each of which all are seen once: the same."""
    pictures = {name: photograph(name) for name, *_ in OBJECTS.values()}
    labels = np.concatenate([rng.permutation(len(OBJECTS)) for _ in range(each)])
    frames = []
    for label in labels:
        name, row, column, width = list(OBJECTS.values())[label]
        frames.append(seen(pictures[name], (row, column), width, rng))
    return np.array(frames), labels
