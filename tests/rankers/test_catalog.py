"""Every row of the catalog: its figures, and that a small checkpoint in its exact layout is loaded and read right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from made_catalog import LAYOUTS, Layout, MadeSource, layout_of
from made_checkpoints import COMMIT, scores_of
from made_rerankers import PAIRS, assert_equal, oracle_scores

from demo.messages import NOTHING, Message
from demo.rankers.catalog import CATALOG, DEFAULT_BUNDLED, MODELS, RECENT, find
from demo.rankers.cross_encoder.loading import available, load_cross_encoder
from demo.rankers.cross_encoder.ranker import CrossEncoder
from demo.rankers.cross_encoder.scoring import Scoring
from demo.records import Card, Collection, Head, ModelSpec, Passage, Query, Ranking, ScoreReading
from demo.results.report import used
from demo.settings import Settings
from demo.ui.views.cards import reading_cards

Made = Callable[[Layout], tuple[Path, np.ndarray]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A checkpoint of a layout, and the scores of `PAIRS` by sentence-transformers; made once for all its rows."""
    known: dict[str, tuple[Path, np.ndarray]] = {}

    def make(layout: Layout) -> tuple[Path, np.ndarray]:
        if layout.keys not in known:
            root = tmp_path_factory.mktemp("layout")
            folder = layout.write(root / "made")
            (root / "twin").mkdir()
            known[layout.keys] = folder, oracle_scores(layout.twin(folder, root / "twin"))
        return known[layout.keys]

    return make


def ranked(ranker: CrossEncoder) -> tuple[np.ndarray, list[Ranking]]:
    """Scores of `PAIRS`, float32 (pairs,), and the rankings they come from, one for each query."""
    scores, rankings = np.full(len(PAIRS), np.nan, np.float32), []
    for query in dict.fromkeys(query for query, _ in PAIRS):
        places = [place for place, pair in enumerate(PAIRS) if pair[0] == query]
        passages = tuple(Passage(f"d{place}", PAIRS[place][1]) for place in places)
        collection = Collection("made", Card(Message("Made"), NOTHING), passages)
        rankings.append(ranker.rank(Query("", query), collection, np.arange(len(places))).run())
        scores[places] = rankings[-1].scores
    return scores, rankings


def assert_length_is_told(ranker: CrossEncoder, rankings: list[Ranking], in_label: bool) -> int:
    """What label, card and JSON call the longest pair is what was read of the longest; returns it."""
    read = max(extent.read_tokens for ranking in rankings for extent in ranking.extents)
    for ranking in rankings:
        use = ranking.ranker.model
        assert use is not None
        assert use.max_tokens == used(use)["max_tokens"] == read
        assert f"{read} tokens of {use.spec.limit_tokens}" in reading_cards([ranking], "en")
        assert ("tokens" in ranking.ranker.label) is in_label
        assert not in_label or f" · {read} tokens" in ranking.ranker.label
    return read


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.key)
def test_every_row_is_scored_as_by_sentence_transformers_and_tells_its_length(
    spec: ModelSpec, made: Made, tmp_path: Path
) -> None:
    folder, expected = made(layout_of(spec))
    source, settings = MadeSource.with_model(spec, folder, tmp_path), Settings(device="cpu")
    scoring = Scoring(settings, source)
    usual = CrossEncoder(spec.key, scoring)
    scores, rankings = ranked(usual)

    assert_equal(scores, expected)
    longest = assert_length_is_told(usual, rankings, in_label=False)
    assert longest == (512 if spec in CATALOG else source.resolve(spec.key, settings).max_tokens)
    shorter = CrossEncoder(spec.key, scoring, max_tokens=longest - 1)
    assert assert_length_is_told(shorter, ranked(shorter)[1], in_label=True) == longest - 1

    is_bundled = spec.key.startswith("bundled/")
    revision = source.fingerprint(spec, settings)
    assert all(ranking.ranker.model and ranking.ranker.model.revision == revision for ranking in rankings)
    assert is_bundled or str(revision).startswith(f"{COMMIT}+")
    where = {each.key: where for each, where in source.available(settings)}
    assert where.pop(spec.key) == ("bundled" if is_bundled else "cached")
    assert set(where.values()) == {"download"}
    assert source.default_model(settings).key == (spec.key if spec in CATALOG else DEFAULT_BUNDLED)


