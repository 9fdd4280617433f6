import pytest

from demo.judgments import Judgments, query_key
from demo.messages import Message
from demo.records import Card, Collection, Passage, Query

ONE, TWO = Passage("d1", "Berlin has lakes."), Passage("d2", "Cork is a bark.")
KNOWN, TYPED = Query("q1", "Berlin lakes"), Query("", "柏林的湖")


def test_a_judgment_stands_over_the_collections_own_and_can_be_taken_back() -> None:
    judged = Judgments().judge(KNOWN, TWO, 3).judge(KNOWN, ONE, 0)
    assert judged.over((2, None), KNOWN, (ONE, TWO)) == (0, 3)
    assert judged.judge(KNOWN, ONE, None).over((2, None), KNOWN, (ONE, TWO)) == (2, 3)
    assert judged.judge(KNOWN, TWO, 1).over((2, None), KNOWN, (ONE, TWO)) == (0, 1)
    assert Judgments().over((2, None), KNOWN, (ONE, TWO)) == (2, None)


def test_another_query_or_another_text_is_unjudged() -> None:
    judged = Judgments().judge(KNOWN, ONE, 3)
    assert judged.over((None,), TYPED, (ONE,)) == (None,)
    assert judged.over((None,), KNOWN, (Passage("d1", "Berlin has parks."),)) == (None,)
    assert judged.over((None,), KNOWN, (Passage("d9", "Berlin has lakes."),)) == (3,)


def test_a_typed_query_has_the_same_key_every_time() -> None:
    assert query_key(KNOWN) == "q1"
    assert query_key(TYPED) == query_key(Query("", "柏林的湖")) != query_key(Query("", "柏林"))
    assert query_key(Query("", "\udc80")).startswith("typed-")


def test_what_is_exported_can_be_taken_in_again() -> None:
    judged = Judgments().judge(KNOWN, ONE, 3).judge(TYPED, TWO, 1)
    assert judged.qrels() == {"q1": {"d1": 3}, query_key(TYPED): {"d2": 1}}
    assert Judgments().take(judged.qrels(), (ONE, TWO)).rows == judged.rows
    assert len(Judgments().take(judged.qrels(), (ONE,))) == 1


def test_grades_from_elsewhere_are_brought_into_range() -> None:
    taken = Judgments().take({"q1": {"d1": 9, "d2": -2}}, (ONE, TWO))
    assert taken.over((None, None), KNOWN, (ONE, TWO)) == (3, 0)


def test_a_grade_is_one_of_four() -> None:
    with pytest.raises(ValueError, match="found 4"):
        Judgments().judge(KNOWN, ONE, 4)


def test_added_to_a_collection_they_stand_in_place_of_and_beside_its_own() -> None:
    title = Message("Lakes")
    moved = Passage("d9", ONE.content)  # the same text under another id
    collection = Collection("lakes", Card(title, title), (moved, TWO), (KNOWN, Query("q2", "?")), {"q1": {"d9": 1}})
    judged = Judgments().judge(KNOWN, ONE, 3).judge(KNOWN, TWO, 0).judge(TYPED, ONE, 2)
    assert judged.added_to(collection).qrels == {"q1": {"d9": 3, "d2": 0}}
    assert collection.qrels == {"q1": {"d9": 1}}
    for none in (Judgments(), Judgments().judge(TYPED, ONE, 2), Judgments().judge(KNOWN, Passage("d1", "other"), 2)):
        assert none.added_to(collection) is collection


def test_a_value_does_not_change() -> None:
    before = Judgments().judge(KNOWN, ONE, 1)
    before.judge(KNOWN, TWO, 2)
    assert len(before) == 1
