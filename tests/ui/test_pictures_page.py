"""Pictures from the Share menu, in a real browser: the lines and the charts, titled, as SVG and PNG."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

pytestmark = pytest.mark.browser

SVG = "{http://www.w3.org/2000/svg}"


def saved(page: Any, name: str, kind: str, tab: str = "rerank") -> bytes:
    page.select_option(f"#{tab}-results [data-pictures]", label=name)
    with page.expect_download() as download:
        page.click(f"#{tab}-results [data-save-picture={kind}]")
    assert download.value.suggested_filename == f"{name.lower().replace(' ', '-')}.{kind}"
    return Path(download.value.path()).read_bytes()


def words_of(picture: ElementTree.Element) -> dict[str, ElementTree.Element]:
    return {re.sub("[\u2068\u2069]", "", "".join(text.itertext())): text for text in picture.iter(f"{SVG}text")}


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
    top = words_of(ElementTree.fromstring(saved(page, "The first ten of both", "svg")))
    assert {"BM2544 not found", "not among the first ten", "moved up", "dashed: not found on one side"} <= set(top)


def test_the_picture_of_many_rankings_says_what_it_draws(open_page: Any) -> None:
    page = open_page(unfolded=False)
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_selector("#compare-results .flow")
    page.wait_for_function("() => !document.querySelector('#compare-actions .lens-status.progress')")
    page.click("#compare-share .opener")
    picture = ElementTree.fromstring(saved(page, "Rank flow", "svg", "compare"))
    words = words_of(picture)
    assert len({words[label].get("y") for label in ("BM25", "Medium", "Tiny", "Small", "Technical")}) == 1
    assert float(words["44 not found"].get("y", 0)) > float(words["rank 59"].get("y", 0))
    assert {"moved far up", "moved far down", "moved little or stayed", "dashed: not found on one side"} <= set(words)
    assert float(words["rank 20"].get("x", 0)) > float(words["Technical"].get("x", 0)) - 1  # beside the lines
    drawn = [part.tag for part in picture]
    assert len(drawn) - drawn[::-1].index(f"{SVG}path") < list(picture).index(words["rank 20"]) + 1  # nor below them
