"""All groups of probes, in the order of the page."""

from tests.numpy_probes import elementwise, moves, products, statistics

GROUPS = [
    elementwise.OPERATORS,
    elementwise.UFUNCS,
    elementwise.SPECIAL,
    moves.INDEXING,
    moves.BUFFERS,
    moves.MOVES,
    statistics.STATISTICS,
    statistics.CALCULUS,
    statistics.CHOICES,
    products.PRODUCTS,
    products.LINEAR_ALGEBRA,
]
PROBES = [probe for group in GROUPS for probe in group.probes]
