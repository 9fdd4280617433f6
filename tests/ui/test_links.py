"""Links: what is written is read back, what cannot be opened is told, and nothing is downloaded by following one."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from urllib.parse import parse_qs

import pytest
from fakes import PASSAGES, QUERY, FakeSource, collection_of, service_with

from demo.errors import InputError
from demo.messages import NOTHING, Message
from demo.records import Card, Collection, Passage
from demo.settings import Settings
from demo.ui.compare.handlers import CompareTab
from demo.ui.inputs.handlers import InputsForm, InputsPane
from demo.ui.links import MOST_CHARS, Link, needs_download, read, read_if_right, written
from demo.ui.rerank.handlers import RerankTab


@pytest.fixture
def pane() -> InputsPane:
    return InputsPane(Settings(), service_with(FakeSource()))


def address(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text, strict_parsing=True).items()}


def pasted(pane: InputsPane, text: str) -> InputsForm:
    return replace(pane.default_form(), query="fast trains", source="paste", pasted=text)


def test_a_link_names_query_collection_and_model_and_nothing_usual(pane: InputsPane) -> None:
    text = written(Link(pane.default_form(), pane.service.cross_encoder("bundled/tiny")), pane)
    assert address(text) == {"query": QUERY, "collection": "cities", "model": "bundled/tiny"}


def test_what_is_written_is_read_back(pane: InputsPane) -> None:
    start = pane.default_form()
    okapi = replace(start, variant="okapi", k1=1.2, b=0.75, epsilon=0.1, stop_words=False, stemmer="german", depth=20)
    plus = replace(start, variant="bm25plus", k1=1.5, b=0.75, delta=0.5, epsilon=None, stemmer="")
    for form in (start, okapi, plus, pasted(pane, "a\ttrains & boats\nb\t火车 100% + ?"), replace(start, query="")):
        for texts in ((), ("bm25[k1=1.2]", "rrf(bm25+bundled/tiny)[k=10]")):
            rankers = tuple(map(pane.service.rankers.read, texts))
            link = Link(form, pane.service.cross_encoder("hub/big", "bf16", windows=True), rankers)
            found = read(address(written(link, pane)), pane)
            if form.query or form.source == "paste":
                assert found == link
            else:  # an empty query is not written, so the collection's first one comes back
                assert found == replace(link, form=start)


def test_uploaded_passages_travel_in_the_link(pane: InputsPane) -> None:
    passages = (Passage("d1", "A line.\nAnother, “quoted”.", "Title"), Passage("d2", "火车"))
    uploaded = Collection("upload", Card(Message("Mine"), NOTHING), passages)
    form = replace(pane.default_form(), source="upload", uploaded=uploaded)
    found = read(address(written(Link(form), pane)), pane)
    assert found is not None
    assert pane.collection(found.form).passages == passages


def test_what_does_not_fit_is_told(pane: InputsPane) -> None:
    with pytest.raises(InputError, match=f"beyond {MOST_CHARS:,} links do not work"):
        written(Link(pasted(pane, "x" * MOST_CHARS)), pane)
    engine = replace(pane.default_form(), source="upload", uploaded=collection_of(PASSAGES), first_stage="engine")
    with pytest.raises(InputError, match="scores do not fit into a link"):
        written(Link(engine), pane)
    with pytest.raises(InputError, match="There is no file here"):
        written(Link(replace(pane.default_form(), source="upload")), pane)


@pytest.mark.parametrize("values", [{}, {"__theme": "dark"}, {"depth": "3"}])
def test_an_address_that_asks_for_nothing(pane: InputsPane, values: dict[str, str]) -> None:
    assert read(values, pane) is None


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"query": "x", "depth": "many"}, "depth is “many”"),
        ({"query": "x", "depth": "-1"}, "depth is “-1”"),
        ({"query": "x", "model": "bm25"}, "names bm25 as the reranker"),
        ({"query": "x", "first_stage": "bundled/tiny"}, "names bundled/tiny as the first stage"),
        ({"query": "x", "first_stage": "bm25[k1=99]"}, "k₁ is 99"),
        ({"rankers": "bm25[k1=1.2"}, "do not match"),
        ({"query": "x", "depth": "9" * 5_000}, "at most 9 digits"),
        ({"query": "x", "passages": "a", "reading": "<img src=x>"}, "reading “<img src=x>”, which there is not"),
    ],
)
def test_what_cannot_be_opened_is_told(pane: InputsPane, values: dict[str, str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence.replace("[", r"\[")):
        read(values, pane)
    assert read_if_right(values, pane) is None
    views = list(RerankTab(pane).opening(values, "en"))
    assert sentence in unescape(views[-1].status or "")
    assert views[-1].kept is not None  # the example is there all the same
    assert views[-1].kept.query.text == QUERY


def test_a_link_that_cannot_be_ranked_says_so_and_invites(pane: InputsPane) -> None:
    *_, last = RerankTab(pane).opening({"query": "", "passages": "one\ntwo"}, "en")
    assert "The query is empty" in (last.status or "")
    assert "What does a cross-encoder change?" in str(last.drawn["headline"])


def test_models_that_are_not_here_are_named_once(pane: InputsPane) -> None:
    texts = ("bm25", "tiny", "hub/big", "rrf(bm25+hub/big)", "hub/big[windows]", "engine", "dense(hub/dense)")
    rankers = tuple(map(pane.service.rankers.read, texts))
    start = pane.default_form()
    assert needs_download(Link(start, pane.service.cross_encoder("hub/big"), rankers), pane) == [
        "hub/big",
        "hub/dense",
    ]
    assert needs_download(Link(start), pane) == []
    for first in ("dense(hub/dense)", "rrf(bm25+dense(hub/dense))"):
        assert needs_download(Link(replace(start, first_stage=first)), pane) == ["hub/dense"]


def test_following_a_link_loads_nothing_that_is_not_here() -> None:
    source = FakeSource()
    pane = InputsPane(Settings(), service_with(source))
    *_, last = RerankTab(pane).opening({"query": "x", "model": "hub/big"}, "en")
    assert "asks for hub/big, which would be downloaded" in (last.status or "")
    assert last.kept is not None
    assert last.kept.rankings[1].ranker.key == "bundled/tiny"
    (view,) = CompareTab(pane).opening({"query": "x", "rankers": "bm25,hub/big"}, "zh")
    assert "排序器在哪里出现分歧" in str(view.drawn.get("headline", ""))
    (view,) = CompareTab(pane).opening({"query": "x", "rankers": "bm25,hub/big"}, "en")
    assert "asks for hub/big, which would be downloaded" in (view.status or "")
    assert "Press Compare to go on" in (view.status or "")
    *_, last = RerankTab(pane).opening({"query": "x", "first_stage": "dense(hub/dense)"}, "en")
    assert "asks for hub/dense, which would be downloaded" in (last.status or "")
    assert [key for key, _ in source.loads] == ["bundled/tiny"]


def test_compare_tells_why_its_link_cannot_be_opened(pane: InputsPane) -> None:
    (view,) = CompareTab(pane).opening({"query": "x", "rankers": "bm25[k1=99]"}, "en")
    assert "The link cannot be opened. BM25's k₁ is 99" in unescape(view.status or "")
    assert "Where do the rankers part?" in str(view.drawn["headline"])


def test_a_link_that_names_no_rankers_is_one_to_rerank(pane: InputsPane) -> None:
    asked = {"query": "fast trains", "collection": "cities", "rankers": ""}
    found = read(asked, pane)
    assert found is not None
    assert (found.form.query, found.rankers) == ("fast trains", ())
    assert list(CompareTab(pane).opening(asked, "en")) == []


def test_an_engine_behind_an_address_fits_into_a_link_and_given_scores_do_not() -> None:
    settings = Settings(
        searches='[products]\nengine = "elasticsearch"\naddress = "http://127.0.0.1:9"\nindex = "products"\n'
    )
    pane = InputsPane(settings, service_with(FakeSource(), settings))
    form = replace(pane.default_form(), first_stage="search(products)")
    found = read(address(written(Link(form), pane)), pane)
    assert found is not None
    assert found.form.first_stage == "search(products)"
    for given in ("engine", "rrf(bm25+engine)"):
        with pytest.raises(InputError, match="do not fit into a link"):
            written(Link(replace(form, first_stage=given)), pane)


def test_a_link_opens_what_it_names(pane: InputsPane) -> None:
    asked = {"query": "fast trains", "passages": "slow boats\nfast trains\ntrains", "rankers": "bm25,bundled/tiny"}
    *_, last = RerankTab(pane).opening(asked, "en")
    assert last.kept is not None
    assert last.kept.query.text == "fast trains"
    assert last.status == ""
    *_, lined = CompareTab(pane).opening(asked, "en")
    assert lined.kept is not None
    assert [ranking.ranker.label for ranking in lined.kept.rankings] == ["BM25", "Tiny"]
    assert list(CompareTab(pane).opening({"query": "x"}, "en")) == []
