"""Write the conformance cases: ``python -m tests.conformance.generate``.

Expected answers come from the reference interpreter and from numbers written by hand; a test
regenerates all files and compares.
"""

from types import ModuleType

from tests.conformance import (
    section_batches,
    section_broadcasting,
    section_composed,
    section_empty,
    section_functions,
    section_hessians,
    section_lecture,
    section_ordinary,
    section_plans,
    section_selections,
    section_sessions,
    section_shapes,
    section_sparse,
    section_special,
    section_streamed,
    section_texts,
    section_wrong_calls,
    section_wrong_lists,
    section_wrong_requests,
    section_wrong_statements,
    section_wrong_texts,
)
from tests.conformance.cases import DATA, dump
from tests.conformance.stream_cases import STREAMS, dump_streams

SECTIONS: dict[str, ModuleType] = {
    "lecture": section_lecture,
    "primitives-ordinary": section_ordinary,
    "primitives-special": section_special,
    "composed-special": section_composed,
    "shapes": section_shapes,
    "broadcasting": section_broadcasting,
    "batches": section_batches,
    "selections": section_selections,
    "empty": section_empty,
    "plans": section_plans,
    "sparse": section_sparse,
    "hessians": section_hessians,
    "functions-and-ids": section_functions,
    "texts": section_texts,
    "wrong-lists": section_wrong_lists,
    "wrong-statements": section_wrong_statements,
    "wrong-calls": section_wrong_calls,
    "wrong-requests": section_wrong_requests,
    "wrong-texts": section_wrong_texts,
}
STREAMED: dict[str, ModuleType] = {"streamed-jacobians": section_streamed, "sessions": section_sessions}


def text(section: str) -> str:
    """Return what the file of a section should contain."""
    module = SECTIONS[section]
    return dump(section, module.ABOUT, module.cases())


def streams_text(section: str) -> str:
    """Return what the file of a section of streams should contain."""
    module = STREAMED[section]
    return dump_streams(section, module.ABOUT, module.cases())


def main() -> None:
    """Write every section's file."""
    DATA.mkdir(exist_ok=True)
    STREAMS.mkdir(exist_ok=True)
    for section in STREAMED:
        (STREAMS / f"{section}.json").write_text(streams_text(section))
    for section in SECTIONS:
        (DATA / f"{section}.json").write_text(text(section))


if __name__ == "__main__":
    main()
