"""The functions held: found, dropped, bounded, from many threads."""

from __future__ import annotations

import threading

from adengine import Input, Label, Output, WengertList
from wengert_server.store import FunctionStore
from wengert_server.subjects import Subject

A, B = Subject("a"), Subject("b")


def function(number: int, statements: int = 1) -> WengertList:
    return WengertList.build(
        inputs=[Input("x")],
        primitives=[10] * statements,
        arguments=[1, -1] * statements,
        constants=[float(number)],
        outputs=[Output("f", 2)],
    )


def store(count: int = 3, size: int = 1 << 30) -> tuple[FunctionStore, list[str]]:
    dropped: list[str] = []
    return FunctionStore(count, size, dropped.append), dropped


def test_found_by_id_and_by_digest() -> None:
    held, _ = store()
    f = function(1)
    held.put(f, b"1")
    assert held.get(f.id) is f
    assert held.find(b"1") is f
    assert held.get("other") is None
    assert held.find(b"2") is None


def test_a_function_is_found_by_all_that_it_was_sent_as_lately() -> None:
    held, _ = store()
    f = function(1)
    for digest in (b"list", b"text", b"another text"):
        held.put(f, digest)
    assert [held.find(digest) for digest in (b"list", b"text", b"another text")] == [f] * 3
    assert len(held) == 1
    for number in range(10):
        held.put(f, b"%d" % number)
    assert [held.find(digest) for digest in (b"9", b"6", b"5", b"list")] == [f, f, None, None]
    held.drop(f.id)
    assert held.find(b"9") is None


def test_the_one_longest_unused_is_dropped() -> None:
    held, dropped = store(2)
    a, b, c = (function(number) for number in range(3))
    held.put(a, b"a")
    held.put(b, b"b")
    held.get(a.id)
    held.put(c, b"c")
    assert dropped == [b.id]
    assert held.find(b"b") is None
    assert held.get(a.id) is a


def test_bytes_are_bounded_but_the_newest_is_held() -> None:
    held, dropped = store(100, 100_000)
    small, large = function(1), function(2, 100_000)
    held.put(small, b"s")
    held.put(large, b"l")
    assert dropped == [small.id]
    assert held.get(large.id) is large
    held.put(small, b"s")
    assert dropped == [small.id, large.id]
    assert len(held) == 1


def test_dropping() -> None:
    held, dropped = store()
    f = function(1)
    held.put(f, b"1")
    assert held.drop(f.id)
    assert not held.drop(f.id)
    assert held.find(b"1") is None
    assert dropped == [f.id]


def test_equal_functions_are_held_once_the_newest_labels_last() -> None:
    held, dropped = store()
    f = function(1)
    g = WengertList.build(
        inputs=f.inputs,
        primitives=f.primitives,
        arguments=f.arguments,
        constants=f.constants,
        outputs=f.outputs,
        labels=[Label(2, "sum")],
    )
    held.put(f, b"f")
    held.put(g, b"g")
    assert f.id == g.id
    assert held.get(f.id) is g
    assert held.find(b"f") is None
    assert (len(held), dropped) == (1, [])


def test_each_subject_has_functions_of_its_own() -> None:
    held, dropped = store()
    f = function(1)
    held.put(f, b"1", A)
    assert held.get(f.id, A) is f
    for other in (B, Subject()):
        assert held.get(f.id, other) is None
        assert held.find(b"1", other) is None
        assert not held.drop(f.id, other)
    equal = function(1)
    held.put(equal, b"1", B)
    assert (held.get(f.id, A), held.get(f.id, B)) == (f, equal)
    assert held.get(f.id, B) is equal
    # What is known of it stays until the last one drops it.
    assert held.drop(f.id, A)
    assert (len(held), dropped) == (1, [])
    assert held.drop(f.id, B)
    assert (len(held), held.size, dropped) == (0, 0, [f.id])


def test_what_is_held_in_nobodys_name_is_everybodys() -> None:
    held, dropped = store()
    f = function(1)
    held.put(f, b"1")
    assert held.get(f.id, A) is held.find(b"1", B) is f
    assert not held.drop(f.id, A)
    own = function(1)
    held.put(own, b"1", A)
    assert held.get(f.id, A) is held.find(b"1", A) is own
    assert held.get(f.id, B) is f
    assert held.drop(f.id, A)
    assert held.get(f.id, A) is f
    assert dropped == []


def test_what_is_granted_to_a_subject() -> None:
    held, dropped = store(100)
    few, small = Subject("few", functions=2), Subject("small", function_bytes=10_000)
    f, g, h = (function(number) for number in range(3))
    for each in (f, g, h):
        held.put(each, each.id.encode(), few)
        held.put(each, each.id.encode(), small)
    assert [held.get(each.id, few) is not None for each in (f, g, h)] == [False, True, True]
    assert [held.get(each.id, small) is not None for each in (f, g, h)] == [False, True, True]
    assert dropped == [f.id]


def test_who_holds_most_makes_room() -> None:
    held, dropped = store(4)
    functions = [function(number) for number in range(6)]
    held.put(functions[0], b"b", B)
    for each in functions[1:]:
        held.put(each, each.id.encode(), A)
    assert held.get(functions[0].id, B) is functions[0]
    assert dropped == [functions[1].id, functions[2].id]
    held, _ = store(100, 100_000)
    held.put(functions[0], b"b", B)
    for number in range(10):
        held.put(function(number, 1_000), b"%d" % number, A)
    assert held.get(functions[0].id, B) is functions[0]
    assert held.size <= 100_000


def test_many_threads() -> None:
    held, dropped = store(4)
    functions = [function(number) for number in range(8)]

    def work(first: int) -> None:
        for k in range(400):
            f = functions[(first + k) % 8]
            held.put(f, f.id.encode())
            found = held.find(f.id.encode())
            assert found is None or found.id == f.id
            held.drop(functions[k % 8].id)
            held.put(f, b"of a", A)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(held) <= 4
    assert held.size == sum(entry.size for share in held._shares.values() for entry in share.held.values())
    assert len(held) == sum(len(share.held) for share in held._shares.values()) == held._owners.total()
    assert set(dropped) <= {f.id for f in functions}
