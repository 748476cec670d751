"""The cases of the streaming rpcs: over a real socket with nothing but the generated stubs, and in process."""

from collections.abc import Iterator, Mapping
from typing import Any

import grpc
import numpy as np
import pytest

import adengine
from tests.conformance.cases import tensor_array
from tests.conformance.generate import STREAMED, streams_text
from tests.conformance.in_process import answer, blocks_of, engine_list
from tests.conformance.matching import EXACT, matches, matches_error, points_at
from tests.conformance.stream_cases import STREAMS, StreamCase, load_streams
from tests.serving import running_server
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub

SERVICE = "wengert.v1.DifferentiationService"
DEADLINE_S = 60.0
CASES = {section: load_streams(STREAMS / f"{section}.json") for section in STREAMED}


@pytest.fixture(scope="module")
def channel() -> Iterator[grpc.Channel]:
    with running_server() as server, server.channel() as channel:
        yield channel


@pytest.fixture(scope="module")
def engine() -> adengine.Engine:
    return adengine.Engine()


def _named(section: str) -> list[Any]:
    return [pytest.param(case, id=case.name) for case in CASES[section]]


def _bytes(case: StreamCase) -> list[bytes]:
    return [each if isinstance(each, bytes) else each.SerializeToString() for each in case.requests]


def _modes(case: StreamCase) -> Iterator[v1.StreamJacobianRequest]:
    """Yield the requests that a case with an answer stands for: without a mode, both modes too."""
    (request,) = (v1.StreamJacobianRequest.FromString(data) for data in _bytes(case))
    yield request
    if not request.request.mode:
        for mode in (v1.Mode.MODE_FORWARD, v1.Mode.MODE_REVERSE):
            request.request.mode = mode
            yield request


def _check_blocks(case: StreamCase, blocks: list[v1.StreamJacobianResponse]) -> None:
    """Assert that blocks are whole, in order and no larger than they may be, and what they make together."""
    expected, tolerance = case.expect["response"], case.expect.get("tolerance", EXACT)
    shape = expected["matrix"]["shape"]
    matches({"values": expected["values"]}, blocks[0], tolerance)
    matches({"report": expected.get("report", {})}, blocks[-1], tolerance)
    ends = 0
    for number, block in enumerate(blocks):
        assert list(block.shape) == shape
        assert block.offset == ends
        assert block.HasField("values") == (number == 0)
        assert block.HasField("report") == (number == len(blocks) - 1)
        assert len(block.entries) <= case.expect["most_entries"]
        ends += len(block.entries)
    entries = np.concatenate([np.array(block.entries, dtype=np.float64) for block in blocks])
    np.testing.assert_allclose(
        entries.reshape(shape),
        tensor_array(expected["matrix"]),
        rtol=tolerance["relative"],
        atol=tolerance["absolute"],
    )


@pytest.mark.parametrize("case", _named("streamed-jacobians"))
def test_jacobians_over_a_socket(channel: grpc.Channel, case: StreamCase) -> None:
    stub = DifferentiationServiceStub(channel)
    for rpc, request in case.before:
        getattr(stub, rpc)(request, timeout=DEADLINE_S)
    if "error" not in case.expect:
        for request in _modes(case):
            _check_blocks(case, list(stub.StreamJacobian(request, timeout=DEADLINE_S)))
        return
    raw: Any = channel.unary_stream(f"/{SERVICE}/StreamJacobian")
    with pytest.raises(grpc.RpcError) as caught:
        list(raw(*_bytes(case), timeout=DEADLINE_S))
    matches_error(case.expect["error"], caught.value)


def _with_list(case: StreamCase) -> bool:
    return "response" in case.expect and not case.before


@pytest.mark.parametrize("case", [p for p in _named("streamed-jacobians") if _with_list(p.values[0])])
def test_jacobians_in_process(engine: adengine.Engine, case: StreamCase) -> None:
    for request in _modes(case):
        _check_blocks(case, blocks_of(engine, request, case.expect["most_entries"]))


def _check_answer(expected: Mapping[str, Any], found: v1.SessionResponse, tolerance: Mapping[str, float]) -> None:
    assert found.call == int(expected["call"])
    if "error" not in expected:
        assert not found.HasField("error"), found.error.message
        matches(expected["response"], found, tolerance)
        return
    error, code = found.error, getattr(grpc.StatusCode, expected["error"]["code"])
    assert found.WhichOneof("response") is None
    assert (error.code, error.reason) == (code.value[0], expected["error"]["reason"])
    assert not expected["error"]["field"] or points_at([error.field], expected["error"]["field"])
    assert 0 < len(error.message.encode()) <= 1024


@pytest.mark.parametrize("case", _named("sessions"))
def test_sessions_over_a_socket(channel: grpc.Channel, case: StreamCase) -> None:
    session: Any = channel.stream_stream(f"/{SERVICE}/Session", response_deserializer=v1.SessionResponse.FromString)
    answers = list(session(iter(_bytes(case)), timeout=DEADLINE_S))
    assert len(answers) == len(case.expect["answers"])
    for expected, found in zip(case.expect["answers"], answers, strict=True):
        _check_answer(expected, found, case.expect["tolerance"])


@pytest.mark.parametrize("case", _named("sessions"))
def test_sessions_in_process(engine: adengine.Engine, case: StreamCase) -> None:
    """Each answer is that of the call alone."""
    known: dict[str, v1.WengertList] = {}
    for data, expected in zip(_bytes(case), case.expect["answers"], strict=True):
        if "error" in expected:
            continue
        sent = v1.SessionRequest.FromString(data)
        (kind,) = expected["response"]
        request = getattr(sent, kind)
        if request.function.id:
            request.function.list.CopyFrom(known[request.function.id])
        known[engine_list(request.function.list).id] = request.function.list
        found = v1.SessionResponse(call=sent.call, **{kind: answer(engine, request)})
        _check_answer(expected, found, case.expect["tolerance"])


@pytest.mark.parametrize("section", STREAMED)
def test_files_are_what_the_generator_writes(section: str) -> None:
    assert (STREAMS / f"{section}.json").read_text() == streams_text(section), (
        "run: python -m tests.conformance.generate"
    )
    names = [case.name for case in CASES[section]]
    assert len(set(names)) == len(names)


def test_there_are_no_other_files() -> None:
    assert {path.stem for path in STREAMS.iterdir()} == set(STREAMED)
