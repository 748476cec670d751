"""A decision tree over numbers, written out as lines of Python: as few comparisons as weights allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def decision_tree(codes: list[tuple[int, float]], indent: str, leaf: Callable[[int, str], list[str]]) -> list[str]:
    """Nested comparisons over sorted codes and their weights, fewer for the heavy ones; ``leaf`` writes the rest."""
    splits = _best_splits([weight for _, weight in codes])

    def lines(first: int, end: int, indent: str) -> list[str]:
        if end - first == 1:
            return leaf(codes[first][0], indent)
        middle = splits[first, end]
        return [
            f"{indent}if code < {codes[middle][0]}:",
            *lines(first, middle, indent + "    "),
            f"{indent}else:",
            *lines(middle, end, indent + "    "),
        ]

    return lines(0, len(codes), indent)


def _best_splits(weights: list[float]) -> dict[tuple[int, int], int]:
    """Where each range of leaves is split so that the weighted sum of comparisons is the least."""
    costs = {(i, i + 1): 0.0 for i in range(len(weights))}
    splits = {}
    for length in range(2, len(weights) + 1):
        for first in range(len(weights) - length + 1):
            end = first + length
            # Of equal ones the one nearest to the middle, so that no branch gets long for nothing.
            cost, _, middle = min(
                (costs[first, at] + costs[at, end], abs(2 * at - first - end), at) for at in range(first + 1, end)
            )
            splits[first, end] = middle
            costs[first, end] = cost + sum(weights[first:end])
    return splits
