"""Layers in float32, forward next to backward: what networks are described with on the host.

Images are [batch][height][width][channels]. Each layer's `build` learns its shapes; `forward`
keeps what `backward` needs; `backward` takes the gradient of the loss by the layer's output, keeps
those by its parameters (summed over the batch) and gives the one by its input.
"""

from __future__ import annotations

import numpy as np

# What a model file's fields hold (natmod/core/fqt_file.h).
LARGEST_EXTENT = 65535  # of a height, a width or a number of channels
LARGEST_KERNEL = 255  # and stride


class Layer:
    """A layer without parameters; the base of all."""

    kind = ""

    def __init__(self, name: str | None = None):
        self.name = name
        self.input_shape: tuple[int, ...] = ()
        self.output_shape: tuple[int, ...] = ()

    def build(self, input_shape: tuple[int, ...], rng: np.random.Generator) -> None:
        """Set the shapes (without the batch) and make the parameters. Raises ValueError for shapes
        that do not fit."""
        self.input_shape = self.output_shape = tuple(input_shape)

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        """The arrays that train: weights [out]... and biases [out]; empty for most kinds."""
        return {}


class _Weighted(Layer):
    """Weights [out][...], biases [out], an optional ReLU."""

    def __init__(self, units: int, activation: str = "none", name: str | None = None):
        super().__init__(name)
        if activation not in ("none", "relu"):
            raise ValueError(f"activation is 'none' or 'relu', not {activation!r}")
        if not 1 <= units <= LARGEST_EXTENT:
            raise ValueError(f"a {self.kind} layer has 1 to {LARGEST_EXTENT} outputs, not {units}")
        self.units = units
        self.activation = activation
        self.weights = self.biases = np.empty(0, np.float32)
        self.gradients: dict[str, np.ndarray] = {}

    def reset(self, rng: np.random.Generator) -> None:
        """Random weights (He et al. 2015), zero biases."""
        inputs = self.weights[0].size
        self.weights = rng.normal(0, np.sqrt(2 / inputs), self.weights.shape).astype(np.float32)
        self.biases = np.zeros(self.units, np.float32)

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        return {"weights": self.weights, "biases": self.biases}

    def _activate(self, y: np.ndarray) -> np.ndarray:
        self._y = np.maximum(y, 0) if self.activation == "relu" else y
        return self._y

    def _through_activation(self, dy: np.ndarray) -> np.ndarray:
        return dy * (self._y > 0) if self.activation == "relu" else dy


class Dense(_Weighted):
    """y[o] = sum over c of weights[o][c] * x[c] + biases[o], on the flattened input."""

    kind = "dense"

    def build(self, input_shape, rng):
        self.input_shape = tuple(input_shape)
        self.output_shape = (1, 1, self.units)
        self.weights = np.empty((self.units, int(np.prod(input_shape))), np.float32)
        self.reset(rng)

    def forward(self, x):
        self._x = x.reshape(len(x), -1)
        return self._activate(self._x @ self.weights.T + self.biases)

    def backward(self, dy):
        dy = self._through_activation(dy.reshape(len(dy), -1))
        self.gradients = {"weights": dy.T @ self._x, "biases": dy.sum(axis=0)}
        return (dy @ self.weights).reshape(len(dy), *self.input_shape)


