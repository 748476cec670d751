"""One run: a program with all that is the same for every call over as many points and directions."""

from __future__ import annotations

from typing import NamedTuple

from adengine.blocks import Blocks, Work
from adengine.counting import Cost
from adengine.errors import LimitExceeded
from adengine.jacobian import Lanes, Mode
from adengine.limits import Limits
from adengine.program import Program


class Told(NamedTuple):
    """What the report of every such call says.

    Attributes
    ----------
    mode : Mode or None
    sweeps, operations, primal_operations : int
    reason : str
    """

    mode: Mode | None
    sweeps: int
    operations: int
    primal_operations: int
    reason: str


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
    told : Told
    """

    program: Program | None
    work: Work
    lanes: Lanes
    blocks: Blocks | None
    values: int
    derivatives: int
    differentiates: bool
    told: Told


def check_work(cost: Cost, work: Work, limits: Limits) -> None:
    """Refuse a call that would compute for hours."""
    elements = work.points * (cost.elements + (work.directions - 1) * cost.seeded_elements)
    if elements > limits.call_elements:
        raise LimitExceeded("call_elements", limits.call_elements, elements, "elements that the call computes")


def check_reply(limits: Limits, elements: int, what: str, field: str) -> None:
    """Refuse replies that are too large; also points and directions of nothing, which would run for ever."""
    if elements > limits.reply_elements:
        raise LimitExceeded("reply_elements", limits.reply_elements, elements, what, field)
