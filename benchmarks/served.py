"""The questions of the in-process chapter once more, over a socket: what the wire adds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import grpc
import numpy as np

from adengine import Engine
from benchmarks.bare_server import ANY_SIZE, SIZE_BYTES
from benchmarks.checking import check
from benchmarks.contests import Contest, contests
from benchmarks.markdown import number_text, seconds_text
from benchmarks.measure import Effort, Timing, compare
from benchmarks.peers.ours import Ours
from benchmarks.peers.system import Answer, Question, Task
from benchmarks.processes import bare_server, our_server
from benchmarks.results import Chapter, Comparison, Table
from benchmarks.service import bare_call
from wengert_client import Client, Function, ValueAndDerivative

LOCAL, REMOTE, BARE, ENGINE = "in process", "through the server", "bare grpcio, as many bytes", "in the server's engine"
_REPORTS = 30
_NUMBER_BYTES = 8


def served(effort: Effort) -> Chapter:
    """Measure all contests' questions in process and through the server."""
    engine = Engine()
    comparisons = []
    with (
        our_server() as server,
        Client(server.address) as client,
        bare_server() as bare,
        grpc.insecure_channel(bare.address, options=ANY_SIZE) as channel,
    ):
        for contest in contests(quick=effort.quick):
            comparisons += _contest(contest, engine, client, channel, effort)
    text = (
        "The same calls of the engine, in this process and through a server in a process of its own, by the client, "
        "over the loopback interface; shared values go along with every call. The bare server answers requests that "
        "are as large with replies that are as large, without reading or computing anything. *Added* is what the call "
        "takes beyond the same call in process."
    )
    last = {each.title: each for each in comparisons}
    title = "The same questions through the server"
    return Chapter("served", title, text, (), comparisons, (_added(comparisons),), front=_added(list(last.values())))


def _contest(
    contest: Contest, engine: Engine, client: Client, channel: grpc.Channel, effort: Effort
) -> list[Comparison]:
    given = contest.write()
    remote = client.function(given.message)
    question = Question.of(given, remote.m)
    local = Ours(question, engine)
    found = []
    for task in contest.tasks:
        here, there = local.call(task), asked(remote, question, task)
        answer = here()
        check(_answer(there()), answer, 1e-12, f"{given.name}, {task.value}, through the server")
        sent = [question.x, *given.shared.values(), *(each for each in [question.seed(task)] if each is not None)]
        bare = bare_call(channel, _as_many_bytes(sent, answer))
        timings = compare({LOCAL: here, REMOTE: there, BARE: bare}, effort)
        facts = {"numbers sent": _numbers(sent), "numbers received": _numbers(answer)}
        found.append(Comparison(given.name, (*timings, *_in_engine(there)), LOCAL, task.value, facts))
    return found


def asked(function: Function, question: Question, task: Task) -> Callable[[], ValueAndDerivative | np.ndarray]:
    """A question put to a function on the server."""
    x, seed, shared = question.x, question.seed(task), dict(question.given.shared) or None
    if task is Task.F:
        return lambda: function.value(x, shared=shared)
    if task is Task.VJP:
        return lambda: function.value_and_vjp(x, seed, shared=shared)
    if task is Task.JACOBIAN:
        return lambda: function.value_and_jacobian(x, shared=shared)
    return lambda: function.value_and_jvp(x, seed, shared=shared)


def _answer(given: ValueAndDerivative | np.ndarray) -> Answer:
    return (given,) if isinstance(given, np.ndarray) else (given.value, given.derivative)


def _numbers(arrays: Sequence[np.ndarray]) -> int:
    return sum(array.size for array in arrays)


def _as_many_bytes(sent: Sequence[np.ndarray], received: Sequence[np.ndarray]) -> bytes:
    """A request as large as that of the question, for a reply as large as its answer's."""
    reply = (_NUMBER_BYTES * _numbers(received)).to_bytes(SIZE_BYTES, "little")
    return reply + bytes(_NUMBER_BYTES * max(0, _numbers(sent) - 1))


def _in_engine(there: Callable[[], ValueAndDerivative | np.ndarray]) -> Sequence[Timing]:
    """What reports say; values alone come without one."""
    answers = (there() for _ in range(_REPORTS))
    seconds = tuple(each.report.seconds for each in answers if not isinstance(each, np.ndarray))
    return [Timing(ENGINE, 1, seconds)] if seconds else []


def _added(comparisons: Sequence[Comparison]) -> Table:
    rows, last = [], ""
    for each in comparisons:
        local, remote, bare = (each.timing(name).median for name in (LOCAL, REMOTE, BARE))
        inside = next((timing.median for timing in each.timings if timing.name == ENGINE), None)
        rows.append([
            f"{'' if each.title == last else each.title + ': '}{each.task}",
            seconds_text(local),
            seconds_text(remote),
            seconds_text(bare),
            seconds_text(inside) if inside is not None else "",
            seconds_text(remote - local),
            number_text(remote / bare),
        ])  # fmt: skip
        last = each.title
    columns = ["median", LOCAL, REMOTE, BARE, ENGINE, "added", "/ bare"]
    return Table("What the wire adds", columns, rows)
