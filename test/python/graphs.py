"""Models made of a few ONNX nodes, for tests against onnxruntime."""

import os

import numpy as np
import onnx
from onnx import helper
from onnx.reference import ReferenceEvaluator
from support import Reference, assert_same, compile_once, load

# Which of a graph's sizes run, as in "2/4": every fourth, from number 2; one at least.
SHARE = os.environ.get("RAC_SIZES_SHARE", "0/1")

F32 = np.float32
SPECIAL = np.array([0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 1e38, -1e38, 88.5, -104,
                    0.5, 1.5, 2.5, -0.5, 1e-7, 30, -30], F32)


class Graph:
    """Collects chains; each ends in an output of the model."""

    def __init__(self, seed=0):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.inputs, self.outputs, self.weights, self.count = [], {}, [], [], 0

    def input(self, name, shape, dtype=F32):
        """Sizes are numbers, or names that a run gives numbers to."""
        self.inputs[name] = (shape, np.dtype(dtype))
        return name

    def weight(self, array, dtype=None):
        self.count += 1
        array = np.asarray(array, dtype) if dtype else np.asarray(array)
        self.weights.append(onnx.numpy_helper.from_array(array, f"w{self.count}"))
        return f"w{self.count}"

    def normal(self, *shape):
        return self.weight(self.rng.standard_normal(shape), F32)

    def op(self, kind, *inputs, outputs=1, **attributes):
        names = []
        for _ in range(outputs):
            self.count += 1
            names.append(f"v{self.count}_{kind}")
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def output(self, *names):
        self.outputs.extend(names)

    def model(self):
        infos = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(d), s)
                 for n, (s, d) in self.inputs.items()]
        outputs = [helper.make_empty_tensor_value_info(name) for name in self.outputs]
        graph = helper.make_graph(self.nodes, "g", infos, outputs, self.weights)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
        inferred = onnx.shape_inference.infer_shapes(made, data_prop=True)
        # An output must have a type in the file; its shape is left to rac.
        types = {v.name: v.type.tensor_type.elem_type for v in inferred.graph.output}
        del made.graph.output[:]
        made.graph.output.extend(
            helper.make_tensor_value_info(name, types[name], None) for name in self.outputs)
        return made

    def feeds(self, sizes, special=False):
        feeds = {}
        for name, (shape, dtype) in self.inputs.items():
            shape = [sizes.get(size, size) for size in shape]
            if dtype.kind == "f":
                value = 2 * self.rng.standard_normal(shape)
                if special:
                    value = self.rng.choice(SPECIAL, shape)
            elif dtype.kind == "b":
                value = self.rng.random(shape) < 0.5
            else:
                value = self.rng.integers(1 if dtype.kind == "u" else -9, 9, shape)
            feeds[name] = np.ascontiguousarray(np.asarray(value).astype(dtype))
        return feeds


class OnnxReference:
    """A model in ONNX's own evaluator."""

    def __init__(self, model):
        self.session = ReferenceEvaluator(model)

    def run(self, inputs):
        return dict(zip(self.session.output_names, self.session.run(None, inputs)))


def check(graph, folder, sizes=({},), special=False, rtol=1e-4, atol=1e-5, fixed={},
          reference=Reference):
    """`fixed`: inputs that are not random."""
    first, of = map(int, SHARE.split("/"))
    sizes = list(sizes)[first % len(sizes)::of]
    made = graph.model()
    onnx.save(made, folder / "m.onnx")
    reference = reference(made)
    library = compile_once(folder / "m.onnx", folder / "m.so", "--threads=2")
    with load(library) as model:
        for size in sizes:
            feeds = {**graph.feeds(size, special), **fixed}
            with np.errstate(all="ignore"):
                want = reference.run(feeds)
            kept = {name: value.copy() for name, value in feeds.items()}
            assert_same(want, model.run(feeds), rtol, atol, where=str(size))
            for name, value in feeds.items():
                np.testing.assert_array_equal(value, kept[name], f"the input {name} was written")
