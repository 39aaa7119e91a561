"""What scikit-learn's exporter (skl2onnx) writes beside ONNX's own operators, brought to these:
the domain ai.onnx.ml, and a label as an output of its own.

A classifier's outputs are then its scores alone, which the loss reads: of two classes one, above 0
where the second is told. Functions that change no class (softmax behind scores that had none)
say which loss that is. What else is of the domain stays, for the reader to name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fqt.importers.graph import refuse
from fqt.importers.onnx_checks import AGAIN, ML, place_of_node

KEEP_SCORES = ("Identity", "Cast", "Normalizer")  # of scores: the class stays
FUNCTIONS = ("Softmax", "Sigmoid")
# Attributes that have the names of classes, of ZipMap and LinearClassifier.
CLASSES = (
    "classlabels_int64s",
    "classlabels_strings",
    "classlabels_ints",
)


def without_ml(onnx, model) -> tuple[str, ...]:
    """The model is changed. Returns the names of a classifier's classes, one for each output, or
    none. Raises SourceError for operators that are not whole."""
    graph = model.graph
    if len(graph.output) < 2 and not any(node.domain == ML for node in graph.node):
        return ()
    return _Rewriting(onnx, model).run()


class _Rewriting:
    """A model's graph while it is rewritten."""

    def __init__(self, onnx, model):
        self.onnx, self.model, self.graph = onnx, model, model.graph
        self.constants = {
            one.name: onnx.numpy_helper.to_array(one) for one in self.graph.initializer
        }

    def run(self) -> tuple[str, ...]:
        name = self._scores()
        if name is None:
            return ()
        labels = self._labels()
        is_classifier = bool(labels) or len(self.graph.output) > 1
        if is_classifier:
            name, is_of_two = self._before_the_label(name)
            if is_of_two:
                labels = labels[1:] if len(labels) == 2 else ()
        self._end_in(name)
        self._drop_unread()
        nodes = []
        for number, node in enumerate(self.graph.node, 1):
            rewritten = REWRITTEN.get(node.op_type) if node.domain == ML else None
            place = place_of_node(number, node)
            nodes += [node] if rewritten is None else rewritten(self, node, place)
        self._set_nodes(nodes)
        if is_classifier and self._maker(self.graph.output[0].name).op_type not in FUNCTIONS:
            self._add_function(len(labels) == 1)
        if not any(one.domain in ("", "ai.onnx") for one in self.model.opset_import):
            self.model.opset_import.append(self.onnx.helper.make_opsetid("", 20))
        return labels

    # -- the end of a classifier

    def _scores(self) -> str | None:
        """The one output that tells scores; None: it is not told which."""
        kinds = self.onnx.TensorProto
        scores = []
        for one in self.graph.output:
            if one.type.WhichOneof("value") == "sequence_type":
                maker = self._maker(one.name)
                if maker is None or maker.op_type != "ZipMap" or not maker.input:
                    return None
                scores.append(maker.input[0])
            elif one.type.tensor_type.elem_type == kinds.FLOAT:
                scores.append(one.name)
            elif one.type.tensor_type.elem_type not in (kinds.INT64, kinds.STRING):
                return None
        return scores[0] if len(scores) == 1 else None

    def _labels(self) -> tuple[str, ...]:
        """The names of the classes, where a node has them."""
        found: list[Any] = []
        for node in self.graph.node:
            attributes = self._attributes(node)
            found += [attributes[name] for name in CLASSES if name in attributes]
            if node.op_type == "ArrayFeatureExtractor" and node.input[0] in self.constants:
                found.append(self.constants[node.input[0]].ravel())
        return tuple(
            one.decode(errors="replace") if isinstance(one, bytes) else str(one)
            for one in (found[0] if found else ())
        )

    def _before_the_label(self, name: str) -> tuple[str, bool]:
        """The scores as they are computed, and whether one tells both of two classes."""
        while (maker := self._maker(name)) is not None:
            before = list(maker.input)
            if maker.op_type in KEEP_SCORES and self._maker(before[0]) is not None:
                name = before[0]
            elif self._is_share_and_rest(maker):
                return before[1], True
            elif maker.op_type == "ArrayFeatureExtractor" and self._is_of_two(before[0]):
                return before[0], True
            else:
                break
        return name, self._is_of_two(name)

    def _is_share_and_rest(self, node) -> bool:
        """Whether it joins 1 - p and p."""
        if node.op_type != "Concat" or len(node.input) != 2:
            return False
        rest = self._maker(node.input[0])
        is_rest = rest is not None and rest.op_type == "Sub" and rest.input[1] == node.input[1]
        return is_rest and bool((self.constants.get(rest.input[0], np.zeros(1)) == 1).all())

    def _is_of_two(self, name: str) -> bool:
        """Whether a LinearClassifier makes scores of two classes, of which one is enough."""
        maker = self._maker(name)
        if maker is None or maker.op_type != "LinearClassifier":
            return False
        return len(self._attributes(maker).get("intercepts", ())) <= 2

    def _end_in(self, name: str) -> None:
        del self.graph.output[:]
        kinds = self.onnx.TensorProto
        self.graph.output.append(self.onnx.helper.make_tensor_value_info(name, kinds.FLOAT, None))

    def _drop_unread(self) -> None:
        needed, kept = {self.graph.output[0].name}, list[Any]()
        for node in reversed(self.graph.node):
            if needed & set(node.output):
                needed |= set(node.input)
                kept.insert(0, node)
        self._set_nodes(kept)

    def _add_function(self, is_one: bool) -> None:
        """That of the loss of a classifier whose scores have none."""
        name = self.graph.output[0].name
        function = ("Sigmoid", {}) if is_one else ("Softmax", {"axis": 1})
        made = f"{name}, {function[0]}"
        self.graph.node.append(
            self.onnx.helper.make_node(function[0], [name], [made], **function[1])
        )
        self._end_in(made)

    # -- operators

    def scaler(self, node, place: str) -> list[Any]:
        """(x - offset) * scale"""
        attributes = self._attributes(node)
        offset, scale = (
            self._floats(place, attributes.get(name, usual))
            for name, usual in (("offset", [0.0]), ("scale", [1.0]))
        )
        between = f"{node.output[0]}, shifted"
        offsets, scales = (
            self._constant(node, *one) for one in (("offset", offset), ("scale", scale))
        )
        return [
            self._node(node, "Sub", [node.input[0], offsets], between),
            self._node(node, "Mul", [between, scales], node.output[0]),
        ]

    def linear_regressor(self, node, place: str) -> list[Any]:
        attributes = self._attributes(node)
        self._check_transform(place, attributes, ("NONE",))
        return self._linear(node, place, int(attributes.get("targets", 1)), node.output[0])

    def linear_classifier(self, node, place: str) -> list[Any]:
        """Of two classes the second row."""
        attributes = self._attributes(node)
        self._check_transform(place, attributes, ("NONE", "SOFTMAX", "LOGISTIC"))
        if len(node.output) < 2:
            refuse(place, "it has no scores", AGAIN)
        rows = max(len(attributes.get("intercepts", ())), 1)
        return self._linear(node, place, rows, node.output[1], last=1 if rows == 2 else 0)

    def _linear(self, node, place: str, rows: int, output: str, last: int = 0):
        """output = x @ weights.T + biases. last: so many of the rows, from the end; 0: all."""
        attributes = self._attributes(node)
        weights = self._floats(place, attributes.get("coefficients", ()))
        biases = self._floats(place, attributes.get("intercepts", np.zeros(rows)))
        if rows < 1 or not len(weights) or len(weights) % rows or len(biases) != rows:
            refuse(place, f"{len(weights)} weights and {len(biases)} biases of {rows} rows", AGAIN)
        kept = slice(-last, None) if last else slice(None)
        names = [
            self._constant(node, "weights", weights.reshape(rows, -1)[kept]),
            self._constant(node, "biases", biases[kept]),
        ]
        return [self._node(node, "Gemm", [node.input[0], *names], output, transB=1)]

    def _check_transform(self, place: str, attributes: dict, taken: tuple[str, ...]) -> None:
        transform = attributes.get("post_transform", b"NONE").decode(errors="replace")
        if transform not in taken:
            refuse(place, f"its post_transform is {transform}", f"{', '.join(taken)} can be taken")

    # -- the graph

    def _maker(self, name: str) -> Any:
        return next((node for node in self.graph.node if name in node.output), None)

    def _attributes(self, node) -> dict[str, Any]:
        return {one.name: self.onnx.helper.get_attribute_value(one) for one in node.attribute}

    def _floats(self, place: str, values) -> np.ndarray:
        values = np.asarray(values, np.float32)
        if not np.isfinite(values).all():
            refuse(place, "its numbers are not all finite", "fit it again")
        return values

    def _constant(self, node, what: str, values: np.ndarray) -> str:
        name = f"{node.output[0]}, {what}"
        self.graph.initializer.append(self.onnx.numpy_helper.from_array(values, name))
        return name

    def _node(self, node, operator: str, given: list[str], made: str, **attributes) -> Any:
        """One in the place of another, with its name if it makes what that made: names differ."""
        name = node.name if made in node.output else ""
        return self.onnx.helper.make_node(operator, given, [made], name, **attributes)

    def _set_nodes(self, nodes: list[Any]) -> None:
        copies = [self.onnx.NodeProto.FromString(one.SerializeToString()) for one in nodes]
        del self.graph.node[:]
        self.graph.node.extend(copies)


REWRITTEN = {
    "Scaler": _Rewriting.scaler,
    "LinearRegressor": _Rewriting.linear_regressor,
    "LinearClassifier": _Rewriting.linear_classifier,
}
