"""Arguments of calls: right ones come through, wrong ones are named and never repeated at length."""

from __future__ import annotations

from typing import Any

import pytest

from demo import arguments
from demo.errors import InputError


def test_right_values_come_through() -> None:
    assert arguments.text("query", "a", 1) == "a"
    assert arguments.yes("windows", False) is False
    assert arguments.whole("top_n", 3, 1, 3) == 3
    assert arguments.texts("rankers", ("a", "b"), 2, 1) == ["a", "b"]
    assert arguments.passages("passages", ["a", {"text": "b"}], 2) == ["a", {"text": "b"}]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("abc", '"abc"'),
        ("x" * 500, '"' + "x" * 58 + "…"),
        (None, "null"),
        (2.5, "2.5"),
        (True, "true"),
        (float("nan"), "NaN"),
        (2**200, "a number of very many digits"),
        ({"a": 1}, "an object"),
        (["x" * 500], "a list"),
        (object(), '"object"'),
    ],
)
def test_what_came_is_said_shortly(value: Any, found: str) -> None:
    with pytest.raises(InputError) as refused:
        arguments.whole("top_n", value, 1, 10)
    assert str(refused.value) == f"“top_n” is {found}. Write a whole number from 1 to 10."


def test_places_of_lists_are_named() -> None:
    with pytest.raises(InputError, match=r"^“rankers\[1\]” is 3\. Write a text"):
        arguments.texts("rankers", ["a", 3], 2, 9)
    with pytest.raises(InputError, match=r"^“passages” has 3 items; at most 2 are allowed"):
        arguments.passages("passages", ["a"] * 3, 2)
