"""What holds for every kind of ranker."""

from __future__ import annotations

import atexit
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import islice
from math import inf, nan

import numpy as np
import pytest
from fakes import PASSAGES, QUERY, FakeModel, FakeSource, collection_of, request, service_with
from hypothesis import given, settings
from hypothesis import strategies as st
from rerank_servers import serving

from demo.errors import InputError, ModelError
from demo.evaluation.protocol import run_queries, set_up
from demo.formats.judged import Judged
from demo.messages import Message
from demo.progress import Progress, Steps, as_steps
from demo.rankers.bm25 import Bm25
from demo.rankers.bm25_index import Bm25Settings
from demo.rankers.cross_encoder.ranker import CrossEncoder
from demo.rankers.fusion import METHODS, Fusion
from demo.rankers.protocol import Explains, Ranker
from demo.rankers.registry import KINDS
from demo.records import Collection, IntArray, Passage, Query, RankerSpec, Ranking
from demo.score_kinds import SCORE_KINDS
from demo.service import RankingService
from demo.settings import Settings

EXAMPLES = {
    "bm25": (
        "bm25",
        "bm25[variant=okapi;k1=1.2]",
        "bm25[variant=bm25l;b=0.3;delta=0.7]",
        "bm25[variant=bm25plus]",
        "bm25[k1=1.23456789;stop_words=no;stemmer=porter]",
    ),
    "tantivy": ("tantivy", "tantivy[stop_words=no;stemmer=porter]"),
    "engine": ("engine",),
    "search": ("search(nowhere)",),
    "dense": ("dense(bundled/small)", "dense(a/b/c)"),
    "fusion": (
        "rrf(bm25+tiny)",
        "rrf(bm25[k1=0.9]+engine+hub/big)[weights=2/1/0.5;k=10]",
        "min-max(engine+tiny[windows])",
        "z(bm25+engine)[weights=1/0.3333333333]",
    ),
    "remote": ("remote(far)",),
    "cross-encoder": (
        "bundled/tiny",
        "tiny",
        "tiny[windows;max_tokens=64]",
        "hub/big[precision=bf16]",
        '"my,model"',
        '"bm25"',
        "",
        "[windows]",
        'hub/big[instruction="Find lakes; rank them"]',
    ),
}
"""Rankers of each kind; the models “my,model”, “bm25” and “a/b/c” do not exist, nor does the engine “nowhere”."""

TEXTS = [text for texts in EXAMPLES.values() for text in texts]
MISSING = EXAMPLES["tantivy"] if find_spec("tantivy") is None else ()
UNABLE = (*MISSING, '"my,model"', '"bm25"', "dense(a/b/c)", "search(nowhere)")
ABLE = [text for text in TEXTS if text not in UNABLE]
FUSIONS = tuple(row.key for row in METHODS)
ALONE = [text for text in ABLE if not text.startswith(FUSIONS)]
"""Those that score a passage whatever the others are; a fusion looks at all of them."""

SCORES = {"d1": 1.0, "d2": 9.5, "d3": 2.0, "d4": -3.0}
COLLECTION = collection_of(PASSAGES, engine_scores=SCORES)
ASKED = Query("q1", QUERY)
EVERY = np.arange(4, dtype=np.int64)


RUNNING = ExitStack()
atexit.register(RUNNING.close)  # later its thread is gone, and whoever waits for that waits for ever


@cache
def far() -> str:
    """The table of a remote reranker that answers until the tests end."""
    return RUNNING.enter_context(serving("tei")).toml()


def service() -> RankingService:
    return service_with(FakeSource(), Settings(remotes=far()))


def read(text: str) -> Ranker:
    return service().rankers.read(text)


@cache
def one_service() -> RankingService:
    """For tests that read many texts and rank nothing."""
    return service()


def ranked(text: str, indices: IntArray = EVERY, collection: Collection = COLLECTION) -> Ranking:
    return read(text).rank(ASKED, collection, indices).run()


def test_every_kind_has_examples_and_no_two_share_a_name() -> None:
    assert set(EXAMPLES) == {kind.key for kind in KINDS}
    names = [name for kind in KINDS for name in kind.names]
    assert len(names) == len(set(names))
    assert [kind.key for kind in KINDS if not kind.names] == ["cross-encoder"]


