"""Reading training sets and making queries from them, on literals."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from random import Random

import pytest

pytest.importorskip("tqdm", reason="needs demo/training/requirements.txt")
pytest.importorskip("tokenizers", reason="needs demo/training/requirements.txt")

from demo.training.prepare import Amounts, build_pool, chosen_sources, cut_up, word_idf
from demo.training.sources import SOURCES, DataError, Pair, Section, read_pairs, read_queries, read_sections
from demo.training.synthetic import MAKERS, claim, heading_question, keywords, make_query, opening, sentences

PAIRS = [
    {"query": "who  built it", "positive": "It was built by\nmasons."},
    {"query": "when was it built", "positive": "It was built in 1400 by masons who came from afar."},
]
SECTION = Section(
    "Berlin",
    "Population",
    "Berlin is the largest city of Germany. About 3.7 million people live there today. "
    "Many of them moved there after 1990. The city grows by thousands every year.",
)


def write_jsonl(path: Path, rows: list[dict[str, str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["pairs.jsonl", "pairs.jsonl.gz"])
def test_pairs_are_read_with_white_space_tidied(tmp_path: Path, name: str) -> None:
    pairs = read_pairs(write_jsonl(tmp_path / name, PAIRS))
    assert pairs[0] == Pair("who built it", "It was built by masons.")


def test_questions_without_an_answer_are_read(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "queries.jsonl", [{"query": "who  came"}, {"query": "why"}])
    assert read_queries(path) == ["who came", "why"]


def test_a_row_without_a_positive_is_named(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "pairs.jsonl", [PAIRS[0], {"query": "why"}])
    with pytest.raises(DataError, match=r"Row 2 of pairs\.jsonl has no `positive`"):
        read_pairs(path)


def test_a_line_that_is_not_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "passages.jsonl"
    path.write_text('{"text": "a"}\n{oops\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"Line 2 of passages\.jsonl is not JSON"):
        read_sections(path)


def test_own_pairs_are_found_in_the_data_folder_itself(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "mine" / "pairs.jsonl", PAIRS)
    (source, path) = chosen_sources(tmp_path / "mine", None)[0]
    assert (source.name, source.licence, path.name) == ("mine", "as stated by the user", "pairs.jsonl")


def test_unknown_sets_are_read_only_when_named(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "policyqa" / "pairs.jsonl", PAIRS)
    with pytest.raises(DataError, match="holds no known set"):
        chosen_sources(tmp_path, None)
    assert [s.name for s, _ in chosen_sources(tmp_path, ["policyqa"])] == ["policyqa"]


def test_sets_without_a_free_licence_are_no_rows() -> None:
    names = {source.name for source in SOURCES}
    assert names.isdisjoint({"javascript_questions", "policyqa", "covid_qa_faq"})
    assert all(source.licence for source in SOURCES)


def test_the_pool_holds_each_passage_once_and_queries_point_into_it(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "pairs.jsonl", [*PAIRS, {"query": "who came", "positive": PAIRS[1]["positive"]}])
    write_jsonl(tmp_path / "queries.jsonl", [{"query": "why was it built"}, {"query": "Who came?"}])
    amounts = Amounts(made_queries=0, held_out=0)
    pool, report = build_pool(chosen_sources(tmp_path, None), amounts, Random(0))
    assert list(pool.sections) == ["It was built by masons.", PAIRS[1]["positive"]]
    assert [q["known"] for q in pool.queries] == [0, 1, 1, None]
    assert [row["rows_used"] for row in report] == [3, 1]


def test_bm25_chooses_passages_that_share_words_with_a_question(tmp_path: Path) -> None:
    """Of four passages two fit; none is drawn at random, and «tides» and «gulls» name the ones that are wanted."""
    texts = ("The tides turn twice a day.", "Wheat is milled to flour.", "Gulls nest on cliffs.", "Iron is smelted.")
    write_jsonl(tmp_path / "passages.jsonl", [{"text": text} for text in texts])
    write_jsonl(tmp_path / "queries.jsonl", [{"query": "when do tides turn"}, {"query": "where do gulls nest"}])
    amounts = Amounts(passages=2, chance_share=0.0, made_queries=0, held_out=0)
    pool, _ = build_pool(chosen_sources(tmp_path, None), amounts, Random(1))
    assert set(pool.sections) == {texts[0], texts[2]}


def test_a_tenth_of_a_small_set_of_questions_is_held_out(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "queries.jsonl", [{"query": f"what is number {i}"} for i in range(30)])
    pool, _ = build_pool(chosen_sources(tmp_path, None), Amounts(made_queries=0, held_out=100), Random(0))
    assert [q["split"] for q in pool.queries].count("held out") == 3


def test_a_text_is_cut_into_runs_of_its_own_sentences() -> None:
    text = " ".join([SECTION.text] * 6)
    for seed in range(20):
        runs = cut_up(text, Random(seed))
        assert " ".join(runs) in text
        assert all(run[0].isupper() and run.endswith(".") for run in runs)


def test_the_pool_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    rows = [
        {"title": f"City {i}", "heading": h, "text": SECTION.text.replace("Berlin", f"City {i}")}
        for i in range(20)
        for h in ("", "Population")
    ]
    write_jsonl(tmp_path / "passages.jsonl", rows)
    amounts = Amounts(passages=25, made_queries=30, held_out=0)
    first, second = (build_pool(chosen_sources(tmp_path, None), amounts, Random(7))[0] for _ in range(2))
    assert list(first.sections) == list(second.sections)
    assert first.queries == second.queries
    assert 0 < len(first.queries) <= 30
    assert all(q["known"] in range(len(first.sections)) for q in first.queries)


def test_word_idf_is_the_logarithm_of_the_inverse_share() -> None:
    assert word_idf(["a b", "b", "b c", "b"]) == {"a": math.log(4), "b": 0.0, "c": math.log(4)}


def test_sentences_end_before_a_capital_and_not_in_numbers() -> None:
    assert sentences(SECTION.text)[1] == "About 3.7 million people live there today."


def test_the_opening_query_is_the_first_sentence() -> None:
    assert opening(SECTION, Random(0), {}) == "Berlin is the largest city of Germany."


def test_keywords_come_from_the_passage_and_prefer_rare_words() -> None:
    plain = SECTION.text.lower().replace(".", "").split()
    idf = dict.fromkeys([*plain, "3", "7"], 0.0) | {"germany": 5.0, "thousands": 5.0}
    words = set((keywords(SECTION, Random(1), idf) or "").split())
    assert words
    assert words <= {"germany", "thousands"}


def test_a_claim_keeps_the_order_of_its_sentence() -> None:
    made = claim(SECTION, Random(3), dict.fromkeys(("city", "grows", "thousands"), 9.0))
    assert made is not None
    places = [SECTION.text.index(word) for word in made.split()]
    assert places == sorted(places)


def test_a_heading_that_is_a_question_is_not_put_into_a_template() -> None:
    assert heading_question(Section("Flu", "What is flu?", "x"), Random(0), {}) is None


@pytest.mark.parametrize("row", MAKERS, ids=lambda row: row.name)
def test_every_maker_gives_a_query_or_none_for_any_passage(row: object) -> None:
    for section in (SECTION, Section("", "", ""), Section("", "", "one"), Section("T", "", "北京")):
        made = row.make(section, Random(0), {})  # type: ignore[attr-defined]
        assert made is None or made.strip()


def test_shares_of_the_makers_sum_to_one() -> None:
    assert sum(row.share for row in MAKERS) == pytest.approx(1.0)
    assert make_query(Section("", "", ""), Random(0), {}) is None
