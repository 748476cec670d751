"""What functions ask of a service, for tests that count calls; and a function for tests of solvers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wengert_client import ListBuilder
from wengert_client._held import HeldFunction

if TYPE_CHECKING:
    import pytest

__all__ = ["kinds_of_requests", "rosenbrock_list"]


def kinds_of_requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kinds of all requests that functions send from now on, such as ``Jacobian``."""
    sent: list[str] = []
    ask = HeldFunction.ask

    async def spy(self: HeldFunction, rpc: Any, request: Any, ends: float | None = None) -> Any:
        sent.append(type(request).__name__.removesuffix("Request"))
        return await ask(self, rpc, request, ends)

    monkeypatch.setattr(HeldFunction, "ask", spy)
    return sent


def rosenbrock_list() -> ListBuilder:
    """Rosenbrock's function of 4 numbers, with a factor that has a default; and another output."""
    b = ListBuilder()
    x, scale = b.input("x", 4), b.input("scale", default=100.0)
    b.output("cost", (scale * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())
    b.output("sides", x[1:] - x[:-1])
    return b
