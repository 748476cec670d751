"""The client for event loops: many calls at once, cancellation, loops, forks; what it computes: the other tests."""

import asyncio
import os
import pickle
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import numpy as np
import pytest

from tests.client.fake import fail, fake_server, slow
from tests.client.modes import embedded_service
from tests.client.test_embedded import MANY, alone, endless, tiny
from tests.serving import running_server
from wengert_client import (
    AsyncClient,
    AsyncFunction,
    Cancelled,
    Client,
    ClientClosed,
    DeadlineExceeded,
    InvalidRequest,
    ListBuilder,
    TracedFunction,
    Unavailable,
)

X = np.random.default_rng(0).normal(size=(500, 2))
GRADIENTS = np.stack([X[:, 1] + np.cos(X[:, 0]), X[:, 0]], axis=1)


@pytest.fixture(scope="module", params=["served", "embedded"])
def target(request: pytest.FixtureRequest) -> Iterator[str | None]:
    if request.param == "served":
        with running_server() as server:
            yield server.address
    else:
        with embedded_service():
            yield None


def run(test: Callable[[AsyncClient], Awaitable[None]], target: str | None, deadline_s: float = 120) -> None:
    async def main() -> None:
        async with AsyncClient(target, deadline_s=deadline_s) as client:
            await test(client)

    asyncio.run(main(), debug=False)


def test_hundreds_of_calls_at_once(target: str | None) -> None:
    async def test(client: AsyncClient) -> None:
        f = await client.function(tiny())
        found = await asyncio.gather(*(f.gradient(x) for x in X))
        np.testing.assert_allclose(np.stack(found), GRADIENTS, rtol=1e-12)
        await client.forget(f)
        both = await asyncio.gather(*(f.value_and_jacobian(x) for x in X))
        np.testing.assert_allclose(np.stack([each.derivative[0] for each in both]), GRADIENTS, rtol=1e-12)

    run(test, target)


def test_the_loop_goes_on_meanwhile(target: str | None) -> None:
    async def test(client: AsyncClient) -> None:
        f = await client.function(endless())
        await f.value(MANY[:2])
        call = asyncio.create_task(f.jacobian(MANY, mode="forward"))
        for _ in range(5):
            await asyncio.sleep(0.001)
            assert not call.done()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    run(test, target)


def test_cancelling_a_task_cancels_the_call(target: str | None) -> None:
    async def test(client: AsyncClient) -> None:
        f = await client.function(endless())
        await f.value(MANY[:2])
        calls = [asyncio.create_task(f.jacobian(MANY, mode="forward")) for _ in range(4)]
        await asyncio.sleep(0.2)
        started = time.monotonic()
        for call in calls:
            call.cancel()
        found = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in found)
        # What was computed for them has ended too: a later call is not kept waiting.
        await f.value(MANY[:2])
        assert time.monotonic() - started < 30
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await f.jacobian(MANY, mode="forward")

    run(test, target, 600)


def test_deadlines(target: str | None) -> None:
    async def test(client: AsyncClient) -> None:
        f = await client.function(endless())
        await f.value(MANY[:2])
        late = await client.function(endless(), deadline_s=0.3)
        with pytest.raises(DeadlineExceeded):
            await late.jacobian(MANY, mode="forward")

    run(test, target)


def test_closing_cancels(target: str | None) -> None:
    async def test(client: AsyncClient) -> None:
        f = await client.function(endless())
        await f.value(MANY[:2])
        call = asyncio.create_task(f.jacobian(MANY, mode="forward"))
        await asyncio.sleep(0.2)
        await client.close()
        with pytest.raises(Cancelled):
            await call
        with pytest.raises(ClientClosed):
            await f.value(MANY[:2])

    run(test, target, 600)


