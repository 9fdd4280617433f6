"""Who a visitor is, behind proxies and without."""

from __future__ import annotations

import pytest

from demo.ui.page import current_visitor
from demo.visitors import address_of


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        ("", 0, "10.0.0.1"),
        ("", 1, "10.0.0.1"),
        ("1.1.1.1", 0, "10.0.0.1"),
        ("1.1.1.1", 1, "1.1.1.1"),
        ("9.9.9.9, 1.1.1.1", 1, "1.1.1.1"),
        ("9.9.9.9, 1.1.1.1, 2.2.2.2", 2, "1.1.1.1"),
        ("1.1.1.1", 5, "1.1.1.1"),
    ],
)
def test_only_what_trusted_proxies_say_is_believed(forwarded: str, proxies: int, address: str) -> None:
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    assert address_of("10.0.0.1", headers, proxies) == address


def test_outside_of_an_event_nobody_is_counted() -> None:
    assert current_visitor(1) == ""
