"""One run: a program with all that is the same for every call over as many points and directions."""

from __future__ import annotations

from typing import NamedTuple

from adengine.blocks import Blocks, Work
from adengine.counting import Cost
from adengine.errors import LimitExceeded
from adengine.hot import Hot
from adengine.jacobian import Lanes, Mode
from adengine.limits import Limits
from adengine.pieces import Expected, description_bytes
from adengine.program import SCRATCH, VM, Program


class Told(NamedTuple):
    """What the report of every such call says.

    Attributes
    ----------
    mode : Mode or None
    sweeps, operations, primal_operations : int
    reason, tier : str
    """

    mode: Mode | None
    sweeps: int
    operations: int
    primal_operations: int
    reason: str
    tier: str


class Run(NamedTuple):
    """A program and what it runs over.

    Attributes
    ----------
    program : Program or None
        None where there is nothing to compute.
    work : Work
    lanes : Lanes
    blocks : Blocks or None
        None where they are too many to keep.
    values, derivatives : int
        How many numbers the reply has.
    differentiates : bool
        Whether the program computes the derivatives; else they are all structural zeros.
    expected : Expected
        How long it is expected to take, block by block.
    expected_ns : float
        How long in all.
    arenas : int
        How many arenas the memory of a call has room for.
    hot : Hot or None
        How hot the program is; None where it is not to be compiled.
    told : Told
    """

    program: Program | None
    work: Work
    lanes: Lanes
    blocks: Blocks | None
    values: int
    derivatives: int
    differentiates: bool
    expected: Expected
    expected_ns: float
    arenas: int
    hot: Hot | None
    told: Told

    def bytes(self, threads: int) -> int:
        """Bytes that it takes with so many threads: variables, and the reply, which is written out once more."""
        variables = 0 if self.program is None else self.program.bytes * min(self.arenas, threads, self.expected.blocks)
        return variables + 2 * 8 * (self.values + self.derivatives)

    @property
    def stale(self) -> bool:
        """Whether the program has been compiled since."""
        return self.hot is not None and self.hot.ready and self.told.tier == VM


def check_work(cost: Cost, work: Work, limits: Limits) -> None:
    """Refuse a call that would compute for hours."""
    elements = work.points * (cost.elements + (work.directions - 1) * cost.seeded_elements)
    if elements > limits.call_elements:
        raise LimitExceeded("call_elements", limits.call_elements, elements, "elements that the call computes")


def check_reply(limits: Limits, elements: int, what: str, field: str) -> None:
    """Refuse replies that are too large; also points and directions of nothing, which would run for ever."""
    if elements > limits.reply_elements:
        raise LimitExceeded("reply_elements", limits.reply_elements, elements, what, field)


def elements_that_fit(work: Work, numbers: int, limits: Limits) -> int:
    """How many elements of variables a call has room for, beside the numbers that come in and go out."""
    return max(0, limits.call_bytes - description_bytes(work)) // 8 - numbers - SCRATCH


def arenas_that_fit(program: Program, work: Work, numbers: int, limits: Limits) -> int:
    """How many arenas a call has room for, beside the numbers that come in and go out.

    Raises
    ------
    LimitExceeded
        Not even one.
    """
    beside, each = 8 * numbers, program.bytes + description_bytes(work)
    if beside + each > limits.call_bytes:
        what = "bytes of all variables, of what is given and of the reply"
        raise LimitExceeded("call_bytes", limits.call_bytes, beside + each, what)
    return (limits.call_bytes - beside) // each
