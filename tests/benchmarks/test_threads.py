"""The chapter on threads: two engines, the same answers."""

from benchmarks import measure, threads


def test_each_comparison_has_one_thread_and_two() -> None:
    chapter = threads.threads(measure.QUICK)
    assert len(chapter.comparisons) == len(chapter.tables[0].rows) == 2
    for each in chapter.comparisons:
        assert [timing.name for timing in each.timings] == [threads.ONE, threads.TWO]
