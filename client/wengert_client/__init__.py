"""Differentiation as a service: send a function as a Wengert list, get its derivatives as arrays.

A function of NumPy is run once, on arrays without values; what it does is the list::

    def log_density(y, mu, sigma):
        return -0.5 * ((y - mu) / sigma) ** 2 - np.log(sigma)

    with Client("localhost:50051") as client:   # Client() alone computes in this process
        f = client.function(log_density, inputs={"y": (), "mu": (), "sigma": ()})
        f.value([1.0, 0.0, 1.0])                # array([-0.5])
        f.gradient([1.0, 0.0, 1.0])             # array([-1.,  1.,  0.])
        f.gradient(y=1.0, mu=0.0, sigma=1.0)    # the same, by name
        f.gradient(np.ones((1000, 3)))          # at 1000 points: shape (1000, 3)
        value, jacobian = f.value_and_jacobian([1.0, 0.0, 1.0], mode="forward")

A list can also be written with operators and NumPy's functions; it is data, and nothing is computed yet:

>>> import numpy as np
>>> from wengert_client import ListBuilder
>>> b = ListBuilder()
>>> y, mu, sigma = b.inputs("y", "mu", "sigma")
>>> b.output("log_density", -0.5 * ((y - mu) / sigma) ** 2 - np.log(sigma))
>>> b.statements
6

:class:`Client` tells where servers are and what is repeated, :class:`Function` what can be asked of a
function, :class:`ListBuilder` and :mod:`wengert_client.ops` how lists are written, and
:class:`WengertError` what can go wrong.
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from wengert_client._public import *  # noqa: F403  what is public is said there
    from wengert_client._public import __all__ as __all__
else:

    def __getattr__(name: str) -> object:
        """Give a public name; they are all loaded with the first one, so that the command's help waits for none."""
        if name != "__all__" and name.startswith("_"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        public = importlib.import_module("wengert_client._public")
        globals().update({each: getattr(public, each) for each in public.__all__}, __all__=public.__all__)
        if name in globals():
            return globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        """Name what is public, too."""
        return sorted({*globals(), *__getattr__("__all__")})
