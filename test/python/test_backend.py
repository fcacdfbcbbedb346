"""ONNX's own backend tests, through rac.backend.

Every case passes, or is refused with a reason that names what is lacking (a skipped test here), or
stands in known_failures.txt with a reason. A listed case that passes is a failure, so that the list
stays true; so is a crash, listed or not. scripts/backend_table.py makes docs/BackendTests.md of a
run's results.
"""

import functools
import os
import re
import warnings
import zlib
from pathlib import Path

import onnx
import pytest
from onnx.backend.test.loader import load_model_tests
from onnx.backend.test.runner import Runner
from support import COMMAND, FLAGS

# The light models are in test_models.py.
KINDS = ["node", "simple", "pytorch-converted", "pytorch-operator"]

# Checked where (about) all cases ran: at least so many pass.
AT_LEAST = 900
WHOLE_SUITE = 1800


BACKEND_FLAGS = dict(flag.removeprefix("--").split("=") for flag in FLAGS)


@functools.cache
def cases():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the cases' own arithmetic
        return {
            f"{kind}:{case.name}": case
            for kind in KINDS
            for case in sorted(load_model_tests(kind=kind), key=lambda case: case.name)
        }


def selected():
    """All cases, or with RAC_ONNX_SHARE=2/50 those whose names' checksums leave 2 when divided by 50: a
    50th, the same whatever other cases there are."""
    rest, of = map(int, os.environ.get("RAC_ONNX_SHARE", "0/1").split("/"))
    return [name for name in cases() if zlib.crc32(name.encode()) % of == rest]


def read_list():
    """known_failures.txt: a case and a reason a line."""
    listed = {}
    for line in (Path(__file__).parent / "known_failures.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, reason = line.partition(" ")
            assert reason.strip(), f"known_failures.txt: no reason for {name}"
            listed[name] = reason.strip()
    return listed


LISTED = read_list()


def model_of(case):
    return case.model or onnx.load(f"{case.model_dir}/model.onnx")


def operator_of(name, case):
    """The operator that a case is about. One that tests an operator's function body belongs to
    the operator; models of several nodes are named by their kind."""
    kind, _, test = name.partition(":")
    whole = re.sub(r"_expanded(_ver\d+)?$", "", test)
    case = cases().get(f"{kind}:{whole}", case)
    nodes = [node for node in model_of(case).graph.node if node.op_type != "Constant"]
    if kind == "node" and len(nodes) == 1:
        return ".".join(filter(None, [nodes[0].domain, nodes[0].op_type]))
    return f"several ({kind})"


def data_sets(case):
    """(inputs, outputs) of a case, as arrays."""
    if case.data_sets is not None:
        for inputs, outputs in case.data_sets:
            yield [_array(value) for value in inputs], [_array(value) for value in outputs]
        return
    graph = model_of(case).graph
    for folder in sorted(Path(case.model_dir).glob("test_data_set_*")):
        yield _load(folder, "input", graph.input), _load(folder, "output", graph.output)


def _array(value):
    return onnx.numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def _load(folder, what, infos):
    values = []
    for i, info in enumerate(infos):
        file = folder / f"{what}_{i}.pb"
        if file.exists():
            kind = info.type.WhichOneof("value")
            proto = onnx.SequenceProto() if kind == "sequence_type" else onnx.TensorProto()
            proto.ParseFromString(file.read_bytes())
            values.append(onnx.numpy_helper.to_list(proto) if kind == "sequence_type"
                          else onnx.numpy_helper.to_array(proto))
    return values


def crashed(message):
    return "ended by signal" in message or "internal error" in message


def refusal(message):
    """What a refusal says, on one line, or None if it is not one: it must say what is not
    supported, so that a pass of ours that fails does not count as a refusal."""
    text = " ".join(message.split())
    text = re.sub(r"^rac-compile: error: (\S+\.onnx: )?", "", text)
    return text if re.search(r"unsupported|not supported|doesn't support", text) else None


@pytest.mark.parametrize("name", selected())
def test_case(name, compiler, record_property):
    import rac.backend

    case = cases()[name]
    record_property("operator", operator_of(name, case))
    try:
        prepared = rac.backend.prepare(model_of(case), threads=1, command=COMMAND, **BACKEND_FLAGS)
        for inputs, outputs in data_sets(case):
            got = list(prepared.run(inputs))
            Runner.assert_similar_outputs(outputs, got, case.rtol, case.atol, case.model_dir)
    except Exception as error:  # what went wrong decides below
        message = str(error) or type(error).__name__
        if isinstance(error, rac.CompileError):
            reason = refusal(message)
            if reason and not crashed(message):
                record_property("outcome", "refused")
                record_property("reason", reason)
                assert name not in LISTED, f"listed as failing, but refused: {reason}"
                pytest.skip(f"refused: {reason}")
        if name in LISTED and not crashed(message):
            record_property("outcome", "listed")
            record_property("reason", LISTED[name])
            pytest.xfail(LISTED[name])
        record_property("outcome", "failed")
        raise
    record_property("outcome", "passed")
    assert name not in LISTED, "it passes: take it out of known_failures.txt"
