"""BM25 over the pool, mined candidates, target logits and losses, each worked by hand."""

# ruff: noqa: E402 (imports follow the checks for optional packages)

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("scipy", reason="needs demo/training/requirements.txt")
pytest.importorskip("snowballstemmer", reason="needs demo/training/requirements.txt")
pytest.importorskip("tqdm", reason="needs demo/training/requirements.txt")

from demo.training.groups import Candidates, Group, Mining, Phase, batches, draw_groups, mine, surrounded
from demo.training.lexical import Bm25Matrix, terms
from demo.training.losses import Targets, Weights, absolute, listwise, margins
from demo.training.sources import DataError
from demo.training.tokens import table_of

PASSAGES = ["cats chase mice", "dogs chase cats and cats", "birds sing"]


def test_terms_are_stemmed_and_lower_case() -> None:
    assert terms("Running DOGS, 42!") == ["run", "dog", "42"]


def test_bm25_by_hand() -> None:
    """«sing» stands in 1 of 3 passages, once, in one of 2 words; mean length (3 + 5 + 2) / 3."""
    idf = math.log(1 + (3 - 1 + 0.5) / 1.5)
    norm = 1.2 * (1 - 0.75 + 0.75 * 2 / (10 / 3))
    scores = Bm25Matrix(PASSAGES).scores(["singing"])
    assert scores == pytest.approx(np.asarray([[0, 0, idf / (1 + norm)]]), abs=1e-6)


def test_bm25_counts_each_query_word_once_and_never_passes_its_bound() -> None:
    index = Bm25Matrix(PASSAGES)
    once, twice = index.scores(["cat mice", "cat cat mice unknown"])
    assert once == pytest.approx(twice)
    assert (once <= index.best_possible(["cat mice"])).all()
    assert index.scores([""]).tolist() == [[0, 0, 0]]


def test_the_best_passages_come_in_order_and_those_that_share_no_word_are_left_out() -> None:
    assert Bm25Matrix(PASSAGES).best(["cats and dogs", "mice"], 2).tolist() == [[1, 0], [0, -1]]


def test_candidates_hold_the_known_passage_the_nearest_and_the_best_for_bm25() -> None:
    pool = np.asarray([[1, 0], [0.6, 0.8], [0, 1]], np.float16)
    queries = np.asarray([[0, 1], [1, 0]], np.float16)
    known = np.asarray([1, -1], np.int32)
    mined = mine(["mice", "dogs"], known, queries, pool, Bm25Matrix(PASSAGES), Mining(1, 1, 1), seed=0)
    assert mined.passages[:, :3].tolist() == [[1, 2, 0], [0, 0, 1]]
    assert mined.cosine[0, :3].tolist() == pytest.approx([0.8, 1.0, 0.0], abs=1e-3)
    assert mined.lexical[0, :2].tolist() == [0, 0]
    assert mined.lexical[0, 2] > 0
    assert mined.known.tolist() == [True, False]


def candidates_of(count: int) -> Candidates:
    passages = np.arange(count, dtype=np.int32)[None, :]
    zeros = np.zeros((1, count), np.float16)
    return Candidates(passages, zeros, zeros, zeros, np.asarray([True]))


def test_a_pool_that_is_too_small_is_named() -> None:
    vectors, known, bm25 = np.ones((3, 2), np.float16), np.asarray([1], np.int32), Bm25Matrix(PASSAGES)
    with pytest.raises(DataError, match=r"The pool has 3 passages\. Training needs at least 4"):
        mine(["mice"], known, vectors[:1], vectors, bm25, Mining(4, 1, 1), 0)


def test_a_group_starts_with_the_known_passage_and_draws_from_every_kind() -> None:
    """Of 7 others 3 are among the nearest (columns 1 to 5), 3 among BM25's best (6 to 10), 1 is random (11 to 13)."""
    rng, phase = np.random.default_rng(0), Phase(1.0, 16, 32, 0.5)
    drawn = draw_groups(rng, np.zeros(50, np.int64), Mining(nearest=5, lexical=5, chance=3), phase, 8)
    assert {g.limit for g in drawn} == {16, 32}
    for group in drawn:
        assert group.columns[0] == 0
        assert len(set(group.columns.tolist())) == 8
        assert np.histogram(group.columns, [1, 6, 11, 14])[0].tolist() == [3, 3, 1]


def test_batches_place_every_pair_once() -> None:
    candidates = candidates_of(3)
    pool = table_of([np.arange(n, dtype=np.int32) + 5 for n in (9, 1, 4)])
    queries = table_of([np.asarray([7], np.int32)])
    made = batches([Group(0, np.asarray([0, 1, 2]), 6)], candidates, queries, pool, budget=16)
    assert sorted(np.concatenate([b.places for b in made]).tolist()) == [0, 1, 2]
    longest = next(b for b in made if 0 in b.places)
    row = longest.ids[longest.places.tolist().index(0)]
    assert row.tolist() == [101, 7, 102, 5, 6, 7, 8, 9, 10, 102]


