"""What to write instead of the functions of NumPy that cannot be traced: one table."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["REFUSED", "refusal"]

_ORDER = "the order of elements depends on their values; np.max, np.min, np.clip and np.where can be traced"
_PLACES = "places that depend on values are no array of a fixed meaning; write np.where(condition, a, b)"
_COUNT = "how many elements there are would depend on their values; write np.where(condition, x, 0)"
_TRUTH = "it gives one truth value at once, which a trace cannot know; "
_BUFFER = "what is traced never changes; write y = x.copy(), and assign into y: y[places] = values"
_COMPLEX = "complex numbers cannot be traced; keep real and imaginary parts in arrays of their own"
_DECOMPOSED = (
    "it needs a decomposition, for which there is no primitive; where the matrix is fixed, compute it before the trace"
)
_INTEGERS = "it is for whole numbers, and all in a list is float64"
_OUTPUT = "there are no numbers yet; print or save what the function gives when it is called"
_ROOTS = "it needs eigenvalues or a fit; compute it before the trace where it does not depend on what is traced"
_TYPES = "there is one type, float64; shapes are x.shape"

#: Names of functions, by what is said of them.
_SAID: dict[str, str] = {
    _ORDER: "sort argsort partition argpartition lexsort sort_complex median nanmedian percentile nanpercentile "
    "quantile nanquantile searchsorted digitize argmax argmin nanargmax nanargmin",
    _PLACES: "nonzero flatnonzero argwhere ix_ ravel_multi_index unravel_index",
    _COUNT: "unique unique_all unique_counts unique_inverse unique_values trim_zeros histogram histogram2d histogramdd "
    "histogram_bin_edges bincount intersect1d setdiff1d setxor1d union1d",
    f"{_TRUTH}np.all(np.isclose(a, b)) gives 1 or 0": "allclose",
    f"{_TRUTH}np.all(a == b) gives 1 or 0": "array_equal array_equiv",
    _BUFFER: "put put_along_axis place putmask copyto fill_diagonal",
    _COMPLEX: "angle",
    _INTEGERS: "packbits unpackbits gcd lcm bitwise_count left_shift right_shift bitwise_left_shift "
    "bitwise_right_shift busday_count busday_offset is_busday datetime_as_string isnat",
    _OUTPUT: "array2string array_repr array_str save savez savez_compressed savetxt",
    _ROOTS: "poly roots polyfit polydiv",
    _TYPES: "can_cast common_type min_scalar_type result_type may_share_memory shares_memory",
    "call the functions themselves, one after another": "apply_over_axes",
    "write np.einsum itself; the order of its products is chosen by the shapes": "einsum_path",
    "it has no primitive; of the special functions erf, erfc, gammaln, digamma, polygamma, expit can be traced": "i0",
    "it depends on how numbers are stored, and has no derivative": "nextafter spacing frexp",
}
_LINALG: dict[str, str] = {
    _DECOMPOSED: "eig eigh eigvals eigvalsh svd svdvals qr lstsq pinv cond matrix_rank tensorinv tensorsolve",
}


def _table() -> dict[Any, str]:
    table: dict[Any, str] = {}
    for module, said in ((np, _SAID), (np.linalg, _LINALG)):
        for told, names in said.items():
            for name in names.split():
                if hasattr(module, name):
                    table[getattr(module, name)] = told
    for name in dir(np.fft):
        if callable(getattr(np.fft, name)) and not name.startswith("_") and name != "test":
            table[getattr(np.fft, name)] = (
                "transforms give complex numbers; write the product with a matrix of cosines, and one of sines"
            )
    return table


#: What is said of each function.
REFUSED: dict[Any, str] = _table()


def refusal(function: Any) -> str:
    """Give the sentence that refuses a function."""
    module = getattr(function, "__module__", "numpy") or "numpy"
    prefix = "np" if module in {"numpy", "numpy._core.multiarray"} else module.replace("numpy", "np", 1)
    name = f"{prefix}.{function.__name__}"
    told = REFUSED.get(function, "docs/numpy.md lists what can be traced, and wengert_client.ops has more")
    return f"{name} cannot be traced: {told}"
