"""Bi-encoders as rankers: sentence-transformers' own similarities, vectors made once, and what is no bi-encoder."""

from __future__ import annotations

import gc
from pathlib import Path
from weakref import ref

import numpy as np
import pytest
import transformers
from fakes import QUERY, collection_of
from made_rerankers import CLASSIFIERS, SIZES, WIDTH, bert, save_random, write_ettin

from demo import budgets
from demo.errors import InputError, ModelError
from demo.rankers.cross_encoder import loading
from demo.rankers.cross_encoder.scoring import Scoring
from demo.rankers.dense import Dense
from demo.rankers.encoding import Encoding, KeptVectors, Vectors
from demo.rankers.registry import Rankers
from demo.records import Passage, Query
from demo.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore")


def write_bi_encoder(folder: Path, length: int = 24) -> Path:
    """Mean pooling over a small BERT, with prompts, saved by sentence-transformers."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    body = folder / "body"
    tokenizer = bert(folder)
    save_random(body, transformers.BertModel(transformers.BertConfig(**SIZES, vocab_size=len(tokenizer))))
    tokenizer.save_pretrained(body)
    modules = [Transformer(str(body), max_seq_length=length), Pooling(WIDTH, pooling_mode="mean")]
    prompts = {"query": "city: ", "document": "text: "}
    SentenceTransformer(modules=modules, prompts=prompts).save_pretrained(str(folder / "bi"))
    return folder / "bi"


def rankers_of(folder: Path) -> Rankers:
    settings = Settings(models_folder=str(folder), device="cpu")
    return Rankers(settings, Scoring(settings, loading))


COLLECTION = collection_of((*collection_of().passages, Passage("d5", "berlin " * 60), Passage("d6", "")))
EVERY = np.arange(len(COLLECTION.passages), dtype=np.int64)


def test_scores_are_sentence_transformers_own(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    folder = write_bi_encoder(tmp_path)
    ranking = rankers_of(tmp_path).read("dense(bi)").rank(Query("", QUERY), COLLECTION, EVERY).run()

    model = SentenceTransformer(str(folder), device="cpu")
    texts = [passage.content for passage in COLLECTION.passages]
    expected = model.similarity(model.encode_query(QUERY), model.encode_document(texts))[0].numpy()
    np.testing.assert_allclose(ranking.scores, expected, rtol=0, atol=1e-6)
    assert ranking.ranker.kind.key == "similarity"
    assert ranking.ranker.ranks_collection
    assert [extent.read_tokens for extent in ranking.extents][4] == 24
    assert COLLECTION.passages[4].content[: ranking.extents[4].end_char] == " ".join(["berlin"] * 22)


def test_passages_become_vectors_once_and_queries_are_asked_anew(tmp_path: Path) -> None:
    write_bi_encoder(tmp_path)
    dense = rankers_of(tmp_path).read("dense(bi)")
    first = dense.rank(Query("", QUERY), COLLECTION, EVERY).run()
    second = dense.rank(Query("", "lakes"), COLLECTION, EVERY[:2]).run()
    assert first.cost.index_seconds > 0
    assert first.cost.load_seconds > 0
    assert (second.cost.index_seconds, second.cost.load_seconds) == (0, 0)
    assert second.scores.tolist() != first.scores[:2].tolist()


def test_it_is_a_first_stage_alone_and_with_bm25(tmp_path: Path) -> None:
    write_bi_encoder(tmp_path)
    rankers = rankers_of(tmp_path)
    hybrid = rankers.read("rrf(bm25+dense(bi))")
    assert hybrid.spec.ranks_collection
    assert hybrid.rank(Query("", QUERY), COLLECTION, EVERY).run().found.all()
    assert rankers.read(str(hybrid)) == hybrid


@pytest.mark.parametrize("text", ["dense", "dense()", "dense(a/b+c/d)"])
def test_it_holds_one_model(text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="dense holds one model"):
        rankers_of(tmp_path).read(text)


def test_bi_encoders_of_the_folder_are_offered(tmp_path: Path) -> None:
    write_bi_encoder(tmp_path)
    CLASSIFIERS["bert"].write(tmp_path / "plain")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "config.json").write_text("{")
    rankers = rankers_of(tmp_path)
    offered = [text for text in map(str, rankers.offered()) if text.startswith("dense(")]
    assert offered == ["dense(bundled/small)", "dense(bi)"]
    assert "dense(bi)" in map(str, rankers.first_stages())


def test_an_unknown_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no model"):
        rankers_of(tmp_path).read("dense(a/b/c)").check()


def test_a_reranker_is_no_bi_encoder(tmp_path: Path) -> None:
    CLASSIFIERS["bert"].write(tmp_path / "plain")
    write_ettin(tmp_path / "ettin")
    for name in ("plain", "ettin/saved"):
        with pytest.raises(ModelError, match="was not saved as a bi-encoder"):
            rankers_of(tmp_path).read(f"dense({name})").rank(Query("", QUERY), COLLECTION, EVERY).run()


def test_a_bi_encoder_is_no_reranker_and_the_sentence_says_how_to_use_it(tmp_path: Path) -> None:
    folder = write_bi_encoder(tmp_path)
    with pytest.raises(ModelError, match=rf"is a bi-encoder.*Use it as dense\({folder}\)"):
        rankers_of(tmp_path).read("bi").check()


def test_the_fingerprint_changes_with_the_files(tmp_path: Path) -> None:
    folder = write_bi_encoder(tmp_path)
    dense = Dense("bi", Encoding(Settings(models_folder=str(tmp_path))))
    before = dense.fingerprint()
    assert before == dense.fingerprint()
    (folder / "1_Pooling" / "config.json").write_text('{"embedding_dimension": 64, "pooling_mode": "cls"}')
    assert dense.fingerprint() != before


def test_kept_vectors_forget_dead_collections_and_the_oldest() -> None:
    def vectors() -> Vectors:
        return Vectors(np.zeros((2, 4), np.float32), np.arange(2), (), 0)  # 32 bytes

    kept, one, other = KeptVectors(64), collection_of(), collection_of()
    for collection, model in ((one, "a"), (one, "b"), (other, "a")):
        kept.keep([((ref(collection), model), vectors())])
    assert kept.memory_bytes == 64
    assert kept.find([(ref(one), "a")]) == [None]
    assert kept.find([(ref(one), "b")]) != [None]
    del other, collection
    gc.collect()
    kept.keep([((ref(one), "c"), vectors())])
    assert len(kept) == 2


def test_reading_a_collection_is_work_until_its_vectors_are_kept(tmp_path: Path) -> None:
    write_bi_encoder(tmp_path)
    rankers = rankers_of(tmp_path)
    dense, fused = rankers.read("dense(bi)"), rankers.read("rrf(bm25+dense(bi))")
    texts = {passage.content for passage in COLLECTION.passages}
    tokens, seconds = budgets.preparation([fused, dense], COLLECTION)
    assert tokens == sum(min(budgets.tokens_of(text), 512) for text in texts)
    assert seconds > 0
    assert budgets.preparation([rankers.read("dense(a/b/c)")], COLLECTION) == (0, 0.0)
    fused.rank(Query("", QUERY), COLLECTION, EVERY).run()
    assert budgets.preparation([fused, dense], COLLECTION) == (0, 0.0)


def test_the_bundled_bi_encoder_is_the_mean_of_smalls_tokens_before_its_last_layer() -> None:
    from demo.rankers.cross_encoder.checkpoints import BUNDLED

    settings = Settings(device="cpu")
    ranker = Rankers(settings, Scoring(settings, loading)).read("dense(bundled/small)")
    ranking = ranker.rank(Query("", QUERY), COLLECTION, EVERY).run()

    tokenizer = transformers.AutoTokenizer.from_pretrained(BUNDLED / "small")
    model = transformers.AutoModel.from_pretrained(BUNDLED / "small", dtype="float32", output_hidden_states=True)
    texts = [QUERY, *(passage.content for passage in COLLECTION.passages)]
    vectors = []
    for text in texts:
        inputs = tokenizer(text, return_tensors="pt", truncation=True, max_length=256)
        mean = model.eval()(**inputs).hidden_states[-2][0].mean(0)
        vectors.append((mean / mean.norm()).detach().numpy())
    np.testing.assert_allclose(ranking.scores, np.stack(vectors[1:]) @ vectors[0], rtol=0, atol=1e-4)
    assert ranking.ranker.label == "Small (dense)"


def test_the_bundled_bi_encoder_is_offered() -> None:
    settings = Settings()
    offered = Rankers(settings, Scoring(settings, loading)).first_stages()
    assert "dense(bundled/small)" in {ranker.spec.key for ranker in offered}
