"""Functions that a server holds, and has ready, before it takes its first call.

A folder has a file for each: a ``WengertList`` as ``NAME.binpb`` or ``NAME.json``, which is held; or a
``RegisterRequest`` as ``NAME.register.binpb`` or ``NAME.register.json``, whose list is held and whose calls
are made ready, machine code included.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf import json_format
from google.protobuf.message import DecodeError

from adengine.errors import EngineError
from wengert import v1
from wengert_server.caller import Call
from wengert_server.files import CannotServe
from wengert_server.logs import with_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_log = logging.getLogger("wengert_server.preload")

_BINARY, _JSON, _REGISTER = ".binpb", ".json", ".register"


def preload(folder: str, register: Callable[[bytes], bytes]) -> int:
    """Register what is in a folder, in the order of the names.

    Parameters
    ----------
    folder
        Its path. Names that begin with a dot are passed over.
    register
        The rpc, from the bytes of a request to those of a response.

    Returns
    -------
    count
        How many functions there are.

    Raises
    ------
    CannotServe
        Something in it is no such file, or is refused; every one is named, with the reason.
    """
    paths = _paths(Path(folder))
    complaints = [complaint for path in paths for complaint in _load(path, register)]
    if complaints:
        raise CannotServe("\n".join(["what is to be preloaded cannot be used:", *complaints]))
    return len(paths)


def _paths(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise CannotServe(f"{folder}: nothing can be preloaded: {error.strerror}") from None


def _load(path: Path, register: Callable[[bytes], bytes]) -> Iterator[str]:
    """Register one file; gives what is wrong with it."""
    started = time.perf_counter()
    try:
        request = _read(path)
        with Call("Register", f"preload-{path.name}"):
            answer = register(request.SerializeToString())
    except EngineError as error:
        for violation in error.violations:
            yield f"{path}: {violation.field}: {violation.description}" if violation.field else f"{path}: {error}"
    except (OSError, ValueError, DecodeError, json_format.Error) as error:
        yield f"{path}: {' '.join(str(error).split())}"
    else:
        function = v1.RegisterResponse.FromString(answer).info.id
        fields = with_fields(file=path.name, id=function, seconds=round(time.perf_counter() - started, 3))
        _log.info("preloaded", extra=fields)


def _read(path: Path) -> v1.RegisterRequest:
    if path.suffix not in (_BINARY, _JSON):
        raise ValueError(f"a name that ends in {_BINARY} or {_JSON} was expected")
    request = v1.RegisterRequest()
    message = request if path.stem.endswith(_REGISTER) else request.function.list
    if path.suffix == _BINARY:
        message.ParseFromString(path.read_bytes())
    else:
        json_format.Parse(path.read_text(encoding="utf-8"), message)
    return request
