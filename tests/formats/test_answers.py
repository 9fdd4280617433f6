"""Sets to rerank: columns with and without a header, shared passages, and rows that contradict each other."""

from __future__ import annotations

import re
import sys

import pytest

from demo.errors import InputError
from demo.formats.answers import AnswerSet, looks_like_answers, read_answers
from demo.formats.source import Limits, Source

LIMITS = Limits(*[sys.maxsize] * 4)

WIKIQA = (
    "QuestionID\tQuestion\tDocumentID\tDocumentTitle\tSentenceID\tSentence\tLabel\n"
    'Q0\thow are glaciers formed\tD1\tGlacier\tD1-0\tA "partly submerged" cave.\t0\n'
    "Q0\thow are glaciers formed\tD1\tGlacier\tD1-3\tA glacier is a body of ice.\t1\n"
    "Q1\twhat is ice\tD1\tGlacier\tD1-3\tA glacier is a body of ice.\t0\n"
)
TREC_QA = "who wrote faust\tgoethe did\t1\nwho wrote faust\tschiller\t0\nwhere is weimar\tgoethe did\t0\n"
TOP_1000 = "1048585\t7187158\tpaula deen's brother\tBubba is her brother\n1048585\t2\tpaula deen's brother\tA cook\n"


def source(text: str) -> Source:
    return Source("qa.tsv", text.encode(), LIMITS)


def read(text: str) -> AnswerSet:
    return read_answers(source(text))


def grades(answers: AnswerSet) -> dict[tuple[str, str], int]:
    return {(one.query_id, one.doc_id): one.grade for one in answers.found.judgments}


def test_a_header_names_the_columns() -> None:
    answers = read(WIKIQA)
    assert [(e.doc_id, e.title, e.text) for e in answers.found.entries] == [
        ("D1-0", "Glacier", 'A "partly submerged" cave.'),
        ("D1-3", "Glacier", "A glacier is a body of ice."),
    ]
    assert [(q.query_id, q.text) for q in answers.found.queries] == [
        ("Q0", "how are glaciers formed"),
        ("Q1", "what is ice"),
    ]
    assert answers.candidates == {"Q0": ("D1-0", "D1-3"), "Q1": ("D1-3",)}
    assert grades(answers) == {("Q0", "D1-0"): 0, ("Q0", "D1-3"): 1, ("Q1", "D1-3"): 0}


def test_three_columns_are_question_answer_and_label_and_get_ids_in_order() -> None:
    answers = read(TREC_QA)
    assert [(e.doc_id, e.text) for e in answers.found.entries] == [("a1", "goethe did"), ("a2", "schiller")]
    assert answers.candidates == {"q1": ("a1", "a2"), "q2": ("a1",)}
    assert grades(answers) == {("q1", "a1"): 1, ("q1", "a2"): 0, ("q2", "a1"): 0}


def test_four_columns_are_candidates_that_nobody_judged() -> None:
    answers = read(TOP_1000)
    assert answers.candidates == {"1048585": ("7187158", "2")}
    assert answers.found.judgments == ()
    assert answers.found.queries[0].text == "paula deen's brother"


def test_a_row_without_a_label_is_unjudged_and_a_repeated_one_is_one() -> None:
    answers = read("question\tanswer\tlabel\nwho\tme\t\nwho\tyou\t1\nwho\tyou\t1\n")
    assert answers.candidates == {"q1": ("a1", "a2")}
    assert grades(answers) == {("q1", "a2"): 1}


@pytest.mark.parametrize(
    ("text", "is_set"),
    [(WIKIQA, True), (TREC_QA, True), (TOP_1000, True), ("query\tpassage\na\tb", True),
     ("q1\td1\t1\nq2\td2\t0\n", False), ("id\ttitle\ttext\n1\tt\tx", False), ("qid\tquery\n1\tx", False),
     ("1\tone two\n", False), ("1 Q0 a 1 2 t\n", False), ("", False)],
)  # fmt: skip
def test_a_set_is_told_by_its_columns(text: str, is_set: bool) -> None:
    assert looks_like_answers(source(text)) == is_set


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("who\tme\t1\nwho\tyou\n", "Line 2 of qa.tsv has 2 cells, where 3 are expected."),
        ("who\tme\n", "Line 1 of qa.tsv has 2 cells, where 3 or 4 are expected."),
        ("who\tme\t1\nwho\t\t1\n", "Line 2 of qa.tsv has no passage."),
        ("who\tme\t1\n \tyou\t1\n", "Line 2 of qa.tsv has no query."),
        ("who\tme\tyes\n", 'Line 1 of qa.tsv: the grade is "yes".'),
        (
            "who\tme\t1\n\nwho\tme\t0\n",
            "Line 3 of qa.tsv labels its pair 0, but line 1 of qa.tsv labels the same pair 1",
        ),
        ("1\t7\twho is it\tme and you\n1\t8\twho was it\tyou and me\n", "Line 2 of qa.tsv has the id “1” of line 1"),
        ("1\t7\twho is it\tme and you\n2\t7\twho was it\tyou and me\n", "Line 2 of qa.tsv has the id “7” of line 1"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)) as caught:
        read(text)
    assert "qa.tsv" in caught.value.to("zh")
