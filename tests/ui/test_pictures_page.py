"""Pictures from the Share menu, in a real browser: the lines and the charts, titled, as SVG and PNG."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

pytestmark = pytest.mark.browser

SVG = "{http://www.w3.org/2000/svg}"


def saved(page: Any, name: str, kind: str) -> bytes:
    page.select_option("#rerank-results [data-pictures]", label=name)
    with page.expect_download() as download:
        page.click(f"#rerank-results [data-save-picture={kind}]")
    assert download.value.suggested_filename == f"{name.lower().replace(' ', '-')}.{kind}"
    return Path(download.value.path()).read_bytes()


def width_of(png: bytes) -> int:
    assert png.startswith(b"\x89PNG")
    return int(struct.unpack(">I", png[16:20])[0])


def test_every_picture_is_saved_with_its_title(open_page: Any) -> None:
    page = open_page(color_scheme="dark")
    page.wait_for_selector("#scatter .main-svg")
    page.click("#rerank-share .opener")
    page.click("#rerank-share .opener")
    names = page.locator("#rerank-results [data-pictures] option").all_text_contents()
    assert names == ["The first ten of both", "Ranking change", "Score distributions", "Score against score"]
    lines = ElementTree.fromstring(saved(page, "Ranking change", "svg"))
    assert lines.findtext(f"{SVG}title") == "Ranking change: residents of Paris, Texas"
    words = ["".join(text.itertext()) for text in lines.iter(f"{SVG}text")]
    assert words[:2] == ["Ranking change", "\u2068residents of Paris, Texas\u2069"]
    assert {"BM25", "Medium"} <= set(words)
    assert "1▲ 1\u2068Paris, Texas\u2069" in words
    assert lines.find(f"{SVG}rect").get("fill") == "#ffffff"  # type: ignore[union-attr]
    assert width_of(saved(page, "Ranking change", "png")) >= 1280
    chart = saved(page, "Score against score", "svg").decode()
    assert "Score against score" in chart
    assert "residents of Paris, Texas" in chart
    assert width_of(saved(page, "Score distributions", "png")) >= 1280
