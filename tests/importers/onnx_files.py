"""Small .onnx files, made node by node, and what onnxruntime makes of them."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from fqt.importers.runtimes import onnx_session


class OnnxBuilder:
    """A graph that grows; tensors are their names. shape: of the input, with its batch."""

    def __init__(self, shape, elements=TensorProto.FLOAT):
        self.rng = np.random.default_rng(0)
        self.nodes, self.constants = [], []
        self.inputs = [helper.make_tensor_value_info("x", elements, shape)]

    def node(self, operator, *inputs, outputs=1, **attributes):
        """inputs: names, or numbers for constants."""
        names = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        made = [f"t{len(self.nodes)}_{i}" for i in range(outputs)]
        name = f"{operator.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, names, made, name, **attributes))
        return made[0]

    def constant(self, values):
        values = np.asarray(values)
        values = values.astype(np.float32) if values.dtype.kind == "f" else values
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def random(self, *shape):
        return self.rng.normal(size=shape) / np.sqrt(max(np.prod(shape[1:]), 1))

    def conv(self, x, out, channels, kernel=(3, 3), **attributes):
        if "auto_pad" not in attributes:
            attributes = {"pads": [k // 2 for k in kernel] * 2} | attributes
        own = channels // attributes.get("group", 1)
        return self.node("Conv", x, self.random(out, own, *kernel), self.random(out), **attributes)

    def dense(self, x, out, elements):
        """With its input flattened."""
        flat = self.node("Flatten", x)
        return self.node("Gemm", flat, self.random(out, elements), self.random(out), transB=1)

    def model(self, *outputs, opset=20):
        ends = [helper.make_tensor_value_info(one, TensorProto.FLOAT, None) for one in outputs]
        graph = helper.make_graph(self.nodes, "g", self.inputs, ends, self.constants)
        version = helper.make_opsetid("", opset)
        return helper.make_model(graph, opset_imports=[version], ir_version=9)

    def bytes(self, *outputs, opset=20):
        return self.model(*outputs, opset=opset).SerializeToString()


def run(data, samples, read):
    """The numbers [samples][elements] of the tensor `read`."""
    model = onnx.load_from_string(data)
    model.graph.output[0].name = read
    session = onnx_session(model.SerializeToString())
    return np.array([session.run([read], {"x": one[None]})[0].ravel() for one in samples])
