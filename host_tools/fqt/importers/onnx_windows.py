"""The window of a convolution or pooling of an .onnx file as the graph has it: of two axes, with
its padding in numbers."""

from __future__ import annotations

from fqt.importers.graph import refuse
from fqt.importers.onnx_checks import AGAIN
from fqt.importers.onnx_file import FileNode

AUTO_PAD = (b"NOTSET", b"VALID", b"SAME_UPPER", b"SAME_LOWER")


def window_of(place: str, node: FileNode, shape: tuple[int, ...], kernel: tuple[int, ...]) -> dict:
    """kernel, stride, dilation and padding of a node. shape: of its input, with batch and
    channels; kernel: of its one or two axes. Raises ValueError for other numbers of axes, and for
    what is not a window."""
    axes = len(shape) - 2
    if axes not in (1, 2):
        refuse(place, f"it reads the shape {shape}", "windows are over one axis or two")
    attributes = node.attributes
    stride = tuple(attributes.get("strides", (1,) * axes))
    dilation = tuple(attributes.get("dilations", (1,) * axes))
    pads = tuple(attributes.get("pads", (0,) * (2 * axes)))
    auto_pad = attributes.get("auto_pad", b"NOTSET")
    is_whole = len(kernel) == len(stride) == len(dilation) == axes and len(pads) == 2 * axes
    if not is_whole or min(*kernel, *stride, *dilation, 1) < 1 or min(pads) < 0:
        refuse(place, "its window is none", AGAIN)
    if auto_pad not in AUTO_PAD:
        refuse(place, f"its auto_pad is {auto_pad!r}", AGAIN)
    padding: list[int] = []
    for i in range(axes):
        size, reach = shape[i + 2], (kernel[i] - 1) * dilation[i] + 1
        before, after = pads[i], pads[axes + i]
        if auto_pad != b"NOTSET":
            total = max((-(-size // stride[i]) - 1) * stride[i] + reach - size, 0)
            total *= auto_pad != b"VALID"
            before = (total + (auto_pad == b"SAME_LOWER")) // 2
            after = total - before
        if attributes.get("ceil_mode") and (size + before + after - reach) % stride[i]:
            refuse(place, "its last windows hang over the edge (ceil_mode)", "pool without")
        padding += [before, after]
    if axes == 1:
        kernel, stride, dilation, padding = (
            (1, *kernel),
            (1, *stride),
            (1, *dilation),
            [0, 0, *padding],
        )
    return {"kernel": kernel, "stride": stride, "dilation": dilation, "padding": tuple(padding)}
