"""What a list or a call may cost at most."""

from __future__ import annotations

from dataclasses import dataclass

MOST_ELEMENTS = 2**31 - 1
MOST_CALL_BYTES = 2**35
"""No limit may be set higher than these."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that hold before anything is allocated.

    Attributes
    ----------
    statements : int
        Statements of one list.
    variable_elements : int
        Elements of one variable, input, tensor or index array.
    list_elements : int
        Elements of all variables of a list together.
    reply_elements : int
        Elements of the largest array of a reply, such as K * m * n_w of a Jacobian.
    call_bytes : int
        Bytes that one call may take while it runs.
    call_elements : int
        Elements that one call may compute: those of all variables, times points and sweeps.
    kept_bytes : int
        Bytes of flat lists, derivative lists, instructions and arenas kept for later calls; what was used least
        recently goes first.
    pattern_entries : int
        Entries of one sparsity pattern.
    compiled_statements : int
        Statements of one list that is compiled to machine code; longer ones stay with the evaluator. Above 10^5
        irregular statements the code no longer fits the caches, and gains little.
    inputs, outputs : int
        Inputs and outputs of one list.
    body_depth, bodies : int
        How deep lists may nest, and how many bodies a list may have in all.
    name_bytes, rank : int
        Length of one name; dimensions of one variable. Both are part of the contract and do not change.
    """

    statements: int = 2_000_000
    variable_elements: int = 1 << 27
    list_elements: int = 1 << 29
    reply_elements: int = 1 << 27
    call_bytes: int = 4 << 30
    call_elements: int = 1 << 38
    kept_bytes: int = 4 << 30
    pattern_entries: int = 1 << 26
    compiled_statements: int = 200_000
    inputs: int = 100_000
    outputs: int = 100_000
    body_depth: int = 16
    bodies: int = 1_000
    name_bytes: int = 255
    rank: int = 32

    def __post_init__(self) -> None:
        """Sizes are int32 and addresses uint32 inside the engine."""
        for name, most in (("variable_elements", MOST_ELEMENTS), ("call_bytes", MOST_CALL_BYTES)):
            if not 0 < getattr(self, name) <= most:
                raise ValueError(f"the limit {name} is {getattr(self, name)}, expected 1 to {most}")


DEFAULT_LIMITS = Limits()
"""What holds where nothing else is said."""
