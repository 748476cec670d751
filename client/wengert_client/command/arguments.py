"""What the command takes: argparse's parser, and nothing that takes long to load."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["FORMATS", "joined", "parser"]

FORMATS = ("text", "binary", "json")

_DESCRIPTION = """\
Values and derivatives of a function that is written in a file: as source text, as a Wengert list in protobuf's binary
form, or as one in JSON. It is computed in this process, or by a server where --target or WENGERT_TARGET names one.
"""

_EPILOG = """\
exit status:
  0  done
  1  refused: the function or the point is wrong, a limit is reached, or a check failed
  2  called wrongly: an argument, or a file that it names
  3  no answer from the server: none there, too busy, too late, or it does not let you in
  4  a fault of this program or of the server

examples:
  wengert gradient f.wg --at x1=2,x2=5
  wengert jacobian f.wg --at points.csv --npz j.npz
  wengert convert f.wg --to json | wengert eval - --at x1=2,x2=5 --json
"""


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Help with room for the options' names."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=34)


def parser() -> argparse.ArgumentParser:
    """Make the parser."""
    made = argparse.ArgumentParser(
        prog="wengert", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=_Formatter, allow_abbrev=False
    )
    made.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = made.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (summary, groups) in _COMMANDS.items():
        told = f"{summary[0].upper()}{summary[1:]}."
        command = commands.add_parser(
            name, help=summary, description=told, formatter_class=_Formatter, allow_abbrev=False
        )
        for add in groups:
            add(command)
        command.add_argument("--trace", action="store_true", help="where something fails, show Python's trace")
    return made


def joined(arguments: Sequence[str]) -> list[str]:
    """Write ``--at -2,5`` as ``--at=-2,5``: argparse would take what begins with a minus for an option.

    >>> joined(["eval", "f.wg", "--at", "-2,5", "--json"])
    ['eval', 'f.wg', '--at=-2,5', '--json']
    """
    found: list[str] = []
    for each in arguments:
        if found and found[-1] in _OPTIONS_WITH_NUMBERS and _NEGATIVE.match(each):
            found[-1] = f"{found[-1]}={each}"
        else:
            found.append(each)
    return found


_OPTIONS_WITH_NUMBERS = ("--at", "--shared", "--weights")
_NEGATIVE = re.compile(r"-(?:\.?\d|inf|nan)", re.IGNORECASE)


class _Version(argparse.Action):
    """Print the version, which is looked up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  slow to load

        try:
            print(f"wengert {version('wengert')}")  # noqa: T201  what is asked for
        except PackageNotFoundError:
            print("wengert, not installed")  # noqa: T201
        parser.exit()


# ---- what commands have in common


def _source(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "source", metavar="SOURCE", help="a file with the function; - for standard input; or the id of one a server has"
    )
    command.add_argument(
        "--format", choices=("auto", *FORMATS), default="auto", help="how the source is written; auto: look at it"
    )


