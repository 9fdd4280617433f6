"""Who a visitor is, behind proxies and without."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

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
    headers = Headers({"x-forwarded-for": forwarded} if forwarded else {})
    assert address_of("10.0.0.1", headers, proxies) == address


@pytest.mark.parametrize(("proxies", "address"), [(0, "10.0.0.1"), (1, "203.0.113.9"), (2, "7.7.7.7"), (3, "6.6.6.6")])
def test_a_line_that_a_proxy_adds_counts_after_one_that_the_visitor_made_up(proxies: int, address: str) -> None:
    lines = [b"6.6.6.6, 7.7.7.7", b"203.0.113.9"]
    headers = Headers(raw=[(b"x-forwarded-for", line) for line in lines])
    assert address_of("10.0.0.1", headers, proxies) == address


def test_outside_of_an_event_nobody_is_counted() -> None:
    assert current_visitor(1) == ""
