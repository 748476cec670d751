"""Every case with an answer, against the engine in process: all modes, one by one and together."""

from typing import Any

import numpy as np
import pytest

import adengine
from tests.conformance.cases import DATA, Case, load, tensor_array, tensor_json, variants
from tests.conformance.generate import SECTIONS
from tests.conformance.in_process import answer, engine_list
from tests.conformance.matching import EXACT, matches, points_at
from tests.wire_lists import tensor
from wengert import v1

NUMERIC = {"Evaluate", "Jvp", "Vjp", "Jacobian", "Sparsity", "Hessian", "Hvp"}


def _cases(*sections: str) -> list[Any]:
    return [
        pytest.param(case, id=f"{section}/{case.name}")
        for section in sections
        for case in load(DATA / f"{section}.json")
    ]


def _answered() -> list[Any]:
    """Return the numeric cases that carry their list and have an answer."""
    chosen = _cases(*(s for s in SECTIONS if not s.startswith(("functions", "wrong"))))
    answered = [parameter for parameter in chosen if "response" in parameter.values[0].expect]
    return [parameter for parameter in answered if parameter.values[0].rpc in NUMERIC]


def _matrices() -> list[Any]:
    matrices = [parameter for parameter in _answered() if parameter.values[0].rpc == "Jacobian"]
    return [parameter for parameter in matrices if "dense" in parameter.values[0].expect["response"]]


@pytest.fixture(scope="module", params=[False, True], ids=["vector", "scalar"])
def engine(request: pytest.FixtureRequest) -> adengine.Engine:
    """Elementary functions by vector routines where there are some, and by scalar functions."""
    return adengine.Engine(reproducible=request.param)


def _changed(case: Case, **fields: Any) -> Any:
    request = getattr(v1, f"{case.rpc}Request").FromString(case.request_bytes)
    for name, value in fields.items():
        setattr(request, name, value)
    return request


@pytest.mark.parametrize("case", _answered())
def test_answers(engine: adengine.Engine, case: Case) -> None:
    for request, response in variants(case):
        matches(response, answer(engine, request), case.expect.get("tolerance", EXACT))


def _directed(case: Case, rpc: str, count: int) -> Any:
    """Return the request for J times all unit vectors, or the transpose of J times all."""
    request = _changed(case)
    units = np.eye(count) if len(request.points.shape) < 2 else np.eye(count)[np.newaxis]
    field = "tangents" if rpc == "Jvp" else "cotangents"
    return getattr(v1, f"{rpc}Request")(
        function=request.function,
        points=request.points if request.HasField("points") else None,
        shared=request.shared,
        outputs=request.outputs,
        with_respect_to=request.with_respect_to,
        **{field: tensor(units)},
    )


@pytest.mark.parametrize("case", _matrices())
def test_sweeps_along_unit_vectors_give_the_jacobian(engine: adengine.Engine, case: Case) -> None:
    dense = tensor_array(case.expect["response"]["dense"])
    transposed = np.swapaxes(dense, -1, -2)
    tolerance = case.expect.get("tolerance", EXACT)
    forward = answer(engine, _directed(case, "Jvp", dense.shape[-1]))
    matches({"tangents": tensor_json(transposed)}, forward, tolerance)
    backward = answer(engine, _directed(case, "Vjp", dense.shape[-2]))
    matches({"cotangents": tensor_json(dense)}, backward, tolerance)


def _batches() -> list[Any]:
    return [parameter for parameter in _matrices() if len(parameter.values[0].request.points.shape) == 2]


@pytest.mark.parametrize("case", _batches())
def test_each_point_of_a_batch_alone_gives_the_same_bits(engine: adengine.Engine, case: Case) -> None:
    together = answer(engine, case.request)
    request = _changed(case)
    rows = tensor_array({"shape": request.points.shape, "values": request.points.values})
    values, dense = (np.array(t.values).reshape(tuple(t.shape)) for t in (together.values, together.dense))
    for k, row in enumerate(rows):
        request.points.CopyFrom(tensor(row))
        alone = answer(engine, request)
        matches({"values": tensor_json(values[k]), "dense": tensor_json(dense[k])}, alone, EXACT)


def _lists_to_refuse() -> list[Any]:
    """Return the wrong lists that an engine can be given: no ragged arrays, no messages in messages."""
    elsewhere = ("tensors/", "bodies/", "inputs/default-ragged")
    return [p for p in _cases("wrong-lists", "wrong-statements") if not p.values[0].name.startswith(elsewhere)]


@pytest.mark.parametrize("case", _lists_to_refuse())
def test_wrong_lists_are_refused(case: Case) -> None:
    assert isinstance(case.request, v1.RegisterRequest)
    expected = case.expect["error"]
    with pytest.raises(adengine.errors.EngineError) as caught:
        engine_list(case.request.function.list)
    assert caught.value.reason == expected["reason"]
    field = expected["field"].removeprefix("function.list").lstrip(".")
    assert not field or points_at([v.field for v in caught.value.violations], field), caught.value.violations


@pytest.mark.parametrize("case", [p for p in _cases("functions-and-ids") if p.values[0].name.startswith("id/")])
def test_ids(case: Case) -> None:
    request = v1.RegisterRequest.FromString(case.request_bytes)
    assert engine_list(request.function.list).id == case.expect["response"]["info"]["id"]