# ---- text form -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", TEXTS)
def test_a_ranker_is_read_as_it_was_written(text: str) -> None:
    ranker = read(text)
    assert read(str(ranker)) == ranker
    assert hash(read(str(ranker))) == hash(ranker)
    assert str(read(str(ranker))) == str(ranker)


@pytest.mark.parametrize("text", TEXTS)
def test_a_key_is_a_text_of_the_same_ranker(text: str) -> None:
    spec = read(text).spec
    assert read(spec.key).spec == spec


@pytest.mark.parametrize("text", TEXTS)
def test_a_ranker_is_read_as_it_was_written_inside_a_fusion_and_a_list(text: str) -> None:
    ranker = read(text)
    if isinstance(ranker, Fusion):
        return
    fusion = Fusion("rrf", (read("bm25"), ranker))
    assert read(str(fusion)) == fusion
    assert service().rankers.read_all(f"engine,{fusion}\n")[1] == fusion


def test_what_is_offered_is_read_as_it_was_written() -> None:
    rankers = service().rankers
    for ranker in rankers.offered():
        assert rankers.read(str(ranker)) == ranker
        assert rankers.read(ranker.spec.key).spec == ranker.spec


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.text(max_size=10) | st.text(st.sampled_from(',;+()[]="\\\n bm25rf/'), max_size=8), st.booleans())
def test_a_model_of_any_name_is_read_as_it_was_written(name: str, windows: bool) -> None:
    rankers = one_service().rankers
    model = CrossEncoder(name, one_service()._scoring, windows=windows)
    for ranker in (model, Fusion("rrf", (rankers.read("bm25"), model, rankers.read("engine")))):
        assert rankers.read(str(ranker)) == ranker
        assert rankers.read_all(f"hub/big,{ranker}")[1] == ranker


NUMBERS = st.floats(0, 1, allow_nan=False) | st.floats(0, 10) | st.integers(0, 10)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(NUMBERS.filter(lambda k1: k1 <= 10), st.floats(0, 1))
def test_numbers_of_bm25_are_read_as_they_were_written(k1: float, b: float) -> None:
    ranker = Bm25(Bm25Settings(k1=k1, b=b))
    assert one_service().rankers.read(str(ranker)) == ranker


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(
    st.sampled_from(FUSIONS),
    st.tuples(st.floats(0, 1e30), st.floats(0, 1e30)).filter(any) | st.sampled_from([(), (1.0, 1.0), (3.0, 3.0)]),
    st.floats(0, 1e30),
)
def test_numbers_of_a_fusion_are_read_as_they_were_written(method: str, weights: tuple[float, ...], k: float) -> None:
    read = one_service().rankers.read
    ranker = Fusion(method, (read("bm25"), read("tiny")), weights, k)
    assert one_service().rankers.read(str(ranker)) == ranker


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("tiny", "bundled/tiny"),
        ("", "bundled/tiny"),
        ("[windows=yes]", "bundled/tiny[windows]"),
        ("tiny[precision=fp32;max_tokens=0;windows=no]", "bundled/tiny"),
        (" bm25 [ variant = lucene ; k1 = 1.50 ] ", "bm25"),
        ("bm25[stop_words=no]", "bm25[stop_words=no]"),
        ("rrf(bm25+tiny)[k=60;weights=1/1]", "rrf(bm25+bundled/tiny)"),
        ("min-max( bm25 + tiny )[weights=1/0.50]", "min-max(bm25+bundled/tiny)[weights=1/0.5]"),
        ('"bm25"', '"bm25"'),
        ("nobody/knows[windows]", "nobody/knows[windows]"),
    ],
)
def test_keys_by_hand(text: str, key: str) -> None:
    assert read(text).spec.key == key


def test_a_list_names_each_ranker_once_in_its_order() -> None:
    rankers = service().rankers
    found = rankers.read_all("tiny, bm25\nrrf(bm25+tiny),bundled/tiny, bm25[k1=1.5],,[windows=no]")
    assert [ranker.spec.key for ranker in found] == ["bundled/tiny", "bm25", "rrf(bm25+bundled/tiny)"]
    assert rankers.read_all(["bm25", " ", "my model, with a comma"[:8]])[0] == read("bm25")
    with pytest.raises(InputError, match=r"No ranker is named\. Write one or more, such as bm25, bundled/tiny"):
        rankers.read_all(" ,\n, ")


