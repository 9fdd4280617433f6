"""Scores against sentence-transformers', and how they are computed: batches, windows, turns, and what may go wrong."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier, Lock, Thread
from time import sleep
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from made_checkpoints import PASSAGES, QUERY, bert_state, random_state, scores_of, write_bert
from made_tokenizers import bert_like, roberta_like, unigram_like

from demo.errors import InputError, ModelError
from demo.rankers.cross_encoder.loading import load_cross_encoder, resolve
from demo.rankers.cross_encoder.model import Asked, LoadedCrossEncoder, MemoryShortError, read_scores
from demo.rankers.cross_encoder.pairs import PairTokenizer
from demo.rankers.cross_encoder.transformers_tokenizer import as_text_tokenizer
from demo.records import ModelSpec
from demo.settings import Settings

SMALL = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 128}


def load(folder: Path, **settings: Any) -> LoadedCrossEncoder:
    chosen = Settings(**settings)
    return load_cross_encoder(resolve(str(folder), chosen), chosen)


# ---- the same scores as sentence-transformers ------------------------------------------------------------------------


@dataclass(frozen=True)
class Family:
    """A kind of checkpoint that people use: its config, and a tokenizer as that family has."""

    kind: str
    tokenizer: Callable[[Path], Any]
    labels: int = 1
    config: Mapping[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """A checkpoint as transformers saves it."""
        tokenizer = self.tokenizer(folder / "made")
        tokenizer.model_max_length = 512
        config = transformers.AutoConfig.for_model(
            self.kind,
            **(SMALL | {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}),
            **self.config,
            num_labels=self.labels,
        )
        model = transformers.AutoModelForSequenceClassification.from_config(config)
        model.load_state_dict(random_state(model, scale=0.2))
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder


def deberta_like(folder: Path) -> Any:
    tokenizer = unigram_like(folder)
    tokenizer.padding_side = "right"
    return tokenizer


FAMILIES = (
    Family("bert", bert_like),
    Family("bert", bert_like, labels=2),
    Family("electra", bert_like),
    Family("distilbert", bert_like, config={"n_heads": 2, "n_layers": 2, "dim": 64, "hidden_dim": 128}),
    Family("roberta", roberta_like, config={"max_position_embeddings": 514, "type_vocab_size": 1}),
    Family("xlm-roberta", roberta_like, labels=2, config={"max_position_embeddings": 514, "type_vocab_size": 1}),
    Family("deberta-v2", deberta_like, config={"relative_attention": True}),
    Family("modernbert", roberta_like, config={"global_attn_every_n_layers": 2}),
)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: f"{family.kind}-{family.labels}")
def test_scores_are_those_of_sentence_transformers(family: Family, tmp_path: Path) -> None:
    import sentence_transformers

    folder = family.write(tmp_path)
    oracle = sentence_transformers.CrossEncoder(str(folder), device="cpu", activation_fn=torch.nn.Identity())
    model = load(folder)
    for query in (QUERY, "", "how many people live in which city where " * 90):
        logits = oracle.predict([(query, passage) for passage in PASSAGES], show_progress_bar=False)
        expected = logits if family.labels == 1 else logits[:, 1] - logits[:, 0]
        np.testing.assert_allclose(scores_of(model, query, PASSAGES), expected, rtol=0, atol=1e-4)
        assert np.ptp(expected) > 0.01, "scores that tell nothing apart"


def test_a_shorter_maximum_gives_the_scores_of_sentence_transformers_with_it(tmp_path: Path) -> None:
    import sentence_transformers

    folder = FAMILIES[0].write(tmp_path)
    oracle = sentence_transformers.CrossEncoder(
        str(folder), device="cpu", activation_fn=torch.nn.Identity(), max_length=24
    )
    expected = oracle.predict([(QUERY, passage) for passage in PASSAGES], show_progress_bar=False)
    model = load(folder)
    batches = list(model.score(QUERY, PASSAGES, max_tokens=24))
    scores = {index: score for batch in batches for index, score in zip(batch.indices, batch.scores, strict=True)}
    np.testing.assert_allclose([scores[index] for index in range(len(PASSAGES))], expected, rtol=0, atol=1e-4)
    assert max(extent.read_tokens for batch in batches for extent in batch.extents) == 24


def test_two_outputs_are_read_as_their_difference() -> None:
    assert read_scores(np.array([[1.5, 4.0], [2.0, -1.0]], np.float32)).tolist() == [2.5, -3.0]
    assert read_scores(np.array([[1.5], [-2.0]], np.float32)).tolist() == [1.5, -2.0]


# ---- batches ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> LoadedCrossEncoder:
    return load(write_bert(tmp_path_factory.mktemp("bert")), batch_tokens=128)


MANY = tuple(f"{passage} {number}" for number in range(6) for passage in PASSAGES[:5])


def test_order_and_company_do_not_change_scores(bert: LoadedCrossEncoder) -> None:
    places = list(range(len(MANY)))
    random.Random(3).shuffle(places)
    straight = scores_of(bert, QUERY, MANY)
    shuffled = scores_of(bert, QUERY, [MANY[place] for place in places])
    np.testing.assert_allclose(shuffled, [straight[place] for place in places], rtol=0, atol=1e-4)
    alone = [scores_of(bert, QUERY, [text])[0] for text in MANY[:5]]
    np.testing.assert_allclose(alone, straight[:5], rtol=0, atol=1e-4)


def test_every_text_is_in_one_batch_within_the_budget(bert: LoadedCrossEncoder) -> None:
    batches = list(bert.score(QUERY, MANY))
    assert sorted(index for batch in batches for index in batch.indices.tolist()) == list(range(len(MANY)))
    for batch in batches:
        lengths = [extent.read_tokens for extent in batch.extents]
        assert max(lengths) * len(lengths) <= 128
        assert batch.tokens == sum(lengths)
        assert batch.scores.dtype == np.float32
        assert batch.indices.dtype == np.int64
        assert batch.model_seconds > 0
    assert len(batches) > 3


def test_no_text_gives_no_batch(bert: LoadedCrossEncoder) -> None:
    assert list(bert.score(QUERY, [])) == []


def test_equal_texts_have_equal_scores(bert: LoadedCrossEncoder) -> None:
    assert len(set(scores_of(bert, QUERY, ["berlin"] * 3))) == 1


def test_queries_that_are_scored_together_have_the_scores_and_extents_that_each_has_alone(
    bert: LoadedCrossEncoder,
) -> None:
    asked = [
        Asked(QUERY, MANY),
        Asked("rome", []),
        Asked("which city is cold", ["berlin " * 700, "Rome is old."], windows=True),
        Asked("berlin", PASSAGES, max_tokens=9),
    ]
    texts = sum(len(each.texts) for each in asked)
    scores, extents, longest = np.full(texts, np.nan), dict[int, Any](), []
    for batch in bert.score_all(asked):
        scores[batch.indices] = batch.scores
        extents |= zip(batch.indices.tolist(), batch.extents, strict=True)
        longest += [max(extents[index].read_tokens for index in batch.indices.tolist())] if batch.indices.size else []
    assert longest == sorted(longest, reverse=True)
    begin = 0
    for each in asked:
        alone = dict[int, Any]()
        for batch in bert.score(each.query, each.texts, each.windows, each.max_tokens):
            assert scores[begin + batch.indices] == pytest.approx(batch.scores, abs=1e-4)
            alone |= zip(batch.indices.tolist(), batch.extents, strict=True)
        assert [extents[begin + place] for place in range(len(each.texts))] == [alone[p] for p in range(len(alone))]
        begin += len(each.texts)


def test_one_query_that_cannot_be_scored_is_told_before_any_is(bert: LoadedCrossEncoder) -> None:
    with pytest.raises(InputError, match="takes no instruction"):
        next(bert.score_all([Asked("rome", ["Rome"]), Asked("rome", ["Rome"], instruction="Find it")]))


def test_closing_stops_the_work_within_a_batch(tmp_path: Path) -> None:
    network = FakeNetwork()
    batches = fake_model(tmp_path, network, batch_tokens=16).score(QUERY, MANY)
    next(batches)
    batches.close()
    assert list(batches) == []
    sleep(0.05)  # fifty batches
    assert network.calls <= 2, "the one that was asked for and the one that was begun"


def test_a_second_visitor_waits_for_what_was_handed_in_only(tmp_path: Path) -> None:
    network = FakeNetwork()
    model = fake_model(tmp_path, network, batch_tokens=16)
    first, second = model.score(QUERY, MANY), model.score("berlin", MANY)
    next(first)
    next(second)
    assert network.calls <= 4, "two that the first visitor handed in, two that the second did"
    first.close()
    assert sum(batch.indices.size for batch in second) == len(MANY) - 1


def test_much_text_can_be_stopped_while_it_is_cut_into_tokens(tmp_path: Path) -> None:
    network = FakeNetwork()
    batches = fake_model(tmp_path, network).score(QUERY, ["berlin " * 50_000] * 4)
    first = next(batches)
    assert (first.indices.size, first.tokens, network.calls) == (0, 0, 0)
    assert first.tokenise_seconds > 0
    assert sum(batch.indices.size for batch in batches) == 4


def test_a_maximum_without_room_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    network = FakeNetwork()
    with pytest.raises(InputError, match="length is 3 tokens"):
        next(fake_model(tmp_path, network).score(QUERY, MANY, max_tokens=3))
    assert network.calls == 0


# ---- windows ---------------------------------------------------------------------------------------------------------


def test_the_best_window_counts(tmp_path: Path) -> None:
    """By hand: every window scored as a passage of its own, the highest of them is the score."""
    model = load(write_bert(tmp_path))
    words = (
        "rome is old paris river winter cold " * 30 + "berlin has three million people " + "museums " * 400
    ).split()
    room = 512 - 3 - 7  # QUERY is seven tokens
    begins = [*range(0, len(words) - room, room // 2), len(words) - room]
    stretches = [" ".join(words[begin : begin + room]) for begin in begins]
    expected = scores_of(model, QUERY, stretches)

    batches = list(model.score(QUERY, ["rome is old", " ".join(words)], windows=True))
    scores = {
        index: score for batch in batches for index, score in zip(batch.indices.tolist(), batch.scores, strict=True)
    }
    extents = {
        index: extent for batch in batches for index, extent in zip(batch.indices.tolist(), batch.extents, strict=True)
    }
    assert scores[1] == pytest.approx(max(expected), abs=1e-4)
    best = stretches[int(np.argmax(expected))]
    assert " ".join(words)[extents[1].start_char : extents[1].end_char] == best
    assert (extents[1].windows, extents[1].read_tokens, extents[1].truncated) == (len(begins), 512, False)
    assert (extents[0].windows, extents[0].start_char, extents[0].end_char) == (1, 0, 11)
    assert scores[0] == pytest.approx(scores_of(model, QUERY, ["rome is old"])[0], abs=1e-4)
    assert extents[1].pair_tokens == 3 + 7 + len(words)


def test_windows_change_nothing_where_all_is_read(bert: LoadedCrossEncoder) -> None:
    plain, windowed = scores_of(bert, QUERY, MANY), scores_of(bert, QUERY, MANY, windows=True)
    np.testing.assert_allclose(plain, windowed, rtol=0, atol=1e-5)


# ---- a network that is not one, to see what is made of its answers ---------------------------------------------------


@dataclass
class FakeNetwork:
    """Gives each row its number of tokens as its score; refuses more than `most` tokens; NaN for `bad` rows."""

    most: int = 10**9
    bad: int = 0
    backend: str = "made"
    emulated: bool = False
    lanes: int = 1
    device: str = "cpu"
    precision: str = "bf16"
    bytes: int = 0
    kept_bytes: int = 0
    calls: int = 0
    sizes: list[int] = field(default_factory=list)
    inside: Lock = field(default_factory=Lock)

    def start_lane(self) -> None:
        pass

    def logits(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        assert self.inside.acquire(blocking=False), "two threads in one network"
        self.calls += 1
        size = inputs["input_ids"].size
        self.sizes.append(size)
        sleep(0.001)
        self.inside.release()
        if size > self.most:
            raise MemoryShortError
        scores = inputs["attention_mask"].sum(1, keepdims=True).astype(np.float32)
        scores[scores == self.bad] = np.nan
        return scores


def fake_model(folder: Path, network: FakeNetwork, batch_tokens: int = 256) -> LoadedCrossEncoder:
    pairs = PairTokenizer(as_text_tokenizer(bert_like(folder)), 512)
    return LoadedCrossEncoder(ModelSpec("made", "Made"), pairs, network, "print", batch_tokens)


def test_a_batch_that_does_not_fit_is_halved_and_the_rest_goes_on(tmp_path: Path) -> None:
    network = FakeNetwork(most=100)
    model = fake_model(tmp_path, network)
    lengths = [model.pairs.encode([QUERY])[0].size + text.size + 3 for text in model.pairs.encode(MANY)]
    assert scores_of(model, QUERY, MANY) == lengths
    assert network.sizes[0] > 100 >= max(network.sizes[4:])
    assert model.batch_tokens <= 100


def test_one_pair_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="more memory for one pair of 512 tokens than cpu has free"):
        list(fake_model(tmp_path, FakeNetwork(most=100)).score(QUERY, ["berlin " * 600]))


@pytest.mark.parametrize("windows", [False, True])
def test_a_score_that_is_no_number_names_its_passage(tmp_path: Path, windows: bool) -> None:
    # [CLS] seven tokens of the query [SEP] three of the passage [SEP]: 13 tokens.
    model = fake_model(tmp_path, FakeNetwork(bad=13))
    with pytest.raises(ModelError, match=r"Made gave nan for passage 2 of 3 \(“rome is old”\) in bf16"):
        list(model.score(QUERY, ["berlin", "rome is old", "berlin has three million people"], windows))


def test_threads_take_turns(tmp_path: Path) -> None:
    network = FakeNetwork()
    model = fake_model(tmp_path, network, batch_tokens=16)
    expected, found, start = scores_of(model, QUERY, MANY), [], Barrier(4)

    def visit() -> None:
        start.wait()
        found.append(scores_of(model, QUERY, MANY))

    threads = [Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


# ---- device and precision --------------------------------------------------------------------------------------------


def test_what_a_loaded_model_says_of_itself(bert: LoadedCrossEncoder) -> None:
    parameters = sum(value.numel() for value in bert_state(1).values())
    assert bert.bytes >= 4 * parameters
    assert (bert.backend, bert.device, bert.precision, bert.pairs.max_tokens) == ("own forward", "cpu", "fp32", 512)
    assert bert.load_seconds > 0


def test_wide_models_take_fewer_tokens_in_a_batch(tmp_path: Path) -> None:
    folder = write_bert(tmp_path)
    assert load(folder).batch_tokens == 3_072  # 4,096 at most, and 3,072 · 128 numbers at width 128
    assert load(folder, batch_tokens=1_000).batch_tokens == 1_000


def test_bf16_is_close_and_makes_no_ties(tmp_path: Path) -> None:
    folder = write_bert(tmp_path)
    texts = [f"berlin has {number} people" for number in range(60)]
    exact = np.array(scores_of(load(folder), QUERY, texts))
    rounded = np.array(scores_of(load(folder, precision="bf16"), QUERY, texts))
    assert 0 < np.abs(exact - rounded).max() < 0.3 * np.ptp(exact)
    assert len(set(rounded.tolist())) == len(set(exact.tolist())), "bf16 logits would have 8 bits only"


@pytest.mark.parametrize("able", [True, False])
def test_bf16_is_emulated_where_the_processor_lacks_it(
    able: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_bert(tmp_path)
    monkeypatch.setattr("demo.rankers.cross_encoder.network.has_bf16", lambda: able)
    assert load(folder, precision="bf16", device="cpu").emulated is not able
    assert not load(folder, device="cpu").emulated


def test_positions_and_tokenizer_bound_the_length(tmp_path: Path) -> None:
    """RoBERTa numbers positions from its padding's number on, so that 40 of them hold 40 − 2 tokens."""
    short = Family("roberta", roberta_like, config={"max_position_embeddings": 40, "type_vocab_size": 1})
    model = load(short.write(tmp_path))
    assert model.pairs.max_tokens == 38
    assert np.isfinite(scores_of(model, QUERY, PASSAGES)).all()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: f"{family.kind}-{family.labels}")
