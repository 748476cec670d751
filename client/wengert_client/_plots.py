"""Pictures of matrices: where entries can be, and how large they are; large ones in bins. Drawn by matplotlib."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert_client._check_results import element_name
from wengert_client._errors import MissingDependency
from wengert_client._signature import refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from wengert_client._function import Function
    from wengert_client._patterns import Sparsity
    from wengert_client._results import Floats, InputInfo, OutputInfo

__all__ = ["Entries", "axes_for", "draw_jacobian", "plot_entries", "plot_pattern"]

# A matrix of more rows or columns is drawn in bins, so many that each is some pixels of a screen.
_MOST_CELLS = 400
_BINS = 200
# With more colors nobody can tell them apart.
_MOST_COLORS = 20
_MOST_LABELS = 24
# Decades shown below the largest entry.
_DECADES = 8


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries of a matrix: their rows, columns and values, (nnz,) each."""

    shape: tuple[int, int]
    row: NDArray[Any]
    column: NDArray[Any]
    values: Floats

    @classmethod
    def of(cls, matrix: Any) -> Entries:
        """Read a dense or a sparse matrix."""
        if hasattr(matrix, "tocoo"):
            found = matrix.tocoo()
            return cls(found.shape, found.row, found.col, found.data)
        row, column = np.nonzero(matrix)  # NaN is not 0.
        return cls(matrix.shape, row, column, matrix[row, column])


def axes_for(ax: Any, shape: tuple[int, int]) -> Any:
    """Give the axes to draw on: those given, or those of a new figure that fits the matrix.

    Raises
    ------
    MissingDependency
        matplotlib is not installed.
    """
    try:
        from matplotlib import pyplot as plt  # noqa: PLC0415  optional, and slow to load
    except ImportError as error:
        told = "pictures are matplotlib's, which is not installed: pip install 'wengert[plot]'"
        raise MissingDependency(told) from error
    if ax is not None:
        return ax
    ratio = float(np.clip(shape[1] / max(1, shape[0]), 0.4, 2.5))
    return plt.subplots(figsize=(min(10.0, 5.5 * max(1.0, ratio)), min(10.0, 5.5 / min(1.0, ratio))))[1]


def plot_pattern(sparsity: Sparsity, ax: Any) -> Any:
    """Draw a pattern; see :meth:`Sparsity.plot`."""
    ax = axes_for(ax, sparsity.shape)
    if max(sparsity.shape) > _MOST_CELLS:
        counts, extent = _binned(sparsity.shape, sparsity.row, sparsity.column)
        image = _show(ax, np.where(counts > 0, counts, np.nan), extent, cmap="viridis", norm="log")
        ax.figure.colorbar(image, ax=ax, label="entries in each cell")
    else:
        _show(ax, *_colored(sparsity))
    _frame(ax, sparsity.shape)
    ax.locator_params(nbins=5, integer=True)
    density = sparsity.nnz / max(1, sparsity.shape[0] * sparsity.shape[1])
    colors = f"{sparsity.number_of_colors} colors" if sparsity.number_of_colors != 1 else "1 color"
    ax.set_title(f"{sparsity.nnz} entries, {density:.2g} of all; {colors}")
    return ax


def plot_entries(entries: Entries, outputs: Sequence[OutputInfo], inputs: Sequence[InputInfo], ax: Any) -> Any:
    """Draw entries by sign and magnitude; see :meth:`Function.plot_jacobian`."""
    ax = axes_for(ax, entries.shape)
    from matplotlib.colors import SymLogNorm  # noqa: PLC0415  it is there: the axes are

    cells, extent = _largest(entries)
    sizes = np.abs(cells[np.isfinite(cells) & (cells != 0)])
    most = float(sizes.max()) if sizes.size else 1.0
    least = max(float(sizes.min()) if sizes.size else most, most * 10.0**-_DECADES)
    norm = SymLogNorm(linthresh=least, linscale=0.1, vmin=-most, vmax=most)
    image = _show(ax, np.where(cells == 0, np.nan, cells), extent, cmap=_two_sided(), norm=norm)
    _mark(ax, entries, extent)
    ax.set_facecolor("0.93")
    ticks = _ticks(least, most)
    bar = ax.figure.colorbar(image, ax=ax, label="derivative", ticks=ticks)
    bar.ax.set_yticklabels([f"{tick:.3g}" for tick in ticks])
    bar.ax.minorticks_off()
    _frame(ax, entries.shape)
    _label(ax.yaxis, outputs, entries.shape[0])
    _label(ax.xaxis, inputs, entries.shape[1])
    return ax


def draw_jacobian(
    function: Function,
    x: Floats | None,
    bound: dict[str, Floats],
    outputs: Sequence[str],
    by: Sequence[str],
    *,
    sparse: bool,
    ax: Any,
) -> Any:
    """Ask for J at a point, and draw it; see :meth:`Function.plot_jacobian`."""
    if x is not None and x.ndim > 1:
        refuse("INVALID_POINTS", "points", f"a picture is of one point, not of {len(x)}")
    inputs = function.held.signature.inputs
    chosen = [each for name in by for each in inputs if each.name == name]
    known = {each.name: each for each in function.info.outputs}
    options: dict[str, Any] = {"shared": bound, "outputs": outputs, "with_respect_to": by}
    matrix: Any = function.jacobian(x, sparse=sparse, **options)
    chosen = chosen or [each for each in inputs if each.name not in bound]
    return plot_entries(Entries.of(matrix), [known[name] for name in outputs or known], chosen, ax)


