"""What it costs a tiny call that the server is watched and guarded: metrics, tokens, TLS, traces."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import grpc
import numpy as np

from benchmarks.measure import Effort, Timing, compare_single_calls
from benchmarks.processes import asking_much, bare_collector, our_server
from benchmarks.results import Chapter, Comparison, Target
from benchmarks.waiting import calls_for
from examples import functions
from tests.certificates import Authority
from wengert.v1 import JacobianRequest, RegisterRequest
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
from wengert.v1.tensors import write_tensor
from wengert_server.token_file import digest_of

PLAIN, METRICS, TOKENS, LOGS = "plain", "metrics", "tokens", "a log line for each call"
TLS, TRACES, ALL = "TLS", "traces", "metrics, tokens and TLS"
IDLE, BUSY = "idle", "two large calls on all threads"
_QUICK = (PLAIN, TRACES, ALL)
_TOKEN = "a-token-for-the-benchmark-" * 2


def watched(effort: Effort) -> Chapter:
    """Measure tiny calls to servers that differ in one thing each."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        collector = stack.enter_context(bare_collector())
        servers = _environments(folder, f"http://{collector.address}")
        names = [name for name in servers if name in _QUICK or not effort.quick]
        calls = {name: _call(stack, servers[name], folder) for name in names}
        timings = compare_single_calls(calls, effort.single_calls)
    checks, longest = _health(effort)
    tiny = Comparison("Value and Jacobian of x1 x2 + sin x1", timings, PLAIN, "f and J")
    targets = [
        Target(f"tiny value and Jacobian, p50: {name} / {PLAIN}", aim, tiny.ratio(name, PLAIN), "x")
        for name, aim in ((METRICS, 1.1), (TOKENS, 1.05), (TLS, 1.15))
        if name in calls
    ]
    text = (
        "Servers that differ in what they are told to do beside answering, each a process of its own, called by the "
        "generated stub in turns, call by call; medians are p50. Connections stay open, so that TLS is the encryption "
        "alone. Traces go to a collector that keeps none, from the server's own process; metrics are counted and not "
        "asked for."
    )
    return Chapter("watched", "Watched and guarded", text, [*targets, longest], (tiny, checks))


def _health(effort: Effort) -> tuple[Comparison, Target]:
    """Time health checks to a server that is idle, then while it computes two large calls on all its threads."""
    seconds, points = (0.3, 50) if effort.quick else (6.0, 20_000)
    with our_server() as served, grpc.insecure_channel(served.address) as channel:
        check: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/grpc.health.v1.Health/Check")
        idle = calls_for(lambda: check(b""), seconds)
        with asking_much(served.address, points):
            busy = calls_for(lambda: check(b""), seconds)
    timings = (Timing(IDLE, 1, idle), Timing(BUSY, 1, busy))
    wait = Target("the longest wait for health while every thread computes", 50.0, max(busy) * 1e3, "ms")
    return Comparison("Health checks", timings, IDLE, "check", {"p99, ms": 1e3 * float(np.percentile(busy, 99))}), wait


def _environments(folder: Path, collector: str) -> dict[str, dict[str, str]]:
    tokens = folder / "tokens"
    tokens.write_text(f"benchmark sha256:{digest_of(_TOKEN).hex()}\n")
    metrics, token = {"WENGERT_METRICS_ADDRESS": "127.0.0.1:0"}, {"WENGERT_TOKEN_FILE": str(tokens)}
    found = {
        PLAIN: {},
        METRICS: metrics,
        TOKENS: token,
        LOGS: {"WENGERT_LOG_LEVEL": "debug"},
        TRACES: {"WENGERT_TRACE_ENDPOINT": collector},
    }
    if shutil.which("openssl") is None:
        print("bench: openssl is missing, so TLS is not measured")
        return found
    signed = Authority(folder).sign("server")
    tls = {"WENGERT_TLS_CERTIFICATE": str(signed.certificate), "WENGERT_TLS_KEY": str(signed.key)}
    return found | {TLS: tls, ALL: metrics | token | tls}


def _call(stack: ExitStack, variables: Mapping[str, str], folder: Path) -> Callable[[], object]:
    """Start a server; gives the tiny call to it."""
    tiny = functions.product_plus_sine()
    served = stack.enter_context(our_server(variables))
    if "WENGERT_TLS_KEY" in variables:
        roots = (folder / "authority.pem").read_bytes()
        channel = stack.enter_context(grpc.secure_channel(served.address, grpc.ssl_channel_credentials(roots)))
    else:
        channel = stack.enter_context(grpc.insecure_channel(served.address))
    stub = DifferentiationServiceStub(channel)
    sent = (("authorization", f"Bearer {_TOKEN}"),) if "WENGERT_TOKEN_FILE" in variables else None
    register = RegisterRequest()
    register.function.list.CopyFrom(tiny.builder.build())
    request = JacobianRequest()
    request.function.id = stub.Register(register, metadata=sent).info.id
    write_tensor(request.points, tiny.point)
    return lambda: stub.Jacobian(request, metadata=sent)
