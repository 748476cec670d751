"""The command that makes a token: the line for the server's file on standard output, the token on standard error."""

from __future__ import annotations

import argparse
import secrets
import sys
from typing import TYPE_CHECKING

from wengert_server.token_file import check_subject, digest_of, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

_BYTES = 32
_LEAST = 32


def main(arguments: Sequence[str] | None = None) -> int:
    """Make a token, or the line for one read from standard input; gives the exit status."""
    parser = argparse.ArgumentParser(
        prog="wengert-token",
        description="Makes a token at random. The line for the server's file of tokens goes to standard output, the "
        "token itself to standard error, once: nothing else has it.",
        epilog="wengert-token team-a calls=8 >> tokens",
        allow_abbrev=False,
    )
    parser.add_argument("subject", help="in whose name the token lets calls in")
    parser.add_argument(
        "grants", nargs="*", metavar="NAME=NUMBER", help="calls=, functions=, function_bytes=: the most it may have"
    )
    parser.add_argument("--stdin", action="store_true", help="read a token made elsewhere, at random, in one line")
    given = parser.parse_args(arguments)
    token = sys.stdin.readline().strip() if given.stdin else f"wengert_{secrets.token_urlsafe(_BYTES)}"
    if len(token) < _LEAST or not (token.isascii() and token.isprintable()) or " " in token:
        parser.error(f"a token has at least {_LEAST} printable ASCII characters, made at random, and no space")
    line = " ".join([given.subject, f"sha256:{digest_of(token).hex()}", *given.grants])
    try:
        check_subject(given.subject)
        parse(line)
    except ValueError as error:
        parser.error(str(error))
    print(line)  # noqa: T201  what the command is for
    if not given.stdin:
        print(token, file=sys.stderr)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
