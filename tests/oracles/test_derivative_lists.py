"""Derivative lists give the numbers that the engine gives: every conformance list, random lists, awkward points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adengine import Engine, WengertList, matrix_lists
from adengine.errors import Unsupported
from tests.adengine.machine_lists import random_list
from tests.adengine.test_sparsity import conformance_lists
from tests.conformance.in_process import engine_list
from tests.oracles import derivative_lists
from tests.oracles.derivative_lists import check_adjoint, check_dual, check_hessian, check_jacobian, points_for
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


def ordinary(n: int, seed: int) -> npt.NDArray[np.float64]:
    """Return the points at which nothing overflows that does not have to."""
    return points_for(n, seed)[:8]


@pytest.fixture(params=["entries", "sweeps"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Lists of all entries where there are any, then sweeps written out whatever they take."""
    if request.param == "sweeps":
        monkeypatch.setattr(matrix_lists, "_SLACK", 0)
        monkeypatch.setattr(matrix_lists, "_LEAST", 0)
    monkeypatch.setattr(derivative_lists, "ENGINE", Engine(machine_code=False))
    return str(request.param)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("part", range(2))
def test_matrices_of_every_conformance_list(part: int) -> None:
    for number, message in enumerate(list(conformance_lists().values())[part::2]):
        function = engine_list(message)
        try:
            check_jacobian(function, points_for(function.n, number), 1e-10)
            check_hessian(function, ordinary(function.n, number), number, 1e-10)
        except Unsupported as error:
            assert "POLYGAMMA" in str(error)  # noqa: PT017  only this one may be refused


@pytest.mark.usefixtures("way")
def test_matrices_of_random_lists() -> None:
    @settings(QUICK, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
    @given(st.one_of(scalar_lists(), array_lists().map(lambda made: made[0])), st.integers(0, 2**32))
    def check_both(message: v1.WengertList, seed: int) -> None:
        function = engine_list(message)
        check_jacobian(function, ordinary(function.n, seed), 1e-10)
        check_hessian(function, ordinary(function.n, seed), seed, 1e-10)

    check_both()


@pytest.mark.usefixtures("way")
def test_matrices_of_lists_of_all_primitives() -> None:
    for seed in range(60):
        random = np.random.default_rng(seed)
        sizes = tuple(int(size) for size in random.choice([0, 1, 3, 5], 3))
        function = engine_list(random_list(random, 10, sizes, 3, 8))
        try:
            check_jacobian(function, ordinary(function.n, seed), 1e-9)
            check_hessian(function, ordinary(function.n, seed), seed, 1e-9)
        except Unsupported as error:
            assert "POLYGAMMA" in str(error)  # noqa: PT017  only this one may be refused


@pytest.mark.usefixtures("way")
def test_matrices_of_selections() -> None:
    @settings(QUICK, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
    @given(array_lists(), st.integers(0, 2**32))
    def check_both(made: tuple[v1.WengertList, int], seed: int) -> None:
        function = engine_list(made[0])
        random = np.random.default_rng(seed)
        by = [str(name) for name in random.permutation([value.name for value in function.inputs])[:2]]
        outputs = [str(random.choice([output.name for output in function.outputs]))]
        check_jacobian(function, ordinary(function.n, seed), 1e-10, outputs, by)
        check_hessian(function, ordinary(function.n, seed), seed, 1e-10, outputs, by)

    check_both()
