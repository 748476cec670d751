"""Requests damaged at random: whatever arrives, the answer is proper and the server goes on."""

import random
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from grpc_status import rpc_status

from tests.conformance.cases import DATA, Case, load, variants
from tests.conformance.generate import SECTIONS
from tests.conformance.matching import EXACT, matches
from tests.fuzz.damage import damaged, misshapen
from tests.serving import running_server
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub

SEEDS = range(8)
REQUESTS = 120
EXPECTED = {"INVALID_ARGUMENT", "UNIMPLEMENTED", "FAILED_PRECONDITION", "RESOURCE_EXHAUSTED"}


@pytest.fixture(scope="module")
def channel() -> Iterator[grpc.Channel]:
    with running_server() as server, server.channel() as channel:
        yield channel


@pytest.fixture(scope="module")
def originals() -> list[Case]:
    everything = [case for section in SECTIONS for case in load(DATA / f"{section}.json")]
    return [case for case in everything if len(case.request_bytes) < 2000]


def _check_answer(channel: grpc.Channel, rpc: str, request: bytes) -> None:
    call: Any = channel.unary_unary(f"/wengert.v1.DifferentiationService/{rpc}")
    try:
        call(request, timeout=60.0)
    except grpc.RpcError as error:
        answer: Any = error
        shown = f"{rpc} {request.hex()}: {answer.code()} {answer.details()}"
        assert answer.code().name in EXPECTED, shown
        status = rpc_status.from_call(answer)
        assert status is not None, shown
        info, fields = ErrorInfo(), BadRequest()
        for detail in status.details:
            if not detail.Unpack(info):
                detail.Unpack(fields)
        assert info.reason, shown
        assert 0 < len(status.message.encode()) <= 1024, shown
        assert status.ByteSize() <= 4096, shown


@pytest.mark.parametrize("seed", SEEDS)
def test_damaged_bytes(channel: grpc.Channel, originals: list[Case], seed: int) -> None:
    source = random.Random(seed)  # noqa: S311  reproducible, not secret
    for _ in range(REQUESTS):
        case = source.choice(originals)
        _check_answer(channel, case.rpc, damaged(case.request_bytes, source))


@pytest.mark.parametrize("seed", SEEDS)
def test_misshapen_lists(channel: grpc.Channel, originals: list[Case], seed: int) -> None:
    source = random.Random(seed)  # noqa: S311  reproducible, not secret
    numeric = [
        c
        for c in originals
        if c.rpc in {"Evaluate", "Jvp", "Vjp", "Jacobian", "Hessian", "Hvp"} and not isinstance(c.request, bytes)
    ]
    for _ in range(REQUESTS):
        case = source.choice(numeric)
        request = getattr(v1, f"{case.rpc}Request").FromString(case.request_bytes)
        misshapen(request.function.list, source)
        _check_answer(channel, case.rpc, request.SerializeToString())


def test_the_server_goes_on(channel: grpc.Channel) -> None:
    """Runs last in this file."""
    case = load(DATA / "lecture.json")[1]
    for request, expected in variants(case):
        response = DifferentiationServiceStub(channel).Jacobian(request)
        matches(expected, response, case.expect.get("tolerance", EXACT))
