"""The table of models: words, figures, what is sorted by, and where a figure comes from."""

from __future__ import annotations

import re
from statistics import mean

import pytest

from demo.messages import Message
from demo.rankers.catalog import find
from demo.records import ModelSpec
from demo.service import ModelChoice
from demo.settings import ROOT
from demo.ui.views.models import models, parameters


def choice(key: str, where: str) -> ModelChoice:
    spec = find(key) or ModelSpec(key, key, language="", max_tokens=0, notes=Message("It is a bi-encoder."))
    return ModelChoice(spec, where)


CHOICES = [
    choice("bundled/tiny", "bundled"),
    choice("nboost/pt-bert-large-msmarco", "download"),
    choice("Qwen/Qwen3-Reranker-4B", "download"),
    choice("/models/odd", "unusable"),
]


def rows(language: str = "en") -> list[str]:
    return re.findall(r"<tr data-rank.*?</tr>", models(CHOICES, language), re.S)  # type: ignore[arg-type]


def test_a_row_says_where_how_large_how_much_it_reads_and_what_was_published() -> None:
    tiny, large, qwen, odd = rows()
    assert re.findall(r'data-label="([^"]*)">([^<]*)', large) == [
        ("Parameters", "335 M"),
        ("Max tokens", "512"),
        ("NDCG@10 DL19", "73.36"),
        ("MRR@10 dev", "36.48"),
        ("Docs/s, V100", "100"),
        ("Licence", "not stated; its code: Apache-2.0"),
    ]
    assert "downloads 1,341 MB" in large
    assert "Bert 24 × 1024" in large
    assert ">4 B<" in qwen
    assert ">8,192<" in qwen
    assert "Multilingual" in qwen
    assert "bundled" in tiny
    assert "cannot be used" in odd
    assert "It is a bi-encoder." in odd
    assert [row.count('class="use"') for row in (tiny, large, qwen, odd)] == [1, 1, 1, 0]


def test_what_is_sorted_by_is_a_number_where_the_column_holds_numbers_and_nothing_where_it_is_not_known() -> None:
    keys = [dict(re.findall(r'data-(\w+)="([^"]*)"', row.partition(">")[0])) for row in rows()]
    assert [key["rank"] for key in keys] == ["1", "2", "3", "4"]
    assert [key["size"] for key in keys] == ["4386049", "335143938", "4000000000", ""]
    assert [key["tokens"] for key in keys] == ["512", "512", "8192", ""]
    assert [key["ndcg"] for key in keys] == ["", "73.36", "", ""]
    assert [key["speed"] for key in keys] == ["", "100", "", ""]
    assert [key["where"] for key in keys] == ["0", "1341000000", "16000000000", ""]


def test_chinese_names_columns_and_languages() -> None:
    assert "多语言" in rows("zh")[2]
    assert "Multilingual" not in rows("zh")[2]


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "–"), (4_386_049, "4.4 M"), (17_000_000, "17 M"), (600_000_000, "600 M"), (1_500_000_000, "1.5 B")],
)
def test_numbers_of_weights(count: int, text: str) -> None:
    assert parameters(count) == text


@pytest.mark.parametrize("name", ["tiny", "small", "technical"])
def test_the_figures_of_a_bundled_model_are_those_of_the_docs(name: str) -> None:
    """The mean of the first four columns of the table in docs/models.md."""
    text = (ROOT / "docs" / "models.md").read_text()
    table = re.findall(r"^\| (BM25|tiny|small|technical) \|((?: [\d.]+ \|)+)$", text, re.M)
    means = {row: mean(float(cell) for cell in cells.split("|")[:4]) for row, cells in table}
    spec = find(f"bundled/{name}")
    assert spec is not None
    own, bm25 = map(float, re.findall(r"0\.\d{3}", str(spec.notes)))
    assert own == pytest.approx(means[name], abs=0.0006)
    assert bm25 == pytest.approx(means["BM25"], abs=0.0006)
