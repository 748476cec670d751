"""How fast it is, beside other systems, as ratios within one run: ``python -m benchmarks`` or ``make bench``.

Every chapter is a module with a function that takes :class:`benchmarks.measure.Effort` and gives a
:class:`benchmarks.results.Chapter`; :mod:`benchmarks.chapters` lists them. Nothing here asserts a time.
"""
