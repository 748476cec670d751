"""Run the engine's flat lists by hand: derivative lists of derivative lists, which no call asks for yet."""

import numpy as np
import numpy.typing as npt

from adengine.blocks import Work, blocks_of
from adengine.graph import FlatList
from adengine.jacobian import Lanes
from adengine.program import Program
from adengine.transfer import POINT

Floats = npt.NDArray[np.float64]


def run(flat: FlatList, x: Floats) -> list[Floats]:
    """Return each output of a flat list, run once on one lane; x holds all inputs one after another."""
    offsets = np.concatenate([[0], np.cumsum(flat.input_sizes)])[: len(flat.input_sizes)]
    sources = np.array([[POINT, offset] for offset in offsets], dtype=np.int64)
    program = Program(flat._replace(results=len(flat.outputs), seeds=0), sources, np.zeros(len(sources), np.uint8), 1)
    values, nothing = np.zeros(int(flat.output_sizes.sum())), np.zeros(1)
    work = Work(1, len(x), 1, 0, False, False, len(values), 0, 0, 0)
    for blocks in blocks_of(work, Lanes(points=True, width=1)):
        program.run(blocks, x, nothing, nothing, values, nothing.copy())
    return np.split(values, np.cumsum(flat.output_sizes)[:-1])
