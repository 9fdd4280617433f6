"""Collections read in pieces onto disk: the same passages, queries, judgments and sentences as read into memory."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from demo.errors import InputError
from demo.formats.judged import Judged, read_judged_folder
from demo.formats.source import Limits
from demo.formats.streamed import NotStreamedError, is_large, read_streamed_folder
from demo.records import Passage

LIMITS = Limits(10**6, 10**6, 10**9, 10**9)
TEXTS = ["Berlin is a city.", "Köln ist eine Stadt.", "Ice is cold.", "<p>Berlin &amp; more</p>", "Paris is a city."]
QUERIES = {"q1": "Berlin", "q2": "ice"}
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq2\td3\t1\nq2\tgone\t1\nq7\td1\t1\n"
TREC = "<DOC>\n<DOCNO> {id} </DOCNO>\n<TITLE>T {id}</TITLE>\n<TEXT>\n{text}\nmore\n</TEXT>\n</DOC>\n"


def jsonl(rows: Sequence[dict[str, object]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def beir() -> bytes:
    """With a title on some, a field, a line left empty, a passage without text and one that comes twice."""
    rows: list[dict[str, object]] = [{"_id": f"d{n}", "text": text} for n, text in enumerate(TEXTS, 1)]
    rows[1] |= {"title": "Köln", "metadata": {"url": "x"}, "year": 1990}
    rows[2]["title"] = ""
    return jsonl(rows[:3]) + b"\n" + jsonl([*rows[3:], rows[0], {"_id": "d9", "title": "", "text": " "}])


FORMS = {
    "corpus.jsonl": beir(),
    "corpus.jsonl.gz": gzip.compress(beir()),
    "collection.tsv": "".join(f"d{n}\t{text}\n" for n, text in enumerate(TEXTS, 1)).encode(),
    "docs.trec": "".join(TREC.format(id=f"d{n}", text=text) for n, text in enumerate(TEXTS, 1)).encode(),
}


def made(folder: Path, corpus: str, content: bytes) -> Path:
    folder.mkdir()
    (folder / corpus).write_bytes(content)
    (folder / "queries.jsonl").write_bytes(jsonl([{"_id": key, "text": text} for key, text in QUERIES.items()]))
    (folder / "qrels.tsv").write_text(QRELS, encoding="utf-8")
    return folder


def in_pieces(folder: Path, disk: Path) -> Judged:
    """Read a few lines at a time."""
    return read_streamed_folder(folder, LIMITS, disk, piece_bytes=60)


def both(folder: Path, disk: Path) -> tuple[Judged, Judged]:
    return read_judged_folder(folder, LIMITS), in_pieces(folder, disk)


def rows(passages: Sequence[Passage]) -> list[tuple[str, str, str, dict[str, str]]]:
    return [(each.doc_id, each.title, each.text, dict(each.fields)) for each in passages]


@pytest.mark.parametrize("name", FORMS)
def test_the_collection_is_the_one_that_reading_it_whole_gives(tmp_path: Path, name: str) -> None:
    whole, pieces = both(made(tmp_path / "c", name, FORMS[name]), tmp_path / "disk")
    one, other = whole.collection, pieces.collection
    assert rows(other.passages) == rows(one.passages)
    assert rows([other.passages[-1], *other.passages[1:3]]) == rows([one.passages[-1], *one.passages[1:3]])
    assert (other.key, other.queries, other.qrels, other.digest) == (one.key, one.queries, one.qrels, one.digest)
    assert other.indices_of(["d4", "gone", "d1"]) == one.indices_of(["d4", "gone", "d1"]) == {"d4": 3, "d1": 0}
    some = np.array([4, 0, 3, 2, 1])
    assert np.argsort(other.text_order_of(some)).tolist() == np.argsort(one.text_order_of(some)).tolist()
    assert other.on_disk is not None
    assert one.on_disk is None
    said, expected = (set(str(each.reading.sentence()).split("; ")) for each in (pieces, whole))
    assert said - expected == {"its passages stay on disk"}
    assert expected - said <= {"1 empty line skipped"}


def test_a_mistake_is_told_by_its_line_in_the_file(tmp_path: Path) -> None:
    clash = beir() + jsonl([{"_id": "d2", "text": "another"}])
    broken = beir() + b'{"_id": "d7", "text"\n'
    for number, content in enumerate((clash, broken)):
        folder = made(tmp_path / str(number), "corpus.jsonl", content)
        sentences = []
        for read in (
            lambda: read_judged_folder(folder, LIMITS),  # noqa: B023
            lambda: in_pieces(folder, tmp_path / f"disk{number}"),  # noqa: B023
        ):
            with pytest.raises(InputError) as caught:
                read()
            sentences.append(str(caught.value))
        assert sentences[0] == sentences[1]
        assert sentences[0].startswith("Line 9 of corpus.jsonl")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("corpus.csv", b"id,text\nd1,Berlin is a city\nd3,Ice is cold\n", "only JSON lines, id, tab and text"),
        ("corpus.jsonl", jsonl([{"text": text} for text in TEXTS]), "not every passage has an id"),
        ("corpus.jsonl", jsonl([{"_id": "d1", "words": "Berlin is a large city"}] * 3), "which field is what"),
        ("corpus.jsonl", beir().decode().encode("cp1252"), "it is not UTF-8 throughout"),
    ],
)
def test_what_cannot_be_read_in_pieces_is_told(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    folder = made(tmp_path / "c", name, content)
    with pytest.raises(NotStreamedError, match=f"{name} is read into memory as a whole: {reason}"):
        in_pieces(folder, tmp_path / "disk")
    with pytest.raises(NotStreamedError, match=r"is no folder\. Unpack it"):
        in_pieces(folder / name, tmp_path / "disk")


def test_judgments_that_name_ids_as_numbers_fit(tmp_path: Path) -> None:
    folder = made(tmp_path / "c", "collection.tsv", b"10\tBerlin is a city\n11\tIce is cold\n")
    (folder / "queries.jsonl").write_bytes(jsonl([{"_id": "1", "text": "Berlin"}]))
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n1.0\t11.0\t1\n", encoding="utf-8")
    whole, pieces = both(folder, tmp_path / "disk")
    assert pieces.collection.qrels == whole.collection.qrels == {"1": {"11": 1}}


def test_a_collection_is_large_by_its_files(tmp_path: Path) -> None:
    folder = made(tmp_path / "c", "collection.tsv", FORMS["collection.tsv"])
    assert not is_large(folder)
    assert is_large(folder, 200)
    assert not is_large(folder / "collection.tsv", 200)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    folder = made(tmp_path / "c", "collection.tsv", FORMS["collection.tsv"])
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match=r"cannot be written .*Choose another folder with --out"):
        in_pieces(folder, tmp_path / "file" / "disk")