class _Window:
    """A sliding window: the shape rule and the padding of Conv2D and MaxPool2D.

    padding: "valid" (none), "same" (output = input / stride, rounded up; TensorFlow's placement),
    one number for all sides, or (top, bottom, left, right); below the kernel's extent, so that
    every window reads the input.
    """

    def __init__(self, kernel, stride, padding):
        self.kernel = _pair(kernel)
        self.stride = _pair(stride)
        self.wanted_padding = padding
        self.padding = (0, 0, 0, 0)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, int]:
        """Set the padding; give the output's height and width. Raises ValueError when the window
        does not fit."""
        if len(input_shape) != 3:
            raise ValueError(
                f"a window slides over height x width x channels, not over {input_shape}"
            )
        padding = self.wanted_padding
        if padding == "same":
            sides = []
            for size, kernel, stride in zip(input_shape, self.kernel, self.stride, strict=False):
                total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
                sides += [total // 2, total - total // 2]
            self.padding = tuple(sides)
        elif padding == "valid":
            self.padding = (0, 0, 0, 0)
        elif isinstance(padding, int):
            self.padding = (padding,) * 4
        elif isinstance(padding, tuple) and len(padding) == 4:
            self.padding = padding
        else:
            raise ValueError(
                "padding is 'same', 'valid', a number or "
                f"(top, bottom, left, right), not {padding!r}"
            )
        top, bottom, left, right = self.padding
        extents = []
        for size, before, after, kernel, stride in (
            (input_shape[0], top, bottom, self.kernel[0], self.stride[0]),
            (input_shape[1], left, right, self.kernel[1], self.stride[1]),
        ):
            if not 0 <= min(before, after) <= max(before, after) < kernel:
                raise ValueError(
                    f"padding {self.padding} must be 0 or more and below the kernel {self.kernel}"
                )
            size += before + after
            if kernel > size:
                raise ValueError(
                    f"kernel {self.kernel} is larger than the padded input of {input_shape}"
                )
            extents.append((size - kernel) // stride + 1)
        return extents[0], extents[1]

    def pad(self, x: np.ndarray, value: float) -> np.ndarray:
        top, bottom, left, right = self.padding
        if not any(self.padding):
            return x
        return np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=value)

    def view(self, padded: np.ndarray) -> np.ndarray:
        """windows[batch][oy][ox][c][ky][kx], without a copy."""
        view = np.lib.stride_tricks.sliding_window_view(padded, self.kernel, axis=(1, 2))
        return view[:, :: self.stride[0], :: self.stride[1]]

    def add_tap(self, dx: np.ndarray, ky: int, kx: int, values: np.ndarray) -> None:
        """dx[oy * stride + ky, ox * stride + kx] += values[oy, ox], dx padded."""
        rows, columns = values.shape[1:3]
        stride_y, stride_x = self.stride
        dx[:, ky : ky + rows * stride_y : stride_y, kx : kx + columns * stride_x : stride_x] += (
            values
        )

    def cut(self, dx: np.ndarray, input_shape: tuple[int, ...]) -> np.ndarray:
        top, left = self.padding[0], self.padding[2]
        return dx[:, top : top + input_shape[0], left : left + input_shape[1]]


class Conv2D(_Weighted):
    """2-d convolution, weights [out][kernel_height][kernel_width][in]; any kernel, stride and
    padding (see _Window)."""

    kind = "conv2d"

    def __init__(self, units, kernel, stride=1, padding="valid", activation="none", name=None):
        super().__init__(units, activation, name)
        self.window = _Window(kernel, stride, padding)

    def build(self, input_shape, rng):
        self.input_shape = tuple(input_shape)
        self.output_shape = (*self.window.build(input_shape), self.units)
        self.weights = np.empty((self.units, *self.window.kernel, input_shape[2]), np.float32)
        self.reset(rng)

    def forward(self, x):
        self._padded = self.window.pad(x, 0)
        windows = self.window.view(self._padded).transpose(0, 1, 2, 4, 5, 3)
        self._columns = windows.reshape(-1, self.weights[0].size)
        y = self._columns @ self.weights.reshape(self.units, -1).T + self.biases
        return self._activate(y.reshape(len(x), *self.output_shape))

    def backward(self, dy):
        dy = self._through_activation(dy.reshape(len(dy), *self.output_shape))
        flat = dy.reshape(-1, self.units)
        self.gradients = {
            "weights": (flat.T @ self._columns).reshape(self.weights.shape),
            "biases": flat.sum(axis=0),
        }
        dx = np.zeros_like(self._padded)
        for ky in range(self.window.kernel[0]):
            for kx in range(self.window.kernel[1]):
                self.window.add_tap(dx, ky, kx, dy @ self.weights[:, ky, kx])
        return self.window.cut(dx, self.input_shape)


class MaxPool2D(Layer):
    """The greatest value of each window; by default windows do not overlap (stride = kernel)."""

    kind = "max_pool2d"

    def __init__(self, kernel, stride=None, padding="valid", name=None):
        super().__init__(name)
        self.window = _Window(kernel, kernel if stride is None else stride, padding)

    def build(self, input_shape, rng):
        self.input_shape = tuple(input_shape)
        self.output_shape = (*self.window.build(input_shape), input_shape[2])

    def forward(self, x):
        self._padded = self.window.pad(x, -np.inf)
        windows = self.window.view(self._padded)
        windows = windows.reshape(*windows.shape[:4], -1)
        self._first = windows.argmax(axis=4)
        return windows.max(axis=4)

    def backward(self, dy):
        dy = dy.reshape(self._first.shape)
        dx = np.zeros_like(self._padded, np.float32)
        for tap in range(self.window.kernel[0] * self.window.kernel[1]):
            ky, kx = divmod(tap, self.window.kernel[1])
            self.window.add_tap(dx, ky, kx, dy * (self._first == tap))
        return self.window.cut(dx, self.input_shape)


class Flatten(Layer):
    """height x width x channels -> 1 x 1 x elements."""

    kind = "flatten"

    def build(self, input_shape, rng):
        self.input_shape = tuple(input_shape)
        self.output_shape = (1, 1, int(np.prod(input_shape)))
        if self.output_shape[2] > LARGEST_EXTENT:
            raise ValueError(
                f"{self.output_shape[2]} elements, at most {LARGEST_EXTENT}: "
                "a Dense layer flattens by itself"
            )

    def forward(self, x):
        return x.reshape(len(x), *self.output_shape)

    def backward(self, dy):
        return dy.reshape(len(dy), *self.input_shape)


def _pair(value) -> tuple[int, int]:
    pair = (value, value) if isinstance(value, int) else tuple(value)
    if len(pair) != 2 or not 1 <= min(pair) <= max(pair) <= LARGEST_KERNEL:
        raise ValueError(
            "a kernel or stride is a number or (height, width), "
            f"1 to {LARGEST_KERNEL}, not {value!r}"
        )
    return pair
