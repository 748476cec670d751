"""The commands, each by its name."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from wengert_client.command import asking, checking, converting, describing, patterns
from wengert_client.command.answers import give
from wengert_client.command.connecting import connect
from wengert_client.command.sources import read

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from wengert_client import Function
    from wengert_client.command.answers import Answer

__all__ = ["run"]

_OF_A_FUNCTION: dict[str, Callable[[Namespace, Function], Answer]] = {
    "eval": asking.evaluate,
    "gradient": asking.gradient,
    "jacobian": asking.jacobian,
    "hessian": asking.hessian,
    "sparsity": patterns.sparsity,
    "check": checking.check,
}


def run(given: Namespace) -> int:
    """Run a command, and give its exit status."""
    # NaN and infinity are values like any other; NumPy need not warn of them.
    warnings.simplefilter("ignore", RuntimeWarning)
    if given.command == "convert":
        return converting.run(given)
    if given.command == "info":
        with connect(given) as client:
            return describing.info(given, client)
    source = read(given.source, given.format)
    with connect(given) as client:
        if given.command == "describe":
            return describing.describe(given, client, source)
        return give(_OF_A_FUNCTION[given.command](given, converting.function_of(client, source)), given)
