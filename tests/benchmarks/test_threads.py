"""The chapter on threads: what is compared is the same, and tiny calls stand beside large ones."""

from benchmarks import measure, threads


def test_the_chapter_has_what_its_text_says() -> None:
    chapter = threads.threads(measure.QUICK)
    wide, tangents, beside = chapter.comparisons
    for each in (wide, tangents):
        assert [timing.name for timing in each.timings] == [threads.ONE, threads.TWO]
    assert [timing.name for timing in beside.timings] == [threads.IDLE, threads.BESIDE]
    assert [target.unit for target in chapter.targets] == ["ms"]
    assert all(target.reached > 0 for target in chapter.targets)