def _server(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("who computes")
    where = group.add_mutually_exclusive_group()
    where.add_argument(
        "--target", metavar="HOST:PORT", help="a server, or several with commas; without: WENGERT_TARGET"
    )
    where.add_argument("--embedded", action="store_true", help="this process, whatever WENGERT_TARGET says")
    group.add_argument(
        "--deadline", metavar="SECONDS", type=float, help="when to give up; 30 unless WENGERT_DEADLINE_S"
    )
    group.add_argument("--tls", action=argparse.BooleanOptionalAction, help="whether the connection is encrypted")
    group.add_argument("--tls-roots", metavar="FILE", help="certificates of authorities, PEM")
    group.add_argument("--tls-certificate", metavar="FILE", help="a certificate to show to the server, PEM")
    group.add_argument("--tls-key", metavar="FILE", help="its key, PEM")
    group.add_argument("--tls-server-name", metavar="NAME", help="the name that the server's certificate is for")
    group.add_argument(
        "--token-file", metavar="FILE", type=Path, help="a file whose first line is the token; without: WENGERT_TOKEN"
    )


def _output(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("what is printed")
    group.add_argument("--json", action="store_true", help="JSON, every number exact, in place of a table")
    group.add_argument("--npz", metavar="FILE", type=Path, help="write the arrays to a file of NumPy's")
    group.add_argument(
        "--digits", metavar="N", type=_digits, help="significant digits in tables; 10, and 6 in matrices"
    )


def _output_of_words(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="JSON in place of a table")
    command.set_defaults(npz=None)


def _point(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("where")
    group.add_argument(
        "--at",
        metavar="POINT",
        action="append",
        default=[],
        help="x=2,A=[[1,2],[3,4]]; or all inputs as one vector, 2,5; or JSON, {...}; or a file: .json, .csv, .npz or "
        ".npy; may be repeated",
    )
    group.add_argument(
        "--shared", metavar="POINT", action="append", default=[], help="inputs that are the same at all points"
    )


def _selection(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--outputs", metavar="NAMES", type=_names, help="the outputs wanted, with commas; without: all"
    )


def _derivative(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--wrt", metavar="NAMES", type=_names, help="inputs to differentiate by; without: all that are not shared"
    )


def _mode(command: argparse.ArgumentParser) -> None:
    command.add_argument("--mode", choices=("auto", "forward", "reverse"), default="auto", help="auto: the cheaper one")


def _report(command: argparse.ArgumentParser) -> None:
    command.add_argument("--report", action="store_true", help="print below the table how the answer came about")


def _sparse(command: argparse.ArgumentParser) -> None:
    command.add_argument("--sparse", action="store_true", help="only the entries that are there; needs SciPy")


def _weights(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--weights", metavar="WEIGHTS", action="append", default=[], help="of the outputs, as f=1,g=-2; others weigh 0"
    )


def _pattern(command: argparse.ArgumentParser) -> None:
    command.add_argument("--hessian", action="store_true", help="the pattern of the Hessian, not of the Jacobian")


def _describing(command: argparse.ArgumentParser) -> None:
    shown = command.add_mutually_exclusive_group()
    shown.add_argument("--text", action="store_true", help="print the function as source text, and nothing else")
    shown.add_argument("--list", action="store_true", help="print its statements, numbered, and nothing else")


def _converting(command: argparse.ArgumentParser) -> None:
    command.add_argument("--to", choices=FORMATS, help="how to write it; without: as the output's name ends")
    command.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="where to write it; without: standard output"
    )


def _listing(command: argparse.ArgumentParser) -> None:
    command.add_argument("--primitives", action="store_true", help="print the primitives served, and nothing else")


def _shell(command: argparse.ArgumentParser) -> None:
    command.add_argument("shell", choices=("bash", "zsh", "fish"), help="for which shell")


def _checking(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--tolerance",
        metavar="SHARE",
        type=_share,
        default=1e-6,
        help="how much of itself a derivative may be off; 1e-6",
    )
    command.add_argument("--seed", metavar="N", type=int, default=0, help="of what is made at random; 0")


_COMMANDS: dict[str, tuple[str, tuple[Callable[[argparse.ArgumentParser], None], ...]]] = {
    "eval": ("values of the outputs", (_source, _point, _selection, _output, _server)),
    "gradient": (
        "the gradient of a function with one output scalar",
        (_source, _point, _selection, _derivative, _mode, _report, _output, _server),
    ),
    "jacobian": (
        "the derivatives of all outputs by all inputs",
        (_source, _point, _selection, _derivative, _mode, _sparse, _report, _output, _server),
    ),
    "hessian": (
        "the second derivatives of an output, or of a weighted sum of outputs",
        (_source, _point, _weights, _selection, _derivative, _sparse, _report, _output, _server),
    ),
    "sparsity": (
        "where the Jacobian can have entries, and how many directions show them all",
        (_source, _selection, _derivative, _pattern, _output, _server),
    ),
    "check": (
        "compare derivatives with differences of values, and the modes with each other",
        (_source, _point, _selection, _derivative, _checking, _output_of_words, _server),
    ),
    "describe": ("inputs, outputs and statements of a function", (_source, _describing, _output_of_words, _server)),
    "convert": ("write a function in another form", (_source, _converting, _server)),
    "info": ("what the server, or this process, can do", (_listing, _output_of_words, _server)),
    "completion": ("a script that has a shell complete this command", (_shell,)),
}


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"{text!r}: names with commas between them are expected")
    return names


def _digits(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 17:
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number from 1 to 17 is expected")
    return int(text)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: a number from 0 to less than 1 is expected")
    return value