@pytest.mark.parametrize(
    "text", ["bm25(tiny)", "engine(bm25+tiny)", "bundled/tiny(x)", "my(model)", "rrf(bm25+my(model))"]
)
def test_rankers_in_brackets_are_only_for_those_that_are_made_brackets(text: str) -> None:
    with pytest.raises(InputError, match=r"round brackets.*between quotation marks"):
        read(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("rrf", "needs two rankers or more, and rrf was given 0"),
        ("rrf(bm25)", "needs two rankers or more, and rrf was given 1"),
        ("z(rrf(bm25+tiny)+bm25)", "z holds another fusion. Name the rankers themselves"),
        ("rrf(bm25+tiny)[weights=1]", "has 2 rankers and 1 weights"),
        ("rrf(bm25+tiny)[weights=-1/2]", "0 or more, and one is above 0; found -1/2"),
        ("rrf(bm25+tiny)[weights=0/0]", "one is above 0; found 0/0"),
        ("rrf(bm25+tiny)[weights=1/x]", "weights of rrf is “x”. Write a number"),
        ("rrf(bm25+tiny)[k=-1]", "k of reciprocal rank fusion is -1"),
        ("z(bm25+tiny)[k=60]", "z has no option “k”; it has weights"),
        ("bm25[variant=bm26]", "There is no BM25 variant “bm26”"),
        ("bm25[k1=11]", "BM25's k₁ is 11. Write a number from 0 to 10"),
        ("bm25[epsilon=0.1]", "variant “lucene” has no epsilon"),
        ("bm25[k=1]", "bm25 has no option “k”; it has variant, k1, b, delta, epsilon, stop_words, stemmer"),
        ("engine[k=1]", "engine has no option “k”; it has none"),
        ("tiny[max_tokens=1.5]", "max_tokens of tiny is “1.5”. Write a whole number up to 1,000,000"),
        ("tiny[windows=perhaps]", "windows of tiny is “perhaps”. Write yes or no"),
        ("[depth=1]", "The default model has no option “depth”; it has precision, windows, max_tokens"),
    ],
)  # fmt: skip
def test_texts_that_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text)
    assert sentence in str(caught.value)


def test_fusions_within_fusions_are_refused_however_deep() -> None:
    with pytest.raises(InputError, match="holds another fusion"):
        read("rrf(bm25+" * 190 + "tiny" + ")" * 190)


@pytest.mark.parametrize(
    "text",
    ["a" * 2_001, "rrf(" + "bm25+" * 400 + "bm25)", "bm25+" * 401, "bm25[variant=" + "x" * 1_990 + "]"],
)
def test_no_ranker_of_any_length_is_taken_apart(text: str) -> None:
    wanted = rf"^“.{{79}}…” has {len(text):,} characters; at most 2,000 are allowed\. Shorten it\.$"
    with pytest.raises(InputError, match=wanted):
        read(text)
    with pytest.raises(InputError, match="at most 20,000 are allowed"):
        service().rankers.read_all(text * 20)
    with pytest.raises(InputError, match="at most 20,000 are allowed"):
        service().rankers.read_all([text] * 20)


def test_a_fusion_has_no_more_members_than_may_score() -> None:
    assert len(read("rrf(" + "+".join(["bm25"] * 16) + ")").members) == 16  # type: ignore[attr-defined]
    with pytest.raises(InputError, match=r"^A fusion has at most 16 rankers, and z was given 17\. Leave some out\.$"):
        read("z(" + "+".join(["bm25"] * 17) + ")")


LONG = "x" * 1_900


@pytest.mark.parametrize(
    "text",
    [
        *(LONG, f"{LONG}[k=1]", f"remote({LONG})", f"search({LONG})", f"dense({LONG})", f"rrf(bm25+{LONG})"),
        *(f"bm25[variant={LONG}]", f"bm25[stemmer={LONG}]", f"tiny[precision={LONG}]", f"tiny({LONG})"),
        f"rrf(bm25+tiny)[weights={'/'.join(['-1', *'1' * 900])}]",
    ],
)
def test_sentences_repeat_the_beginning_of_what_was_written(text: str) -> None:
    rankers = RankingService(Settings(), recordings=None).rankers
    with pytest.raises(InputError) as refused:
        rankers.read(text).check()
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("text", [LONG, f"remote({LONG})", f"search({LONG})", f"dense({LONG})", f"rrf(bm25+{LONG})"])
def test_a_label_of_what_there_is_not_is_short(text: str) -> None:
    spec = RankingService(Settings(), recordings=None).rankers.read(text).spec
    assert len(spec.label) < 120
    assert LONG in spec.key


