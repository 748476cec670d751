"""Scripts that have a shell complete the command."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from wengert_client._errors import MissingDependency
from wengert_client.command.arguments import parser

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["run"]

_FILES = {"FILE", "SOURCE", "POINT"}


def run(given: argparse.Namespace) -> int:
    """Print the script for a shell.

    Raises
    ------
    MissingDependency
        ``shtab`` is not installed.
    """
    try:
        import shtab  # noqa: PLC0415  optional
    except ImportError as error:
        told = "completion scripts are made by shtab, which is not installed: pip install 'wengert[completion]'"
        raise MissingDependency(told) from error
    made = parser()
    for action in _actions(made):
        if action.metavar in _FILES:
            # The attribute by which shtab is told.
            vars(action)["complete"] = shtab.FILE
    script: Any = shtab.complete(made, shell=given.shell)
    print(script)  # noqa: T201  what is asked for
    return 0


def _actions(of: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield the arguments of a parser, and of its commands."""
    for action in of._actions:  # noqa: SLF001  argparse has no other way to ask
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for command in action.choices.values():
                yield from _actions(command)
