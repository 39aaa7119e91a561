"""Where the elements of the source's tensors stand in the device's: the one mechanism for all that
moves data without changing it.

Each tensor of the source is a tensor that a layer stores (height, width, channels) and an array,
of the source's shape without the batch, of which of its elements stands where. Reshape and
transpose change that array alone. The network's input takes the shape in which its first reader
wants it.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

import numpy as np

from fqt.importers.graph import refuse

ADVICE = "convert the network with its images in one order, or flatten before a dense layer"


@dataclass(frozen=True)
class Placed:
    """tensor: 0 the input, i the output of layer i. order: int64, the source's shape."""

    tensor: int
    order: np.ndarray


class Placement:
    """All tensors that are placed, by their names in the graph."""

    def __init__(self, name: str, shape: tuple[int, ...], channels_first: bool):
        self.channels_first = channels_first
        self.source_shape = shape[1:]
        self.stored: list[tuple[int, ...]] = [()]  # of the input: empty until it is settled
        self.input_order = np.arange(math.prod(shape))
        self.placed = {name: Placed(0, self.input_order.reshape(self.source_shape))}

    def __getitem__(self, name: str) -> Placed:
        return self.placed[name]

    def add(self, name: str, shape: tuple[int, int, int], like: tuple[int, ...]) -> None:
        """The output of a new layer, an image unless its shape in the source, `like` with its
        batch, says otherwise."""
        self.stored.append(shape)
        order = np.arange(math.prod(shape)).reshape(shape)
        if len(like) == 4 and self.channels_first:
            order = order.transpose(2, 0, 1)
        self.placed[name] = Placed(len(self.stored) - 1, order.reshape(like[1:]))

    def reshape(self, name: str, given: Placed, shape: tuple[int, ...], place: str) -> None:
        if shape[:1] != (1,) or math.prod(shape) != given.order.size:
            refuse(place, f"{given.order.size} elements are not of {shape}", "a batch is 1")
        self.placed[name] = replace(given, order=given.order.reshape(shape[1:]))

    def transpose(self, name: str, given: Placed, axes: tuple[int, ...], place: str) -> None:
        if sorted(axes) != list(range(given.order.ndim + 1)) or axes[0] != 0:
            refuse(place, f"axes {axes} move the batch", ADVICE)
        order = given.order.transpose([axis - 1 for axis in axes[1:]])
        self.placed[name] = replace(given, order=order)

    def image(self, name: str, place: str) -> tuple[int, int, int]:
        """The stored shape of what a window reads. Raises ValueError unless its elements stand as
        the source's image has them."""
        order = self.placed[name].order
        if order.ndim != 3:
            refuse(place, f"it reads {order.ndim} axes, not an image", ADVICE)
        if self.channels_first:
            order = order.transpose(1, 2, 0)
        height, width, channels = order.shape
        if self.placed[name].tensor == 0 and not self.stored[0]:
            self._settle((height, width, channels), order)
        else:
            in_order = np.array_equal(order.ravel(), np.arange(order.size))
            if not in_order or self.stored[self.placed[name].tensor] != order.shape:
                refuse(place, "what it reads is in another order than an image's", ADVICE)
        return height, width, channels

    def steps(self, name: str, place: str) -> tuple[int, int, int]:
        """The stored shape of what goes step by step, [steps][features] in the source."""
        order = self.placed[name].order
        if order.ndim != 2:
            refuse(place, f"it reads {order.ndim} axes, not steps of features", ADVICE)
        steps, features = order.shape
        if self.placed[name].tensor == 0 and not self.stored[0]:
            self._settle((1, steps, features), order)
        height, width, channels = self.stored[self.placed[name].tensor]
        in_order = np.array_equal(self.placed[name].order.ravel(), np.arange(order.size))
        if channels != features or not in_order:
            refuse(place, "the features of a step do not lie together", ADVICE)
        return height, width, channels

    def columns(self, name: str) -> np.ndarray:
        """Of each element in the source's order where it stands in the stored tensor."""
        self.settle()
        return self.placed[name].order.ravel()

    def settle(self) -> None:
        """The input as it is, where no window has said how it wants it."""
        if self.stored[0]:
            return
        order = np.arange(self.input_order.size).reshape(self.source_shape)
        if order.ndim == 3 and self.channels_first:
            order = order.transpose(1, 2, 0)
        elif order.ndim != 3:
            order = order.reshape(1, 1, -1)
        self._settle(order.shape, order)

    def _settle(self, shape: tuple[int, ...], order: np.ndarray) -> None:
        self.stored[0] = shape
        self.input_order = order.ravel().copy()
        inverse = np.empty_like(self.input_order)
        inverse[self.input_order] = np.arange(inverse.size)
        self.placed = {
            name: replace(one, order=inverse[one.order]) if one.tensor == 0 else one
            for name, one in self.placed.items()
        }

    def axes(self, name: str, place: str) -> dict[int, int]:
        """Of each axis of a source's tensor, with more than one element and counted with the
        batch, the stored axis that it is. Raises ValueError when it is none."""
        order = self.placed[name].order
        self.settle()
        order = self.placed[name].order
        stored = self.stored[self.placed[name].tensor]
        long = [axis for axis, extent in enumerate(order.shape) if extent > 1]
        long_stored = [axis for axis, extent in enumerate(stored) if extent > 1]
        whole = np.arange(order.size).reshape([stored[axis] for axis in long_stored])
        for axes in itertools.permutations(range(len(long_stored))):
            moved = whole.transpose(axes)
            if np.array_equal(moved, order.reshape([order.shape[axis] for axis in long])):
                return {axis + 1: long_stored[i] for axis, i in zip(long, axes, strict=True)}
        refuse(place, "the axes of what it reads are mixed", ADVICE)

    def reduced(
        self, name: str, given: str, shape: tuple[int, int, int], like: tuple[int, ...], place: str
    ) -> None:
        """The output of a new layer of stored shape `shape`, whose axes stand as those of what it
        reads; `like`: its shape in the source, with the batch."""
        axes = self.axes(given, place)
        kept = [stored for stored in axes.values() if shape[stored] > 1]
        in_stored_order = sorted(kept)
        whole = np.arange(math.prod(shape)).reshape([shape[axis] for axis in in_stored_order])
        order = whole.transpose([in_stored_order.index(axis) for axis in kept])
        if math.prod(like) != order.size:
            refuse(place, f"its output is {like}, not of {order.size} elements", ADVICE)
        self.stored.append(shape)
        self.placed[name] = Placed(len(self.stored) - 1, order.reshape(like[1:]))