def test_a_row_without_a_small_checkpoint_fails_the_law() -> None:
    with pytest.raises(LookupError, match="someone/new has no small checkpoint"):
        layout_of(ModelSpec("someone/new", "new"))
    used_layouts = {layout_of(spec).keys for spec in MODELS}
    assert used_layouts == {layout.keys for layout in LAYOUTS}, "layouts that no row has"


@pytest.mark.parametrize("spec", [spec for spec in CATALOG if spec.lower_case], ids=lambda spec: spec.key)
def test_upper_case_is_read_as_lower_case(spec: ModelSpec, tmp_path: Path) -> None:
    source = MadeSource.with_model(spec, layout_of(spec).write(tmp_path / "made"), tmp_path)
    model = load_cross_encoder(spec, Settings(), hub=source.hub)
    scores = scores_of(model, "berlin", ["rome", "ROME", "Röme"])
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)
    assert scores[0] == pytest.approx(scores[2], abs=1e-5)


# ---- the rows as data ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", CATALOG, ids=lambda spec: spec.key)
def test_size_is_that_of_the_architecture(spec: ModelSpec) -> None:
    """transformers' own classes, without memory, have as many weights as the row says."""
    words = 105_879 if "multilingual" in spec.key else 26_000 if spec.key == "bundled/small" else 30_522
    inner = 1_200 if spec.width == 312 else 4 * spec.width
    with torch.device("meta"):
        if spec.head is Head.BERT_CAT:
            config = transformers.DistilBertConfig(
                vocab_size=words, dim=spec.width, n_layers=spec.layers, hidden_dim=inner
            )
            model = torch.nn.ModuleList([transformers.DistilBertModel(config), torch.nn.Linear(spec.width, 1)])
        else:
            kind = "electra" if "Electra" in spec.architecture else "bert"
            config = transformers.AutoConfig.for_model(
                kind,
                vocab_size=words,
                hidden_size=spec.width,
                embedding_size=spec.width,
                num_hidden_layers=spec.layers,
                num_attention_heads=1,
                intermediate_size=inner,
                num_labels=spec.labels,
            )
            model = transformers.AutoModelForSequenceClassification.from_config(config)
    assert sum(parameter.numel() for parameter in model.parameters()) == spec.parameters
    bytes_each = 2 if spec.key.startswith("bundled/") else 4
    in_one_byte = words * spec.width if spec.key in ("bundled/small", "bundled/medium") else 0
    assert spec.weights_bytes == pytest.approx(bytes_each * spec.parameters - in_one_byte, rel=0.02)


def test_names_are_unique_and_found_in_any_case() -> None:
    names = [name for spec in CATALOG for name in (spec.key, *spec.aliases)]
    assert len({name.casefold() for name in names}) == len(names)
    for spec in CATALOG:
        assert find(f" {spec.key.upper()} ") is spec
    assert find("cross-encoder/ms-marco-MiniLM-L-6-v2") is find("cross-encoder/ms-marco-MiniLM-L6-v2")
    assert find("cross-encoder/ms-marco-MiniLM-L-6") is None


def test_reading_follows_from_the_labels() -> None:
    two = {spec.key for spec in CATALOG if spec.reading is ScoreReading.DIFFERENCE}
    assert two == {spec.key for spec in CATALOG if spec.key.split("/")[0] in ("nboost", "Capreolus", "amberoad")}


def test_bundled_stands_above_all_that_is_slower_or_weaker() -> None:
    """Whoever has a v2 MiniLM gets it; a large or old model in the cache does not push out the bundled one."""
    keys = [spec.key for spec in CATALOG]
    above = keys[: keys.index("bundled/medium")]
    assert above == [key for key in keys if key.endswith("-v2")]
    assert keys[len(above) :][:4] == [f"bundled/{name}" for name in ("medium", "tiny", "small", "technical")]
    assert above[0] == "cross-encoder/ms-marco-MiniLM-L6-v2"


def test_the_command_may_call_the_bundled_default_bundled() -> None:
    spec = find("bundled")
    assert spec is not None
    assert spec.key == DEFAULT_BUNDLED


def test_recent_models_are_offered_and_their_layout_is_left_to_their_files() -> None:
    offered = {spec.key for spec, _ in available(Settings())}
    assert {spec.key for spec in RECENT} <= offered
    assert not any(spec.architecture or spec.published for spec in RECENT)
    names = [name.casefold() for spec in MODELS for name in (spec.key, *spec.aliases)]
    assert len(names) == len(set(names))


def test_what_is_here_stands_before_what_is_not() -> None:
    places = [where for _, where in available(Settings())]
    assert places == sorted(places, key=lambda where: where == "download")