def test_an_instruction_is_bounded_wherever_it_comes_from() -> None:
    with pytest.raises(InputError, match="“instruction” has 2,001 characters; at most 2,000 are allowed"):
        service().reranker("tiny", instruction="x" * 2_001).check()


# ---- who it is -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", TEXTS)
def test_who_it_is_is_always_known(text: str) -> None:
    spec = read(text).spec
    assert isinstance(spec, RankerSpec)
    assert spec.kind in SCORE_KINDS
    assert spec.key
    assert spec.label


@pytest.mark.parametrize("text", ABLE)
def test_a_ranking_names_its_ranker_as_the_ranker_names_itself(text: str) -> None:
    ranker, spec = ranked(text).ranker, read(text).spec
    assert (ranker.key, ranker.label, ranker.kind) == (spec.key, spec.label, spec.kind)
    assert ranker.ranks_collection == spec.ranks_collection


@pytest.mark.parametrize("text", TEXTS)
def test_only_what_can_be_used_passes_the_check(text: str) -> None:
    if text in ABLE:
        read(text).check()
    else:
        with pytest.raises(InputError, match=r"No model|is no model|no search engine|not installed"):
            read(text).check()


@pytest.mark.parametrize(
    "text", ["nobody", "rrf(bm25+nobody)", "tiny[precision=int4]", "z(engine+tiny[precision=int4])"]
)
def test_what_cannot_be_used_is_still_named(text: str) -> None:
    ranker = read(text)
    assert read(ranker.spec.key).spec == ranker.spec
    with pytest.raises(InputError, match=r"No model nobody|no precision “int4”"):
        ranker.check()
    with pytest.raises(InputError):
        ranker.fingerprint()
    with pytest.raises(InputError):
        ranker.rank(ASKED, COLLECTION, EVERY).run()


