"""Every case through a real server on a real socket, with nothing but the generated stubs."""

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from tests.conformance.cases import DATA, Case, load, variants
from tests.conformance.generate import SECTIONS
from tests.conformance.matching import EXACT, matches, matches_error
from tests.serving import running_server
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub

SERVICE = "wengert.v1.DifferentiationService"
DEADLINE_S = 30.0


@pytest.fixture(scope="module")
def channel() -> Iterator[grpc.Channel]:
    with running_server() as server, grpc.insecure_channel(server.address) as channel:
        yield channel


def _raw(channel: grpc.Channel, rpc: str) -> Callable[..., Any]:
    """Return the call for requests that are bytes: the same path, nothing serialised."""
    response = getattr(v1, f"{rpc}Response")
    call: Callable[..., Any] = channel.unary_unary(f"/{SERVICE}/{rpc}", response_deserializer=response.FromString)
    return call


def _send(channel: grpc.Channel, rpc: str, request: Any) -> Any:
    if isinstance(request, bytes):
        return _raw(channel, rpc)(request, timeout=DEADLINE_S)
    return getattr(DifferentiationServiceStub(channel), rpc)(request, timeout=DEADLINE_S)


def _check_report(request: Any, response: Any) -> None:
    """Assert what every report says, whatever the answer."""
    if isinstance(request, v1.HessianRequest | v1.HvpRequest):
        assert response.report.mode in (v1.Mode.MODE_FORWARD, v1.Mode.MODE_REVERSE)
        assert response.report.reason
    elif isinstance(request, v1.JacobianRequest):
        assert response.report.mode in (v1.Mode.MODE_FORWARD, v1.Mode.MODE_REVERSE)
        assert request.mode in (v1.Mode.MODE_UNSPECIFIED, v1.Mode.MODE_AUTO, response.report.mode)
        assert response.report.reason
    elif isinstance(request, v1.EvaluateRequest):
        assert response.report.mode == v1.Mode.MODE_UNSPECIFIED


def _cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{section}/{case.name}")
        for section in SECTIONS
        for case in load(DATA / f"{section}.json")
    ]


@pytest.mark.parametrize("case", _cases())
def test_case(channel: grpc.Channel, case: Case) -> None:
    for rpc, request in case.before:
        _send(channel, rpc, request)
    if "error" in case.expect:
        with pytest.raises(grpc.RpcError) as caught:
            _send(channel, case.rpc, case.request)
        matches_error(case.expect["error"], caught.value)
        return
    for request, expected in variants(case):
        response = _send(channel, case.rpc, request)
        matches(expected, response, case.expect.get("tolerance", EXACT))
        _check_report(request, response)


def test_capabilities_say_what_the_cases_find(channel: grpc.Channel) -> None:
    said = DifferentiationServiceStub(channel).GetCapabilities(v1.GetCapabilitiesRequest())
    assert list(said.primitives) == sorted(set(said.primitives))
    everything = {number for number in v1.Primitive.values() if number}
    unserved = {case.request.function.list.primitives[0] for case in _starting("wrong-statements", "unserved/")}
    assert not unserved & set(said.primitives)
    assert everything - set(said.primitives) >= unserved
    refused = {case.rpc for case in _starting("wrong-calls", "rpc/")}
    assert not refused & set(said.rpcs)
    assert {
        "Register",
        "Describe",
        "Forget",
        "Evaluate",
        "Jvp",
        "Vjp",
        "Jacobian",
        "Hessian",
        "Hvp",
        "Sparsity",
        "Differentiate",
        "GetCapabilities",
    } <= set(said.rpcs)
    assert said.cores >= 1
    assert "vm" in said.tiers
    names = [limit.name for limit in said.limits]
    assert len(set(names)) == len(names)
    assert all(limit.value > 0 and limit.description for limit in said.limits)


def _starting(section: str, start: str) -> list[Any]:
    return [case for case in load(DATA / f"{section}.json") if case.name.startswith(start)]


def test_the_server_is_unharmed(channel: grpc.Channel) -> None:
    """Runs last in this file: after all that was refused, an ordinary call is answered."""
    case = load(DATA / "lecture.json")[0]
    matches(case.expect["response"], _send(channel, case.rpc, case.request), case.expect["tolerance"])
