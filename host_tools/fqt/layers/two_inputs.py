"""What Add, Multiply and Concatenate share: a second input, an activation."""

from __future__ import annotations

from fqt.arguments import name_text
from fqt.layers.activation import check_activation
from fqt.layers.layer import Layer


class TwoInputs(Layer):
    """A layer without parameters that reads its source and the earlier layer named `other` (or
    "input"). Raises ValueError for a name that is no text, and an unknown activation."""

    def __init__(self, other: str, activation: str = "none", *, name=None, source=None):
        super().__init__(name=name, source=source)
        self.other = name_text("the other layer's name", other)
        self.activation = check_activation(activation)

    @property
    def sources(self):
        return (self.source, self.other)

    @sources.setter
    def sources(self, sources):
        self.source, self.other = sources
