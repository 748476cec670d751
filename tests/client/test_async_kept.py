"""What event loops leave behind and change meanwhile: arguments, loops, sessions; deadlines of calls that wait."""

import asyncio
import gc
import threading
import time
from typing import Any

import numpy as np
import pytest

from tests.client.modes import embedded_service
from tests.client.test_embedded import MANY, endless
from tests.serving import running_server
from wengert_client import AsyncClient, Client, ConfigurationError, DeadlineExceeded, ListBuilder


def squares() -> ListBuilder:
    b = ListBuilder()
    x = b.input("x", 3)
    b.output("f", (x * x).sum())
    return b


async def blocks_of(blocks: Any) -> list[Any]:
    return [block async for block in blocks]


def test_arrays_may_change_once_a_method_was_called() -> None:
    async def test() -> None:
        async with AsyncClient() as client:
            f = await client.function(squares())
            x = np.zeros(3)
            coming: list[Any] = []
            async with client.session() as session:
                g = session.function(f)
                for each in range(3):
                    x[:] = each
                    coming += [f.gradient(x), f.hvp([x], tangents=x, weights=x[:1]), f.jacobian(x), f.gradient(x=x)]
                    coming += [asyncio.create_task(f.gradient(x)), g.ask("gradient", x), f.check(x)]
                    coming += [blocks_of(f.jacobian_blocks({"x": x}))]
                x[:] = 9
                got = await asyncio.gather(*coming)
        for each in range(3):
            gradient, hvp, jacobian, named, task, asked, checked, (block,) = got[8 * each : 8 * (each + 1)]
            for one in (gradient, jacobian, named, task, asked, block.entries):
                np.testing.assert_array_equal(np.reshape(one, 3), np.full(3, 2.0 * each))
            np.testing.assert_array_equal(np.reshape(hvp, 3), np.full(3, 2.0 * each * each))
            assert checked

    with embedded_service():
        asyncio.run(test())


def test_a_call_that_waits_for_a_thread_ends_at_its_deadline() -> None:
    async def test() -> None:
        async with AsyncClient(deadline_s=120) as client:
            f, g = await client.function(endless()), await client.function(squares())
            late = g.with_options(deadline_s=0.2)
            long = [asyncio.create_task(f.jacobian(MANY, mode="forward")) for _ in range(100)]
            await asyncio.sleep(0.1)
            with pytest.raises(DeadlineExceeded):
                await late.gradient(np.ones(3))
            with pytest.raises(DeadlineExceeded):
                await blocks_of(late.jacobian_blocks(np.ones(3)))
            assert not long[-1].done()
            for each in long:
                each.cancel()
            ended = await asyncio.gather(*long, return_exceptions=True)
            assert isinstance(ended[-1], asyncio.CancelledError)

    with embedded_service():
        asyncio.run(test())


def test_loops_that_have_ended_are_let_go() -> None:
    with running_server() as server:
        client = AsyncClient(server.address)
        f = asyncio.run(client.function(squares()))
        for _ in range(5):
            assert asyncio.run(f.value(np.ones(3))) == 3.0
        assert len(client._transport._of_loop) == 1


@pytest.mark.parametrize("embedded", [False, True])
def test_sessions_that_nobody_closes_leave_nothing(embedded: bool, capfd: pytest.CaptureFixture[str]) -> None:
    with running_server() as server, embedded_service(), Client(None if embedded else server.address) as client:
        f = client.function(squares())
        before = threading.active_count()
        for _ in range(20):
            g = f.session()
            np.testing.assert_array_equal(g.gradient(np.ones(3)), np.full(3, 2.0))
            del g
        gc.collect()
        ends = time.monotonic() + 20.0
        while threading.active_count() > before + 10 and time.monotonic() < ends:
            time.sleep(0.05)
        assert threading.active_count() <= before + 10  # one thread per session, and more, were left
    assert "different Context" not in capfd.readouterr().err


def test_options_that_a_session_would_drop_are_refused() -> None:
    async def test() -> None:
        async with AsyncClient() as client:
            f = (await client.function(squares())).with_options(request_id="mine")
            with pytest.raises(ConfigurationError, match="of a session"):
                f.session()

    with embedded_service(), Client() as client:
        f = client.function(squares()).with_options(metadata={"trace": "1"})
        with client.session() as session, pytest.raises(ConfigurationError, match="of a session"):
            session.function(f)
        with pytest.raises(ConfigurationError, match="of a session"):
            f.session()
        asyncio.run(test())
