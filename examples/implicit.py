"""An integration of POLLU by implicit steps: a deep list, in which every state depends on every parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from examples.dynamics import POLLU_BALANCE, POLLU_RATES, POLLU_REACTANTS, POLLU_START
from examples.problem import Problem
from wengert_client import ListBuilder, Variable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Number: TypeAlias = "Variable | float"
#: The entries of a matrix that are there, by row and column, counted from 1 as species are.
Matrix: TypeAlias = "dict[tuple[int, int], Number]"

_SPECIES = range(1, 21)
_END = 60.0
_GROWTH = 1.5
"""Each step is so many times as long as the one before."""


def pollu_steps(steps: int) -> Problem:
    """Give the 20 species of POLLU at t = 60 by linearly implicit Euler steps, from the 25 rate constants.

    Each solves (I - h J) d = h y' for the change d of the state, by elimination without pivots: the matrix is
    diagonally dominant by columns. The steps grow: the first reactions are over within fractions of a second.
    """
    b = ListBuilder()
    constants = b.inputs(*(f"k{r}" for r in range(1, len(POLLU_RATES) + 1)))
    state: dict[int, Number] = {species: POLLU_START.get(species, 0.0) for species in _SPECIES}
    first = _END * (_GROWTH - 1.0) / (_GROWTH**steps - 1.0)
    for step in range(steps):
        h = first * _GROWTH**step
        changes = _solved(_matrix(state, constants, h), _changes(state, constants, h))
        state = {species: value + changes[species] for species, value in state.items()}
    for species, value in state.items():
        b.output(f"y{species}", value)
    return Problem(f"POLLU, {steps} implicit steps", b, POLLU_RATES.copy())


def _changes(state: Mapping[int, Number], constants: Sequence[Variable], h: float) -> dict[int, Number]:
    """Give h y'."""
    flows: list[Number] = []
    for k, reactants in zip(constants, POLLU_REACTANTS, strict=True):
        flow: Number = h * k
        for species in reactants:
            flow = flow * state[species]
        flows.append(flow)
    changes: dict[int, Number] = {}
    for species, balance in zip(_SPECIES, POLLU_BALANCE, strict=True):
        total: Number = 0.0
        for r in balance:
            total = total + flows[r - 1] if r > 0 else total - flows[-r - 1]
        changes[species] = total
    return changes


def _matrix(state: Mapping[int, Number], constants: Sequence[Variable], h: float) -> Matrix:
    """Give I - h J."""
    slopes: dict[int, list[tuple[int, Number]]] = {}
    for r, (k, reactants) in enumerate(zip(constants, POLLU_REACTANTS, strict=True), start=1):
        others = [reactants[:place] + reactants[place + 1 :] for place in range(len(reactants))]
        flow = h * k
        slopes[r] = [
            (species, flow * state[other[0]] if other else flow)
            for species, other in zip(reactants, others, strict=True)
        ]
    matrix: Matrix = {(species, species): 1.0 for species in _SPECIES}
    for species, balance in zip(_SPECIES, POLLU_BALANCE, strict=True):
        for r in balance:
            for column, slope in slopes[abs(r)]:
                entry = matrix.get((species, column), 0.0)
                matrix[species, column] = entry - slope if r > 0 else entry + slope
    return matrix


def _solved(matrix: Matrix, right: dict[int, Number]) -> dict[int, Number]:
    """Solve a linear system whose pivots are its diagonal, those with the fewest others beside them first."""
    left, order = set(_SPECIES), []
    while left:
        pivot = min(left, key=lambda p: (len(_column(matrix, p, left)) * len(_row(matrix, p, left)), p))
        left.remove(pivot)
        order.append(pivot)
        for row in _column(matrix, pivot, left):
            factor = matrix[row, pivot] / matrix[pivot, pivot]
            for column in _row(matrix, pivot, left):
                matrix[row, column] = matrix.get((row, column), 0.0) - factor * matrix[pivot, column]
            right[row] = right[row] - factor * right[pivot]
    solution: dict[int, Number] = {}
    for pivot in reversed(order):
        total = right[pivot]
        for column in _row(matrix, pivot, set(solution)):
            total = total - matrix[pivot, column] * solution[column]
        solution[pivot] = total / matrix[pivot, pivot]
    return solution


def _row(matrix: Matrix, pivot: int, among: set[int]) -> list[int]:
    """Give the columns, among some, that a row has entries in."""
    return [column for column in _SPECIES if column in among and (pivot, column) in matrix]


def _column(matrix: Matrix, pivot: int, among: set[int]) -> list[int]:
    """Give the rows, among some, that a column has entries in."""
    return [row for row in _SPECIES if row in among and (row, pivot) in matrix]
