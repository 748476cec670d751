"""Progress of work that takes more than a second: shown on a terminal or in a notebook, or where it is asked for."""

from __future__ import annotations

import sys
import threading
from time import monotonic
from typing import TYPE_CHECKING, Any

from wengert_client._errors import MissingDependency

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

__all__ = ["NO_PROGRESS", "Bars", "Progress"]

DELAY_S = 1.0
"""Nobody is shown a bar for less."""


class Bars:
    """Makes progress bars, of ``tqdm``.

    Parameters
    ----------
    wanted
        True: at once. None: after a second, on a terminal or in a notebook, where tqdm is installed. False: never.

    Raises
    ------
    MissingDependency
        Bars are wanted at once, and tqdm is not installed.
    """

    def __init__(self, wanted: bool | None) -> None:
        self._make = _tqdm() if wanted else None
        self._later = wanted is None

    def __call__(self, what: str, total: int, unit: str) -> Progress:
        """Give the progress of some work.

        Parameters
        ----------
        what
            What is waited for.
        total
            How much there is of it.
        unit
            What is counted; ``"B"`` for bytes.
        """
        return Progress(self._make, what, total, unit, later=self._later and _somebody_looks())


NO_PROGRESS = Bars(wanted=False)


class Progress:
    """How much of some work is done; for use in a ``with`` statement, and from many threads."""

    def __init__(self, make: Callable[..., Any] | None, what: str, total: int, unit: str, *, later: bool) -> None:
        self._make = make
        self._shape: dict[str, Any] = {"desc": what, "total": total, "unit": unit, "unit_scale": unit == "B"}
        self._later = later
        self._leave = make is not None
        self._since = monotonic()
        self._done = 0
        self._lock = threading.Lock()
        self._bar: Any = self._new() if make is not None else None

    def add(self, number: int) -> None:
        """Tell that so much more is done."""
        if self._bar is None and not self._later:
            return
        with self._lock:
            self._done += number
            if self._bar is not None:
                self._bar.update(number)
            elif monotonic() - self._since > DELAY_S and self._done < self._shape["total"]:
                self._show()

    def close(self) -> None:
        """Let go of the bar, which stays to be seen where it was asked for."""
        if self._bar is not None:
            self._bar.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _show(self) -> None:
        self._later = False
        try:
            self._make = _tqdm()
        except MissingDependency:
            return  # It was not asked for.
        self._bar = self._new()

    def _new(self) -> Any:
        assert self._make is not None  # noqa: S101  for whom reads types
        return self._make(leave=self._leave, initial=self._done, **self._shape)


def _tqdm() -> Callable[..., Any]:
    try:
        from tqdm.auto import tqdm  # noqa: PLC0415  optional
    except ImportError as error:
        told = "progress bars are tqdm's, which is not installed: pip install 'wengert[progress]'"
        raise MissingDependency(told) from error
    made: Callable[..., Any] = tqdm
    return made


def _somebody_looks() -> bool:
    """Whether output goes to a terminal or into a notebook."""
    return sys.stderr is not None and (sys.stderr.isatty() or "ipykernel" in sys.modules)
