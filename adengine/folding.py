"""Statements of constants alone: computed once, when a list is made ready, and not in every run.

The evaluator itself computes them, by the routines that the list will run on, and gives the same bits wherever a
statement stands; so no value changes, infinities and NaN included. Only what is run is folded: derivatives are made of
the list as it was given.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.blocks import Work, blocks_of
from adengine.counting import cost
from adengine.graph import FIRST, NONE, OPERATION, PARAMETER, ROWS, SECOND, SIZE, THIRD, WORDS, FlatList, Graph, finish
from adengine.graph import PARAMETERS as PARAMETERS_USED
from adengine.jacobian import Lanes
from adengine.laned import depends
from adengine.program import Program
from adengine.vector_library import Routines

_MOST_WORK = 1 << 22
"""Operations, or elements, of constant statements that are still folded: some milliseconds."""
_LEAVES = (op.INPUT, op.CONST, op.ARRAY)
_NO_ARRAY = np.zeros(0)


def folded(source: FlatList, routines: Routines) -> FlatList:
    """The list with constants in place of scalar statements of constants alone."""
    rows = source.rows
    candidates = (rows[:, SIZE] == 1) & ~np.isin(rows[:, OPERATION], _LEAVES)
    if not candidates.any():
        return source
    candidates &= ~depends(source, np.ones(max(len(source.inputs), 1), np.uint8))
    constant = np.flatnonzero(candidates).astype(np.int32)
    if not len(constant):
        return source
    alone = _needed(
        source._replace(
            inputs=np.zeros(0, np.int32), input_sizes=np.zeros(0, np.int64), seeds=0, outputs=constant,
            output_sizes=np.ones(len(constant), np.int64), results=len(constant),
        )
    )  # fmt: skip
    taken = cost(alone)
    if taken.operations + taken.elements > _MOST_WORK:
        return source
    rows = rows.copy()
    bits = _values(alone, routines).view(np.int64)
    rows[constant, OPERATION] = op.CONST
    rows[constant, FIRST] = (bits & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
    rows[constant, SECOND] = (bits >> 32).astype(np.int32)
    rows[constant, THIRD] = rows[constant, PARAMETER] = NONE
    return _needed(source._replace(rows=rows))


def _needed(flat: FlatList) -> FlatList:
    """The list without what no output needs."""
    used = np.zeros(5, np.int64)
    used[[ROWS, WORDS, PARAMETERS_USED]] = len(flat.rows), len(flat.pool), len(flat.starts) - 1
    none, words = np.zeros(0, np.uint8), np.zeros(0, np.int32)
    graph = Graph(flat.rows, none, words, flat.pool, flat.starts, words, used)
    return finish(
        graph, flat.arrays, flat.inputs, flat.input_sizes, flat.seeds, flat.outputs, flat.output_sizes, flat.results
    )


def _values(alone: FlatList, routines: Routines) -> NDArray[np.float64]:
    """The outputs of a list without inputs."""
    values = np.empty(len(alone.outputs))
    work = Work(1, 0, 1, 0, False, False, len(values), 0, 0, 0)
    program = Program(alone, np.zeros((0, 2), np.int64), np.zeros(0, np.uint8), 1, routines)
    for blocks in blocks_of(work, Lanes(True, 1)):
        program.run(blocks, _NO_ARRAY, _NO_ARRAY, _NO_ARRAY, values, _NO_ARRAY)
    return values