def test_a_shuffled_group_ends_with_the_known_passage_in_another_order() -> None:
    group = Group(0, np.asarray([0, 2, 1]), 6).with_shuffled(3)
    assert group.columns.tolist() == [0, 2, 0]
    pool = table_of([np.arange(5, 11, dtype=np.int32)] * 3)
    (made,) = batches([group], candidates_of(3), table_of([np.asarray([7], np.int32)]), pool, 99)
    rows = [row.tolist() for row in made.ids[np.argsort(made.places)]]
    assert rows[0] == rows[1] == [101, 7, 102, *range(5, 11), 102]
    assert rows[2] != rows[0]
    assert sorted(rows[2]) == sorted(rows[0])


def test_a_stuffed_group_ends_with_a_passage_that_repeats_the_query() -> None:
    group = Group(0, np.asarray([0, 1]), 12).with_stuffed(5)
    pool = table_of([np.arange(5, 11, dtype=np.int32)] * 2)
    (made,) = batches([group], candidates_of(2), table_of([np.asarray([70, 71], np.int32)]), pool, 99)
    plain, changed = (row.tolist()[4:] for row in made.ids[np.argsort(made.places)])
    assert [i for i in plain if i] == [*range(5, 11), 102]
    assert [i for i in changed if i not in (0, 70, 71)] == [*range(5, 11), 102]
    firsts = [i for i, piece in enumerate(changed) if piece == 70]
    assert 1 <= len(firsts) <= 3
    assert all(changed[i + 1] == 71 for i in firsts)


def test_a_surrounded_passage_stays_whole() -> None:
    pool = table_of([np.arange(50, 55, dtype=np.int32), np.arange(60, 63, dtype=np.int32)])
    passage = np.arange(5, 9, dtype=np.int32)
    made = [surrounded(passage, pool, 16, np.random.default_rng(seed)).tolist() for seed in range(200)]
    assert {len(text) for text in made} == {20}
    places = [text.index(5) for text in made]
    assert all(text[i : i + 4] == [5, 6, 7, 8] for text, i in zip(made, places, strict=True))
    assert {0, 16} <= set(places)
    assert surrounded(passage, pool, 0, np.random.default_rng(0)).tolist() == passage.tolist()


def test_only_long_groups_of_such_a_phase_are_surrounded() -> None:
    rng, phase = np.random.default_rng(0), Phase(1.0, 16, 32, 0.5, surrounded=True)
    drawn = draw_groups(rng, np.zeros(50, np.int64), Mining(nearest=5, lexical=5, chance=3), phase, 8)
    assert {(g.limit, g.surroundings is None) for g in drawn} == {(16, True), (32, False)}
    assert all(len(g.surroundings.shares) == 8 for g in drawn if g.surroundings)
    candidates, pool = candidates_of(14), table_of([np.arange(5, 9, dtype=np.int32)] * 14)
    made = batches(drawn, candidates, table_of([np.asarray([7], np.int32)]), pool, 999)
    lengths = {len(np.trim_zeros(row, "b")) for batch in made for row in batch.ids}
    assert min(lengths) == 8
    assert 30 < max(lengths) <= 36


def test_target_logits_by_hand() -> None:
    """20 · (0.6 − 0.5) + 0.5 · (8 − 10) + 4 · 0.5 = 3; a known one gets 2 more, its shuffled words 3 less than it.

    Each loses half of 2 in the middle column, where others take half of the room. The last query was made from a
    passage: 8 · 0.5 for the words.
    """
    targets = Targets(20, 0.5, 0.5, 10, 4, 8, known_bonus=2, shuffled_loss=3, surrounded_loss=2)
    known, shuffled = torch.tensor([1.0, 0.0, 1.0]), torch.tensor([0.0, 1.0, 1.0])
    cosine, sparse, lexical = (torch.full((3, 3), value) for value in (0.6, 8.0, 0.5))
    surrounded, made = torch.tensor([[0.0, 0.5, 0.0]] * 3), torch.tensor([False, False, True])
    logits = targets.logits(cosine, sparse, lexical, made, known, shuffled, surrounded)
    assert logits.tolist() == [pytest.approx(row, abs=1e-5) for row in ([5, 2, 3], [3, 2, 0], [7, 4, 4])]


def test_listwise_loss_by_hand() -> None:
    """Targets give (¾, ¼), scores (½, ½): KL = ¾ ln(¾ / ½) + ¼ ln(¼ / ½)."""
    loss = listwise(torch.tensor([[1.0, 1.0]]), torch.tensor([[math.log(3.0), 0.0]]))
    assert loss.item() == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5), abs=1e-6)


def test_listwise_and_margins_do_not_see_a_shift_but_absolute_does() -> None:
    targets = torch.tensor([[3.0, -1.0, 0.5]])
    shifted = targets + 5.0
    assert listwise(shifted, targets).item() == pytest.approx(0.0, abs=1e-6)
    assert margins(shifted, targets).item() == pytest.approx(0.0, abs=1e-6)
    # Huber with δ = 2 at a distance of 5: 2 · (5 − 1) = 8.
    assert absolute(shifted, targets).item() == pytest.approx(8.0)


def test_the_total_is_the_weighted_sum() -> None:
    scores, targets = torch.tensor([[0.0, 2.0]]), torch.tensor([[1.0, 0.0]])
    total = Weights(listwise=2.0, margins=3.0, absolute=0.5).total(scores, targets)
    parts = 2 * listwise(scores, targets) + 3 * margins(scores, targets) + 0.5 * absolute(scores, targets)
    assert total.item() == pytest.approx(parts.item())
