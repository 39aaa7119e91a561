"""The base of all layers: a name, where the input comes from, shapes; no parameters."""

from __future__ import annotations

import numpy as np

from fqt.arguments import name_text


class Layer:
    """A layer without parameters.

    name: unique in its network; None: the kind and the layer's number. source: the name of the
    earlier layer whose output this one reads, or "input"; None: the layer before.
    """

    kind = ""  # as in a model file
    activation = "none"
    slides = True  # whether its parameters do as well for images of another height and width
    name_stem = ""  # of names that a network gives: a model file's have at most 16 bytes

    def __init__(self, *, name: str | None = None, source: str | None = None):
        # Empty until a network gives one.
        self.name = "" if name is None else name_text("a layer's name", name)
        self.source = None if source is None else name_text("a layer's source", source)
        self.input_shape: tuple[int, ...] = ()
        self.output_shape: tuple[int, ...] = ()
        self.gradients: dict[str, np.ndarray] = {}
        self._work = np.empty(0, np.float32)

    def build(self, input_shape: tuple[int, ...], rng: np.random.Generator) -> None:
        """Set the shapes (without the batch) and make the parameters. Raises ValueError for shapes
        that do not fit."""
        self.input_shape = self.output_shape = tuple(input_shape)

    def reset(self, rng: np.random.Generator) -> None:
        """New parameters; most kinds have none."""

    @property
    def is_built(self) -> bool:
        """Whether it is part of a network: it has shapes, and parameters if its kind has some."""
        return bool(self.output_shape)

    def rebuild(
        self,
        input_shape: tuple[int, ...],
        rng: np.random.Generator,
        *other_shapes: tuple[int, ...],
    ) -> None:
        """build, but what a built layer has learned stays. Raises ValueError when that does not
        fit the shape."""
        kept = self.state if self.is_built else {}
        was = self.input_shape
        self.build(input_shape, rng, *other_shapes)
        fits = all(array.shape == self.state[key].shape for key, array in kept.items())
        if kept and not (fits and (self.slides or was == self.input_shape)):
            raise ValueError(
                f"what it has learned is for an input of {was}, here it reads {self.input_shape}: "
                "put a new layer in its place"
            )
        for key, array in kept.items():
            setattr(self, key, array)

    @property
    def sources(self) -> tuple[str | None, ...]:
        """Of each input, in order."""
        return (self.source,)

    @sources.setter
    def sources(self, sources: tuple[str | None, ...]) -> None:
        (self.source,) = sources

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        """The arrays that train; empty for most kinds. Training changes them in place."""
        return {}

    @property
    def state(self) -> dict[str, np.ndarray]:
        """All that saving keeps: the parameters, and what else the layer learns."""
        return self.parameters

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x: [batch] and the input's shape -> [batch] and the output's."""
        raise NotImplementedError

    def backward(
        self, dy: np.ndarray, input_needed: bool = True
    ) -> np.ndarray | tuple[np.ndarray, ...] | None:
        """The gradients of the parameters, kept in `gradients`; returns that of the input, or of
        several inputs those, in order.

        dy: the gradient of the output, [batch] and the output's shape; it is not changed.
        input_needed: without it a layer with parameters returns None and saves the time.
        """
        raise NotImplementedError

    def _workspace(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """An array to be overwritten, the same one while shape and type stay: memory of this size
        that is asked for anew costs more than what is computed in it."""
        if self._work.shape != shape or self._work.dtype != dtype:
            self._work = np.empty(shape, dtype)
        return self._work
