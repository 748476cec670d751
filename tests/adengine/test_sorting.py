"""Keys are sorted as NumPy sorts them, and whoever waits for it can be told not to."""

from __future__ import annotations

import numpy as np
import pytest

from adengine.cancellation import Cancellation
from adengine.errors import Cancelled
from adengine.sorting import sorting_order


@pytest.mark.parametrize("bits", [0, 1, 15, 16, 17, 40, 63])
@pytest.mark.parametrize("count", [0, 1, 1000, 100_000])
def test_the_order_is_the_stable_one(bits: int, count: int) -> None:
    keys = np.random.default_rng(bits).integers(0, 2**bits - 1, count, endpoint=True)
    for each in (keys, keys // 7 * 7, np.sort(keys), np.sort(keys)[::-1]):
        order = sorting_order(each)
        assert order.dtype == np.int64
        np.testing.assert_array_equal(order, np.argsort(each, kind="stable"))


def test_between_its_steps_it_can_be_cancelled() -> None:
    wish = Cancellation()
    wish.cancel()
    with wish, pytest.raises(Cancelled):
        sorting_order(np.arange(100_000))