SAME = [
    ("bm25", "bm25[variant=lucene;k1=1.5;b=0.75;stop_words=yes]"),
    ("tiny", "bundled/tiny"),
    ("tiny", "tiny[precision=fp32;windows=no;max_tokens=0]"),
    ("tiny[windows;precision=bf16]", "tiny[precision=bf16;windows=1]"),
    ("rrf(bm25+tiny)", "rrf(bm25 + bundled/tiny)[weights=1/1;k=60]"),
    ("engine", " engine "),
]
DIFFERENT = [
    ("bm25", "bm25[k1=1.2]"),
    ("bm25[k1=1.2000001]", "bm25[k1=1.2]"),
    ("bm25", "bm25[b=0.5]"),
    ("bm25", "bm25[stop_words=no]"),
    ("bm25", "bm25[stemmer=porter]"),
    ("bm25", "bm25[variant=okapi]"),
    ("bm25[variant=okapi]", "bm25[variant=okapi;epsilon=0.1]"),
    ("bm25[variant=bm25l]", "bm25[variant=bm25l;delta=0.1]"),
    ("tiny", "tiny[windows]"),
    ("tiny", "tiny[max_tokens=64]"),
    ("tiny", "tiny[precision=bf16]"),
    ("tiny", "hub/big"),
    ("rrf(bm25+tiny)", "rrf(bm25+tiny)[k=10]"),
    ("rrf(bm25+tiny)", "rrf(bm25+tiny)[weights=2/1]"),
    ("rrf(bm25+tiny)", "rrf(bm25+tiny[windows])"),
    ("rrf(bm25+tiny)", "min-max(bm25+tiny)"),
    ("z(bm25+tiny)", "min-max(bm25+tiny)"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_fingerprint_stays_as_long_as_the_scores_do(one: str, other: str) -> None:
    assert read(one).fingerprint() == read(other).fingerprint()
    assert read(one).spec == read(other).spec


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_the_fingerprint_changes_with_every_option(one: str, other: str) -> None:
    source = FakeSource()
    rankers = service_with(source).rankers
    first = rankers.read(one).fingerprint()
    source.model.fingerprint = "big-1" if other == "hub/big" else "tiny-1"
    assert rankers.read(other).fingerprint() != first
    assert rankers.read(other).spec.key != rankers.read(one).spec.key


@pytest.mark.parametrize("text", ["tiny", "rrf(bm25+tiny)", "min-max(engine+tiny[windows])"])
def test_the_fingerprint_changes_with_the_weights(text: str) -> None:
    source = FakeSource()
    ranker = service_with(source).rankers.read(text)
    before = ranker.fingerprint()
    source.model.fingerprint = "tiny-2"
    assert ranker.fingerprint() != before


# ---- scores, order, ranks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ABLE)
def test_scores_stand_in_the_order_of_the_input(text: str) -> None:
    full = ranked(text)
    assert full.scores.dtype == np.float32
    assert full.scores.shape == full.found.shape == full.order.shape == full.ranks.shape == (4,)
    mixed = np.array([2, 0, 3, 1], dtype=np.int64)
    again = ranked(text, mixed)
    assert again.scores.tolist() == full.scores[mixed].tolist()
    assert again.found.tolist() == full.found[mixed].tolist()
    assert again.ranks.tolist() == full.ranks[mixed].tolist()


@pytest.mark.parametrize("text", ALONE)
@pytest.mark.parametrize("chosen", [[1], [3, 0], [0, 1, 2]])
def test_a_passage_has_the_same_score_whatever_the_other_candidates_are(text: str, chosen: list[int]) -> None:
    full, part = ranked(text), ranked(text, np.array(chosen, dtype=np.int64))
    assert part.scores.tolist() == full.scores[chosen].tolist()
    assert part.found.tolist() == full.found[chosen].tolist()


@pytest.mark.parametrize("text", ABLE)
def test_the_order_is_by_score_and_the_unfound_are_last(text: str) -> None:
    ranking = ranked(text)
    found = ranking.found[ranking.order].tolist()
    assert found == sorted(found, reverse=True)
    best_first = ranking.scores[ranking.order][: sum(found)].tolist()
    assert best_first == sorted(best_first, reverse=True)
    known = [(score, rank) for score, rank, f in zip(ranking.scores, ranking.ranks, ranking.found, strict=True) if f]
    for score, rank in known:
        assert rank == 1 + sum(other > score for other, _ in known)
    assert set(ranking.ranks[~ranking.found].tolist()) <= {len(known) + 1}


@pytest.mark.parametrize("text", ABLE)
def test_passages_of_one_text_share_a_rank(text: str) -> None:
    twins = (
        *PASSAGES,
        Passage("d5", PASSAGES[2].text),
        Passage("d6", PASSAGES[3].text),
        Passage("d7", PASSAGES[2].text),
    )
    scores = {**SCORES, "d5": SCORES["d3"], "d6": SCORES["d4"], "d7": SCORES["d3"]}
    ranking = ranked(text, np.arange(7, dtype=np.int64), collection_of(twins, engine_scores=scores))
    ranks = ranking.ranks.tolist()
    assert ranks[2] == ranks[4] == ranks[6]
    assert ranks[3] == ranks[5]
    assert ranking.order.tolist().index(2) < ranking.order.tolist().index(4) < ranking.order.tolist().index(6)


@pytest.mark.parametrize("text", ABLE)
@pytest.mark.parametrize("collection", [COLLECTION, collection_of((), engine_scores={})], ids=["some", "none"])
def test_nothing_is_ranked_as_nothing(text: str, collection: Collection) -> None:
    ranking = ranked(text, np.empty(0, dtype=np.int64), collection)
    assert (ranking.scores.size, ranking.order.size, ranking.ranks.size) == (0, 0, 0)
    assert ranking.extents == ()


@pytest.mark.parametrize("text", ABLE)
def test_one_passage_is_first(text: str) -> None:
    alone = collection_of(PASSAGES[2:3], engine_scores=SCORES)
    ranking = ranked(text, np.zeros(1, dtype=np.int64), alone)
    assert (ranking.order.tolist(), ranking.ranks.tolist(), ranking.found.tolist()) == ([0], [1], [True])


@pytest.mark.parametrize("text", ABLE)
def test_what_was_ranked_before_is_ranked_alike(text: str) -> None:
    ranker = read(text)
    one, other = (ranker.rank(ASKED, COLLECTION, EVERY).run() for _ in range(2))
    assert one.scores.tolist() == other.scores.tolist()


@pytest.mark.parametrize("text", ["tiny", "rrf(bm25+tiny)", "min-max(engine+tiny)"])
@pytest.mark.parametrize("bad", [nan])
def test_a_score_that_is_no_number_is_refused(text: str, bad: float) -> None:
    source = FakeSource(FakeModel(judge=lambda query, content: bad if "bark" in content else 1.0))
    ranker = service_with(source).rankers.read(text)
    with pytest.raises(ModelError, match="Tiny gave no number for candidate 4 of 4"):
        ranker.rank(ASKED, COLLECTION, EVERY).run()


def test_an_engine_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ModelError, match="Engine gave no number for candidate 2 of 4"):
        ranked("engine", collection=collection_of(PASSAGES, engine_scores={**SCORES, "d2": nan}))


@pytest.mark.parametrize("text", ["engine", "rrf(bm25+engine)", "min-max(bm25+engine)"])
def test_infinite_scores_are_the_ends(text: str) -> None:
    scores = {"d1": 5.0, "d2": 5.0, "d3": inf, "d4": -inf}
    ranking = ranked(text, collection=collection_of(PASSAGES, engine_scores=scores))
    assert ranking.ranks[2] == 1
    assert ranking.ranks[3] == 4


# ---- work that is stopped ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", TEXTS)
def test_the_work_goes_by_steps(text: str) -> None:
    steps = read(text).rank(ASKED, COLLECTION, EVERY)
    assert isinstance(steps, Steps)
    if text in ABLE:
        assert all(isinstance(step, Progress) for step in steps)
        assert steps.result.ranks.size == 4


@pytest.mark.parametrize("text", ["tiny", "tiny[windows]", "rrf(bm25+tiny)", "z(tiny+engine+hub/big)"])
def test_work_that_is_closed_stops(text: str) -> None:
    source = FakeSource()
    steps = service_with(source).rankers.read(text).rank(ASKED, COLLECTION, EVERY)
    while len(source.model.scored) < 2:
        next(steps)
    steps.close()
    assert (len(source.model.scored), source.model.closed) == (2, 1)
    assert list(steps) == []


@pytest.mark.parametrize("text", ABLE)
def test_work_can_be_closed_after_any_number_of_steps(text: str) -> None:
    total = len(list(read(text).rank(ASKED, COLLECTION, EVERY)))
    for wanted in range(total):
        steps = read(text).rank(ASKED, COLLECTION, EVERY)
        taken = len(list(islice(steps, wanted)))
        if taken < wanted:
            continue  # it was quicker than the first time and came to its end: slow work tells more often
        steps.close()
        with pytest.raises(ValueError, match="not come to its end"):
            _ = steps.result


@pytest.mark.parametrize("text", ABLE)
def test_who_can_explain_does_so_for_every_passage(text: str) -> None:
    ranker = read(text)
    if isinstance(ranker, Explains):
        for index in range(4):
            assert ranker.explain(ASKED, COLLECTION, index).run().ranker.key == ranker.spec.key


# ---- work within a service that is stopped -------------------------------------------------------------------------


@dataclass(eq=False)
class Held:
    """A ranker whose steps somebody else still holds, so that only closing them stops them."""

    steps: list[Steps[Ranking]]
    stopped: list[str]

    def __str__(self) -> str:
        return "held"

    @property
    def spec(self) -> RankerSpec:
        return RankerSpec("held", "Held", SCORE_KINDS[0])

    def check(self) -> None:
        """Nothing to check."""

    def fingerprint(self) -> str:
        return ""

    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Steps[Ranking]:
        self.steps.append(self._rank(indices))
        return self.steps[-1]

    @as_steps
    def _rank(self, indices: IntArray) -> Generator[Progress, None, Ranking]:
        try:
            yield Progress("scoring", 0, 1, Message("Working"))
            return Ranking.from_scores(self.spec, indices)
        finally:
            self.stopped.append("now")


def test_closing_a_run_or_an_evaluation_closes_the_rankers_work() -> None:
    judged, first = Judged.bundled(COLLECTION), Bm25()
    for start in (
        lambda ranker: service().run(request(), [ranker]),
        lambda ranker: run_queries(set_up(judged, [ranker], (), first)),
    ):
        ranker = Held([], [])
        steps = start(ranker)
        while not ranker.steps:
            next(steps)
        assert ranker.stopped == []
        steps.close()
        assert ranker.stopped == ["now"]
