"""Derivative lists give the numbers that the engine gives: every conformance list, random lists, awkward points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adengine import WengertList
from adengine.errors import Unsupported
from tests.adengine.machine_lists import random_list
from tests.adengine.test_sparsity import conformance_lists
from tests.conformance.in_process import engine_list
from tests.oracles.derivative_lists import check_adjoint, check_dual, points_for
from tests.oracles.test_random_lists import QUICK, array_lists, scalar_lists
from wengert import v1

BITS, ROUNDING = 0.0, 1e-12


def check(function: WengertList, seed: int, relative: float) -> None:
    """Compare both lists at ordinary and awkward points."""
    points = points_for(function.n, seed)
    check_dual(function, points, seed, relative)
    check_adjoint(function, points, seed, relative)


@pytest.mark.parametrize("part", range(4))
def test_every_conformance_list(part: int) -> None:
    refused = 0
    for number, message in enumerate(list(conformance_lists().values())[part::4]):
        try:
            check(engine_list(message), number, ROUNDING)
        except Unsupported as error:
            refused += 1
            assert "POLYGAMMA of order 21" in str(error)  # noqa: PT017  only this one may be refused
    assert refused <= 1


@QUICK
@given(scalar_lists(), st.integers(0, 2**32))
def test_scalar_lists(message: v1.WengertList, seed: int) -> None:
    check(engine_list(message), seed, BITS)


@QUICK
@given(array_lists(), st.integers(0, 2**32))
def test_array_lists(made: tuple[v1.WengertList, int], seed: int) -> None:
    check(engine_list(made[0]), seed, ROUNDING)


@pytest.mark.parametrize("part", range(4))
def test_lists_of_all_primitives_on_arrays_of_all_sizes(part: int) -> None:
    for seed in range(part, 160, 4):
        random = np.random.default_rng(seed)
        sizes = tuple(int(size) for size in random.choice([0, 1, 7, 8, 9, 64], 3))
        function = engine_list(random_list(random, 12, sizes, 3, 8))
        try:
            check(function, seed, ROUNDING)
        except Unsupported as error:
            assert "POLYGAMMA" in str(error)  # noqa: PT017  only this one may be refused


@QUICK
@given(array_lists(), st.integers(0, 2**32))
def test_selections(made: tuple[v1.WengertList, int], seed: int) -> None:
    function = engine_list(made[0])
    random = np.random.default_rng(seed)
    names = [value.name for value in function.inputs]
    by = [str(name) for name in random.permutation(names)[: random.integers(1, len(names) + 1)]]
    outputs = [str(random.choice([output.name for output in function.outputs]))]
    points = points_for(function.n, seed)
    check_dual(function, points, seed, ROUNDING, outputs=outputs, by=by)
    check_adjoint(function, points, seed, ROUNDING, outputs=outputs, by=by)
