"""Where derivatives can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wengert_client.command.answers import Answer

if TYPE_CHECKING:
    from argparse import Namespace

    from wengert_client import Function, Sparsity

__all__ = ["sparsity"]

#: Patterns up to so many rows and columns are drawn.
_DRAWN_ROWS, _DRAWN_COLUMNS = 40, 72


def sparsity(given: Namespace, function: Function) -> Answer:
    """Give the pattern of the Jacobian or the Hessian, and its colors."""
    found = function.sparsity(outputs=given.outputs, with_respect_to=given.wrt, hessian=given.hessian)
    fields = {
        "id": function.id,
        "shape": list(found.shape),
        "entries": found.nnz,
        "colors": found.number_of_colors,
        "row": found.row,
        "column": found.column,
        "color": found.colors,
    }
    return Answer(fields, lambda: _table(found, "Hessian" if given.hessian else "Jacobian"))


def _table(found: Sparsity, what: str) -> str:
    r, c = found.shape
    size = r * c
    share = f", {100 * found.nnz / size:.3g} %" if size else ""
    told = [
        f"{what}: {r} x {c}, {found.nnz} entries{share}",
        f"{found.number_of_colors} of {c} directions show all entries",
    ]
    if 0 < r <= _DRAWN_ROWS and 0 < c <= _DRAWN_COLUMNS:
        told += ["", *_drawn(found)]
    return "\n".join(told)


def _drawn(found: Sparsity) -> list[str]:
    page = np.full(found.shape, ".")
    page[found.row, found.column] = "x"
    return ["".join(row) for row in page]
