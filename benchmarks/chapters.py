"""All benchmarks by name, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.big_list import big_list
from benchmarks.cluster import cluster
from benchmarks.in_process import in_process
from benchmarks.many_points import many_points
from benchmarks.measure import Effort
from benchmarks.paper import paper
from benchmarks.results import Chapter
from benchmarks.scaling import scaling
from benchmarks.served import served
from benchmarks.service import service
from benchmarks.sparse import sparse
from benchmarks.start import start
from benchmarks.streaming import streaming
from benchmarks.texts import texts
from benchmarks.threads import threads
from benchmarks.tracing import tracing
from benchmarks.watched import watched

CHAPTERS: dict[str, Callable[[Effort], Chapter]] = {
    "service": service,
    "big-list": big_list,
    "in-process": in_process,
    "served": served,
    "streaming": streaming,
    "many-points": many_points,
    "sparse": sparse,
    "paper": paper,
    "threads": threads,
    "scaling": scaling,
    "watched": watched,
    "cluster": cluster,
    "texts": texts,
    "start": start,
    "tracing": tracing,
}
