import pytest

from demo.phrases import (
    change_mark,
    describe_change,
    direction,
    passage_name,
    price,
    price_of_thousand,
    rate,
    score_text,
    seconds,
    shorten,
    signed,
)
from demo.records import Passage


@pytest.mark.parametrize(
    ("text", "columns", "line"),
    [
        ("", 10, ""),
        ("short", 5, "short"),
        ("two\n\t lines  here", 20, "two lines here"),
        ("one two three", 9, "one two…"),  # “one two t…” would be 10
        ("one two, three", 10, "one two…"),  # no comma before the ellipsis
        ("one two three", 8, "one two…"),  # the cut falls on the space
        ("incomprehensible", 8, "incompr…"),
        ("柏林是德国的首都", 16, "柏林是德国的首都"),
        ("柏林是德国的首都", 9, "柏林是德…"),  # four characters of two columns and the ellipsis
        ("柏林，德国的首都", 7, "柏林…"),
        ("cafe\u0301s au lait", 6, "cafe\u0301s…"),  # the accent takes no column and stays
    ],
)
def test_shorten_cuts_at_a_word(text: str, columns: int, line: str) -> None:
    assert shorten(text, columns) == line


def test_name_is_the_title_else_the_text_else_the_id() -> None:
    assert passage_name(Passage("d1", "the text", "The title")) == "The title"
    assert passage_name(Passage("d1", "the text")) == "the text"
    assert passage_name(Passage("d1", " \n")) == "d1"


@pytest.mark.parametrize(
    ("move", "way", "mark", "en", "zh"),
    [
        (8, "up", "▲ 8", "up 8", "上升 8 名"),
        (-3, "down", "▼ 3", "down 3", "下降 3 名"),
        (0, "same", "●", "unchanged", "不变"),
    ],
)
def test_a_move_in_signs_and_words(move: int, way: str, mark: str, en: str, zh: str) -> None:
    assert (direction(move), change_mark(move)) == (way, mark)
    assert (str(describe_change(move)), describe_change(move).to("zh")) == (en, zh)


@pytest.mark.parametrize(
    ("value", "plus", "text"),
    [
        (0.0, False, "0.00"),
        (0.0049, False, "0.005"),
        (-0.0012, True, "−0.001"),
        (0.00002, False, "2e−05"),
        (0.005001, False, "0.01"),
        (1.5, True, "+1.50"),
    ],
)
def test_a_score_near_0_is_not_shown_as_0(value: float, plus: bool, text: str) -> None:
    assert score_text(value, plus=plus) == text


@pytest.mark.parametrize(
    ("value", "plus", "text"),
    [
        (0.314, False, "0.31"),
        (-0.314, False, "−0.31"),
        (-0.001, False, "0.00"),
        (0.001, True, "0.00"),
        (2, True, "+2.00"),
    ],
)
def test_signed_numbers(value: float, plus: bool, text: str) -> None:
    assert signed(value, plus=plus) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0002, "< 1 ms"),
        (0.004, "4 ms"),
        (0.0994, "99 ms"),
        (0.0999, "0.10 s"),
        (0.994, "0.99 s"),
        (0.996, "1.0 s"),
        (99.4, "99.4 s"),
        (99.6, "1 min 40 s"),
        (125, "2 min 5 s"),
    ],
)
def test_durations(value: float, text: str) -> None:
    assert seconds(value) == text


def test_rates() -> None:
    assert (rate(38.2), rate(9.96), rate(0.25)) == ("38", "10.0", "0.2")


@pytest.mark.parametrize(
    ("usd", "text"),
    [(12.5, "12.50 USD"), (0.5, "0.50 USD"), (0.0021, "0.0021 USD"), (3.4e-5, "0.000034 USD"), (0, "0 USD")],
)
def test_a_price_has_two_figures_at_least(usd: float, text: str) -> None:
    assert str(price(usd)) == text


def test_the_price_of_a_thousand_queries() -> None:
    assert str(price_of_thousand(0.002)) == "2.00 USD per 1,000 queries"