def test_a_loop_after_another_and_two_at_once(target: str | None) -> None:
    client = AsyncClient(target, deadline_s=120)
    made: list[AsyncFunction] = []

    async def ask() -> None:
        if not made:
            made.append(await client.function(tiny()))
        found = await asyncio.gather(*(made[0].gradient(x) for x in X[:20]))
        np.testing.assert_allclose(np.stack(found), GRADIENTS[:20], rtol=1e-12)

    asyncio.run(ask())
    asyncio.run(ask())
    threads = [threading.Thread(target=lambda: asyncio.run(ask())) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    copy = pickle.loads(pickle.dumps(made[0]))  # noqa: S301 - made in this line

    async def ask_copy() -> None:
        assert (await copy.value(X[0])).shape == (1,)

    asyncio.run(ask_copy())


def test_sessions(target: str | None) -> None:
    async def test(client: AsyncClient) -> None:
        f = await client.function(tiny())
        async with client.session(in_flight=8) as session:
            g = session.function(f)
            np.testing.assert_allclose(await g.ask("gradient", X[0]), GRADIENTS[0], rtol=1e-12)
            found = [each async for each in g.each("gradient", X)]
            np.testing.assert_allclose(np.stack(found), GRADIENTS, rtol=1e-12)
            futures = [await g.submit("value", x) for x in X[:100]]
            assert len(await asyncio.gather(*futures)) == 100
            with pytest.raises(InvalidRequest, match="points have shape"):
                await g.ask("value", [1.0])
        with pytest.raises(ClientClosed):
            await g.ask("value", X[0])

    run(test, target)


def test_blocks_come_one_by_one(target: str | None) -> None:
    async def test(client: AsyncClient) -> None:
        b = ListBuilder()
        x = b.input("x", 600)
        b.output("f", x * x.sum())
        f = await client.function(b)
        whole = await f.jacobian(np.ones(600))
        np.testing.assert_array_equal(await f.jacobian(np.ones(600), stream=True), whole)
        found: list[np.ndarray] = []
        shapes: set[tuple[int, ...]] = set()
        async for block in f.jacobian_blocks(np.ones(600), block_bytes=100_000):
            assert block.offset == sum(len(each) for each in found)
            found.append(block.entries)
            shapes.add(block.shape)
        assert len(found) > 10
        np.testing.assert_array_equal(np.concatenate(found).reshape(600, 600), whole)
        assert shapes == {(600, 600)}
        async for block in f.jacobian_blocks(np.ones(600), block_bytes=100_000):
            assert block.values is not None
            break

    run(test, target)


def test_what_is_written_out_and_checked(target: str | None) -> None:
    async def test(client: AsyncClient) -> None:
        f = await client.function(tiny())
        assert repr(f) == "<AsyncFunction of (x1, x2)>"
        assert "MULTIPLY" in str(f)
        assert (f.n, f.m, f.statements, len(f.id)) == (2, 1, 3, 64)
        dual = await f.differentiate("dual")
        assert isinstance(dual, AsyncFunction)
        assert dual.n == 4
        assert (await f.check([1.0, 2.0])).passed
        traced = await client.function(lambda x: np.sin(x).sum(), inputs={"x": (3,)})
        assert await traced(np.zeros(3)) == 0.0
        assert traced.restore(await traced.value(np.zeros(3))) == 0.0
        assert list(traced.restore_inputs(await traced.gradient(np.zeros(3)))["x"]) == [1.0, 1.0, 1.0]
        with pytest.raises(TypeError, match="only a function of NumPy"):
            await f([1.0, 2.0])
        assert "sin(x1)" in await f.text()
        assert repr(client).startswith("AsyncClient of ")

    run(test, target)


def test_all_names_are_there() -> None:
    def names(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_")}

    # These put requests and answers together, for other parts of the client.
    parts = {"arrays_of", "by_position", "held_as", "opened_blocks", "put_together"}
    assert names(TracedFunction) - names(AsyncFunction) == parts
    assert names(Client) == names(AsyncClient)


# ---- with servers that err


@asynccontextmanager
async def failing() -> AsyncIterator[tuple[Any, AsyncFunction]]:
    b = ListBuilder()
    b.output("f", b.input("x", 3).sum())
    with fake_server() as fake:
        async with AsyncClient(fake.address, max_attempts=3) as client:
            yield fake, await client.function(b)


def test_calls_are_repeated_and_given_up() -> None:
    async def test() -> None:
        async with failing() as (fake, f):
            busy = fail(grpc.StatusCode.UNAVAILABLE, "busy", "OVERLOADED")
            fake.failures.extend([busy, busy])
            assert (await f.value([1.0, 2.0, 3.0])).tolist() == [6.0]
            fake.failures.extend([busy] * 3)
            with pytest.raises(Unavailable, match="busy") as caught:
                await f.value([1.0, 2.0, 3.0])
            assert caught.value.reason == "OVERLOADED"
            fake.held.clear()
            assert (await f.value([1.0, 2.0, 3.0])).tolist() == [6.0]
            fake.failures.append(slow(1.0))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(f.value([1.0, 2.0, 3.0]), 0.1)

    asyncio.run(test())


def test_what_one_server_does_not_answer_another_does() -> None:
    async def test() -> None:
        b = ListBuilder()
        b.output("f", b.input("x", 3).sum())
        with fake_server() as one, fake_server() as other:
            async with AsyncClient(["127.0.0.1:1", one.address, other.address], deadline_s=30) as client:
                f = await client.function(b)
                one.failures.extend([fail(grpc.StatusCode.UNAVAILABLE)] * 1000)
                for _ in range(20):
                    assert (await f.value([1.0, 2.0, 3.0])).tolist() == [6.0]

    asyncio.run(test())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_has_a_loop_of_its_own() -> None:
    program = """
import asyncio, os, warnings
import numpy as np
from wengert_client import AsyncClient, ListBuilder
warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads
b = ListBuilder()
x1, x2 = b.inputs("x1", "x2")
b.output("f", x1 * x2 + np.sin(x1))
client = AsyncClient()
async def ask():
    f = await client.function(b)
    return (await asyncio.gather(*(f.gradient([0.0, 3.0]) for _ in range(50))))[-1].tolist()
assert asyncio.run(ask()) == [4.0, 0.0]
child = os.fork()
if child == 0:
    assert asyncio.run(ask()) == [4.0, 0.0]
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(asyncio.run(ask()))
"""
    assert alone(program) == "[4.0, 0.0]\n"