def test_a_model_says_what_computes_it(family: Family, tmp_path: Path) -> None:
    own = family.kind in ("bert", "electra", "distilbert", "roberta", "xlm-roberta", "modernbert")
    model = load(family.write(tmp_path))
    assert model.backend == ("own forward" if own else "sentence-transformers")
    assert (model.network.lanes > 1) == (own and torch.get_num_threads() > 1)


def test_threads_of_others_stay_as_they_are(bert: LoadedCrossEncoder) -> None:
    def threads() -> list[int]:
        found = [torch.get_num_threads()]
        visitor = Thread(target=lambda: found.append(torch.get_num_threads()))
        visitor.start()
        visitor.join()
        return found

    before = threads()
    scores_of(bert, QUERY, MANY)
    assert threads() == before
    assert bert.submit(bert.pairs.inputs(*one_pair(bert))).result().shape == (1, 1)


def one_pair(model: LoadedCrossEncoder) -> tuple[Any, Any, Any]:
    question, texts = model.pairs.encode([QUERY]), model.pairs.encode(["berlin"])
    return question, texts, model.pairs.windows(question[0], texts, model.pairs.room(), overlapping=False)


@pytest.mark.gpu
def test_gpu_gives_the_scores_of_the_cpu(tmp_path: Path) -> None:
    folder = write_bert(tmp_path)
    exact = scores_of(load(folder, device="cpu"), QUERY, PASSAGES)
    model = load(folder, device="cuda:0")
    assert model.device.startswith("cuda:0 ")
    np.testing.assert_allclose(scores_of(model, QUERY, PASSAGES), exact, rtol=0, atol=1e-4)
    half = load(folder, device="cuda:0", precision="fp16")
    np.testing.assert_allclose(scores_of(half, QUERY, PASSAGES), exact, rtol=0, atol=0.1)