def _two_sided() -> Any:
    """Blue below and red above, with nothing pale between: an entry is seen, however small."""
    import matplotlib as mpl  # noqa: PLC0415  it is there: the axes are
    from matplotlib.colors import ListedColormap  # noqa: PLC0415

    both = mpl.colormaps["RdBu_r"]
    return ListedColormap([*both(np.linspace(0.0, 0.36, 128)), *both(np.linspace(0.64, 1.0, 128))])


def _ticks(least: float, most: float) -> list[float]:
    """Give some powers of 10 between them, with both signs; the largest where there is none."""
    decades = np.arange(np.ceil(np.log10(least)), np.floor(np.log10(most)) + 1)
    chosen = 10.0 ** decades[:: -max(1, -(-len(decades) // 4))]
    sides = [float(each) for each in chosen] if len(chosen) else [most]
    return sorted([*sides, *(-each for each in sides)])


def _show(ax: Any, cells: Any, extent: Any, **options: Any) -> Any:
    return ax.imshow(cells, extent=extent, interpolation="nearest", aspect="auto", **options)


def _frame(ax: Any, shape: tuple[int, int]) -> None:
    ax.set(xlim=(-0.5, max(shape[1], 1) - 0.5), ylim=(max(shape[0], 1) - 0.5, -0.5), xlabel="column", ylabel="row")


def _colored(sparsity: Sparsity) -> tuple[Any, Any]:
    """Give an image of a pattern (m, n, 4), in which columns of one color have one color; and where it lies."""
    import matplotlib as mpl  # noqa: PLC0415  it is there: the axes are

    m, n = sparsity.shape
    image = np.zeros((max(m, 1), max(n, 1), 4))
    number = sparsity.number_of_colors
    if 1 < number <= _MOST_COLORS:
        palette = mpl.colormaps["tab10" if number <= _MOST_COLORS // 2 else "tab20"]
        image[sparsity.row, sparsity.column] = palette(sparsity.colors[sparsity.column])
    else:
        image[sparsity.row, sparsity.column] = (0.12, 0.29, 0.49, 1.0)
    return image, _extent(sparsity.shape)


def _extent(shape: tuple[int, int]) -> tuple[float, float, float, float]:
    return (-0.5, max(shape[1], 1) - 0.5, max(shape[0], 1) - 0.5, -0.5)


def _bins(shape: tuple[int, int], row: NDArray[Any], column: NDArray[Any]) -> tuple[tuple[int, int], NDArray[np.intp]]:
    """Give the number of cells, and for each entry the cell it is in, flattened."""
    cells = _cells(shape[0]), _cells(shape[1])
    places = zip((row, column), cells, shape, strict=True)
    down, right = (each.astype(np.int64) * number // max(size, 1) for each, number, size in places)
    return cells, down * cells[1] + right


def _cells(size: int) -> int:
    return max(size, 1) if size <= _MOST_CELLS else _BINS


def _binned(shape: tuple[int, int], row: NDArray[Any], column: NDArray[Any]) -> tuple[Floats, Any]:
    cells, at = _bins(shape, row, column)
    counts = np.bincount(at, minlength=cells[0] * cells[1]).astype(np.float64)
    return counts.reshape(cells), _extent(shape)


def _largest(entries: Entries) -> tuple[Floats, Any]:
    """Give the entry of the largest magnitude in each cell; what is no number is drawn apart."""
    cells, at = _bins(entries.shape, entries.row, entries.column)
    finite = np.isfinite(entries.values)
    at, values = at[finite], entries.values[finite]
    order = np.argsort(np.abs(values), kind="stable")
    image = np.zeros(cells[0] * cells[1])
    image[at[order]] = values[order]  # The last one written stays.
    return image.reshape(cells), _extent(entries.shape)


def _mark(ax: Any, entries: Entries, extent: Any) -> None:
    """Cross out cells that hold no number: NaN or infinity."""
    odd = ~np.isfinite(entries.values)
    if odd.any():
        cells, at = _bins(entries.shape, entries.row[odd], entries.column[odd])
        at = np.unique(at)
        width, height = (extent[1] - extent[0]) / cells[1], (extent[2] - extent[3]) / cells[0]
        x, y = extent[0] + (at % cells[1] + 0.5) * width, extent[3] + (at // cells[1] + 0.5) * height
        ax.plot(x, y, "kx", linestyle="none", label="not finite")
        ax.legend(loc="upper right")


def _label(axis: Any, infos: Sequence[OutputInfo | InputInfo], size: int) -> None:
    """Write names of inputs or outputs at an axis: of each element where they are few, else of each array."""
    axis.set_label_text("")
    if size <= _MOST_LABELS:
        names = [element_name(each.name, each.shape, at) for each in infos for at in np.ndindex(each.shape)]
        axis.set_ticks(np.arange(size), names)
    elif len(infos) <= _MOST_LABELS:
        starts = np.cumsum([0, *(each.size for each in infos)])
        middles = (starts[1:] + starts[:-1] - 1) / 2
        axis.set_ticks(middles, [each.name for each in infos])
        axis.set_ticks(starts[1:-1] - 0.5, minor=True)
        axis.grid(visible=True, which="minor", color="0.6", linewidth=0.6)
        axis.set_tick_params(length=0)
    else:
        axis.set_label_text(f"{infos[0].name} to {infos[-1].name}, {size} in all")
    if axis.axis_name == "x" and len(axis.get_ticklocs()) > _MOST_LABELS // 3:
        axis.set_tick_params(rotation=60)
