"""A client's first call: ``python docker/example.py HOST:PORT`` prints a function's values and Jacobian.

Exits 1 where they are not what the mathematics says, so that it also tells whether a service works.
"""

import sys

import numpy as np

from wengert_client import Client, ListBuilder

b = ListBuilder()
x, y = b.inputs("x", "y")
b.output("f", x * np.exp(y))
b.output("g", np.sin(x) + y)

with Client(sys.argv[1]) as client:
    function = client.function(b)
    values, jacobian = function.value_and_jacobian([0.5, 1.0])

print("values", values, "Jacobian", jacobian.tolist())
e = np.e
right = np.allclose(values, [0.5 * e, np.sin(0.5) + 1]) and np.allclose(jacobian, [[e, 0.5 * e], [np.cos(0.5), 1]])
sys.exit(0 if right else "the numbers are wrong")
