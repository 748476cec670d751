"""The pool: every piece once, errors, fairness, a bound on what runs at once, fork and exit."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from itertools import groupby
from typing import Any

import pytest

from adengine.pool import Pool

WAIT_S = 60.0


@pytest.mark.parametrize("threads", [1, 2, 3, 5])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 100])
def test_every_piece_runs_once(threads: int, count: int) -> None:
    ran: list[int] = []
    Pool(threads).run(ran.append, range(count))
    assert sorted(ran) == list(range(count))


def test_a_piece_that_fails_ends_the_call() -> None:
    """No piece begins after the error was seen, and none still runs when the caller has it."""
    begun: list[int] = []
    running = 0
    lock = threading.Lock()

    def task(k: int) -> None:
        nonlocal running
        with lock:
            begun.append(k)
            running += 1
        try:
            if k == 5:
                raise MemoryError
        finally:
            with lock:
                running -= 1

    pool = Pool(2)
    with pytest.raises(MemoryError):
        pool.run(task, range(1000))
    assert running == 0
    assert len(begun) < 20
    pool.run(begun.append, [1000])
    assert begun[-1] == 1000


def test_the_first_error_is_told_when_several_fail() -> None:
    def task(k: int) -> None:
        raise ValueError(f"piece {k}")

    with pytest.raises(ValueError, match="piece 0"):
        Pool(3).run(task, range(10))


@pytest.mark.parametrize("at_once", [1, 2, 3, None])
def test_no_more_run_at_once_than_allowed(at_once: int | None) -> None:
    threads = 4
    allowed = at_once or threads
    lock, running, most = threading.Lock(), 0, 0
    # Opens when as many run as may; a piece more would pass it, and be counted.
    full = threading.Barrier(allowed)

    def task(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        full.wait(WAIT_S)
        with lock:
            running -= 1

    Pool(threads).run(task, range(12 * allowed), at_once)
    assert most == allowed


def _nothing(_: int) -> None:
    pass


class Watched(Executor):
    """One thread, and a count of the pieces of each call that it was given and has not begun."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(1)
        self.changed = threading.Condition()
        self.queued: Counter[str] = Counter()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        with self.changed:
            self.queued[args[0][0]] += 1
            self.changed.notify_all()
        return self._threads.submit(fn, *args, **kwargs)


def test_two_calls_take_turns() -> None:
    """A large call that came first does not keep one that came later waiting for more than a few pieces."""
    executor = Watched()
    pool = Pool(1, executor)
    pieces = {"first": 60, "second": 20}
    left = dict(pieces)
    order: list[str] = []

    def task(piece: tuple[str, int]) -> None:
        """Wait until the other call has something to run, or nothing left: both are then in the queue."""
        name, _ = piece
        other = "second" if name == "first" else "first"
        with executor.changed:
            executor.queued[name] -= 1
            assert executor.changed.wait_for(lambda: executor.queued[other] or not left[other], WAIT_S)
            left[name] -= 1
            order.append(name)
            executor.changed.notify_all()

    def call(name: str) -> None:
        pool.run(task, [(name, k) for k in range(pieces[name])])

    callers = [threading.Thread(target=call, args=(name,)) for name in pieces]
    callers[0].start()
    with executor.changed:
        assert executor.changed.wait_for(lambda: executor.queued["first"], WAIT_S)
    callers[1].start()
    for caller in callers:
        caller.join(WAIT_S)
    assert Counter(order) == pieces
    together = order[: len(order) - order[::-1].index("second")]
    longest = max(len(list(run)) for _, run in groupby(together))
    assert longest <= 3, order
    assert abs(together.count("first") - together.count("second")) <= 4, order


def test_an_executor_that_is_given_runs_the_pieces_and_stays_open() -> None:
    with ThreadPoolExecutor(2, thread_name_prefix="given") as executor:
        names: set[str] = set()
        pool = Pool(2, executor)
        pool.run(lambda _: names.add(threading.current_thread().name.split("_")[0]), range(8))
        pool.close()
        assert names == {"given"}
        assert executor.submit(int).result(WAIT_S) == 0


def test_a_pool_needs_a_thread() -> None:
    with pytest.raises(ValueError, match="threads is 0, expected 1 or more"):
        Pool(0)


def test_a_closed_pool_takes_no_more_calls() -> None:
    pool = Pool(2)
    pool.run(_nothing, [1, 2])
    pool.close()
    with pytest.raises(RuntimeError, match="shutdown"):
        pool.run(_nothing, [1, 2])


@pytest.mark.parametrize(("threads", "count"), [(1, 9), (4, 1)])
def test_what_threads_would_not_hasten_runs_where_it_was_asked(threads: int, count: int) -> None:
    """But only one such call at a time: another one takes the threads."""
    pool = Pool(threads)
    here: set[bool] = set()
    there: set[bool] = set()

    def second(_: int) -> None:
        there.add(threading.current_thread() is threading.main_thread())

    def task(_: int) -> None:
        here.add(threading.current_thread() is threading.main_thread())
        pool.run(second, range(count))

    pool.run(task, range(count))
    assert here == {True}
    assert there == {False}


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux alone")
@pytest.mark.parametrize("threads", [1, 2])
def test_threads_that_compute_give_way(threads: int) -> None:
    """And the thread that asks does not: it answers small calls too."""
    before = _priority()
    found: set[int] = set()
    Pool(threads, niceness=3).run(lambda _: found.add(_priority()), range(20))
    assert found == {min(19, before + 3)}
    assert _priority() == before
    soon_over: set[int] = set()
    Pool(threads, niceness=3).run(lambda _: soon_over.add(_priority()), [0])
    assert soon_over == {before}


def _priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@pytest.mark.parametrize("niceness", [-1, 20])
def test_nobody_gives_way_more_than_that(niceness: int) -> None:
    with pytest.raises(ValueError, match=f"niceness is {niceness}, expected 0 to 19"):
        Pool(1, niceness=niceness)


def test_threads_end_when_the_pool_is_gone() -> None:
    before = set(threading.enumerate())
    pool = Pool(3)
    pool.run(_nothing, range(10))
    made = {each for each in set(threading.enumerate()) - before if each.name.startswith("compute")}
    assert made
    del pool
    for thread in made:
        thread.join(WAIT_S)
        assert not thread.is_alive()


_FORK = """
import os
from adengine.pool import Pool

pool = Pool(2)
done = []
pool.run(done.append, range(10))
child = os.fork()
if not child:
    pool.run(done.append, range(10))
    os._exit(len(done))
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 20
pool.run(done.append, range(10))
print(len(done))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks on this system")
def test_a_child_makes_threads_of_its_own() -> None:
    assert _output(_FORK) == "20"


_EXIT = """
import threading
import time
from adengine.pool import Pool

pool = Pool(2)
begun = threading.Event()

def task(k):
    begun.set()
    time.sleep(0.001)

threading.Thread(target=pool.run, args=(task, range(10**9)), daemon=True).start()
begun.wait()
print("over")
"""


def test_the_interpreter_ends_while_a_call_runs() -> None:
    assert _output(_EXIT) == "over"


def _output(program: str) -> str:
    command = [sys.executable, "-W", "ignore", "-c", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=True).stdout.strip()
