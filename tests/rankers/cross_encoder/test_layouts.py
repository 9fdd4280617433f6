"""What a folder holds, as its files say: lengths, prompts, warnings, and a true sentence for what is no reranker."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fakes import QUERY, collection_of
from made_checkpoints import PASSAGES, bert_config, bert_state, scores_of, write_bert, write_checkpoint, write_json
from made_rerankers import (
    CLASSIFIERS,
    CTXL_TEMPLATE,
    MXBAI_TEMPLATE,
    QWEN_TEMPLATE,
    USUAL_CHAT,
    Classifier,
    load,
    oracle_scores,
    our_scores,
    qwen,
    write_causal,
    write_ettin,
    write_prompted,
)

from demo.errors import InputError, ModelError
from demo.rankers.cross_encoder import loading
from demo.rankers.cross_encoder.loading import available, fingerprint, resolve
from demo.rankers.cross_encoder.scoring import Scoring
from demo.rankers.registry import Rankers
from demo.records import Query, Ranking
from demo.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore")

ANY = Settings()


def change(path: Path, **values: Any) -> None:
    """Sets values of a JSON file; None removes one."""
    content = json.loads(path.read_text()) if path.is_file() else {}
    write_json(path, {key: value for key, value in (content | values).items() if value is not None})


def rank(text: str, folder: Path) -> Ranking:
    """The ranking by the ranker of this text, whose models are in the folder."""
    settings = Settings(models_folder=str(folder), device="cpu")
    collection = collection_of()
    ranker = Rankers(settings, Scoring(settings, loading)).read(text)
    return ranker.rank(Query("", QUERY), collection, np.arange(len(collection.passages), dtype=np.int64)).run()


# ---- lengths ---------------------------------------------------------------------------------------------------------


def test_a_model_reads_as_much_as_its_files_allow(tmp_path: Path) -> None:
    model = load(CLASSIFIERS["bge v2-m3"].write(tmp_path))
    assert (model.spec.max_tokens, model.spec.limit_tokens) == (1_024, 1_024)
    extent = next(model.score("berlin", ["museums and lakes " * 900])).extents[0]
    assert extent.read_tokens == 1_024


def test_a_stored_length_is_the_default_and_may_be_raised(tmp_path: Path) -> None:
    folder = write_prompted(tmp_path, "gte modernbert")
    change(folder / "sentence_bert_config.json", max_seq_length=128)
    change(folder / "tokenizer_config.json", model_max_length=1_024)
    model = load(folder)
    assert (model.spec.max_tokens, model.spec.limit_tokens) == (128, 1_024)
    np.testing.assert_allclose(our_scores(model), oracle_scores(folder), rtol=0, atol=1e-4)
    whole = oracle_scores(folder, processor_kwargs={"model_max_length": 1_024})
    np.testing.assert_allclose(our_scores(model, max_tokens=1_024), whole, rtol=0, atol=1e-4)
    with pytest.raises(InputError, match=r"The maximum length is 1025 tokens\. Write 5 to 1024"):
        our_scores(model, max_tokens=1_025)


@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("tokenizer_config.json", {"model_max_length": None, "max_len": 128}),
        ("tokenizer_config.json", {"truncation_side": "left"}),
        ("sentence_bert_config.json", {"max_seq_length": 128}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
        ("sentence_bert_config.json", {"processing_kwargs": {"text": {"max_length": 100}}}),
    ],
)
@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_settings_that_change_scores_are_read(kind: str, file: str, values: dict[str, Any], tmp_path: Path) -> None:
    folder = write_prompted(tmp_path, kind)
    plain = our_scores(load(folder))
    before = fingerprint(resolve(str(folder), ANY), ANY)
    change(folder / file, **values)
    found = our_scores(load(folder))
    np.testing.assert_allclose(found, oracle_scores(folder), rtol=0, atol=1e-4)
    assert fingerprint(resolve(str(folder), ANY), ANY) != before
    if "do_lower_case" not in values:
        assert np.abs(found - plain).max() > 1e-4


def test_label_and_use_say_what_was_read(tmp_path: Path) -> None:
    CLASSIFIERS["bge v2-m3"].write(tmp_path / "long")
    usual, short = rank("long", tmp_path).ranker, rank("long[max_tokens=600]", tmp_path).ranker
    assert (usual.label, usual.model and usual.model.max_tokens) == ("long", 1_024)
    assert (short.label, short.model and short.model.max_tokens) == ("long · 600 tokens", 600)


def test_weights_stored_as_fp16_are_computed_in_fp32(tmp_path: Path) -> None:
    state = {name: tensor.half() for name, tensor in bert_state(1).items()}
    write_checkpoint(tmp_path / "half", bert_config(1) | {"dtype": "float16"}, state)
    write_checkpoint(tmp_path / "whole", bert_config(1), {name: tensor.float() for name, tensor in state.items()})
    half, whole = (scores_of(load(tmp_path / name), QUERY, PASSAGES) for name in ("half", "whole"))
    assert half == pytest.approx(whole, abs=1e-6)


# ---- instructions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", [QWEN_TEMPLATE, None])
def test_an_instruction_is_sentence_transformers_prompt(template: str | None, tmp_path: Path) -> None:
    from sentence_transformers import CrossEncoder as Oracle

    folder = write_causal(tmp_path, template) if template else write_prompted(tmp_path)
    asked = "Find a town by its lakes; be strict: "
    oracle = Oracle(str(folder), device="cpu", activation_fn=torch.nn.Identity())
    expected = oracle.predict([(QUERY, text) for text in PASSAGES], prompt=asked, show_progress_bar=False)
    model = load(folder)
    scores = np.zeros(len(PASSAGES), np.float32)
    for batch in model.score(QUERY, PASSAGES, instruction=asked):
        scores[batch.indices] = batch.scores
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-4)
    assert np.abs(scores - scores_of(model, QUERY, PASSAGES)).max() > 1e-3


def test_one_model_in_two_wordings_is_two_rankers(tmp_path: Path) -> None:
    write_causal(tmp_path / "judge", QWEN_TEMPLATE, prompts={"web": "Find the place"})
    usual = rank("judge", tmp_path)
    told = rank('judge[instruction="Find lakes; rank them"]', tmp_path)
    assert usual.ranker.key != told.ranker.key
    assert told.ranker.label == "judge · “Find lakes; rank them”"
    assert (usual.ranker.model and usual.ranker.model.instruction) == "Find the place"
    assert (told.ranker.model and told.ranker.model.instruction) == "Find lakes; rank them"
    assert usual.scores.tolist() != told.scores.tolist()


def test_kept_scores_are_those_of_one_wording(tmp_path: Path) -> None:
    write_causal(tmp_path / "judge", QWEN_TEMPLATE)
    settings = Settings(models_folder=str(tmp_path), device="cpu")
    rankers = Rankers(settings, Scoring(settings, loading))
    collection, every = collection_of(), np.arange(4, dtype=np.int64)
    usual = rankers.read("judge")
    told = rankers.read("judge[instruction=lakes]")
    assert usual.fingerprint() != told.fingerprint()
    usual.rank(Query("", QUERY), collection, every).run()
    assert usual.rank(Query("", QUERY), collection, every).run().cost.kept_pairs == 4
    assert told.rank(Query("", QUERY), collection, every).run().cost.kept_pairs == 0


def test_a_model_without_template_or_prompt_takes_no_instruction(tmp_path: Path) -> None:
    write_bert(tmp_path / "plain")
    with pytest.raises(InputError, match="plain takes no instruction"):
        rank("plain[instruction=x]", tmp_path)


# ---- warnings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({"0": "entailment", "1": "not_entailment"}, "entailment, not_entailment, in this order"),
        ({"0": "NEGATIVE", "1": "POSITIVE"}, "negative, positive: it judges opinions"),
        ({"0": "LABEL_0", "1": "LABEL_1"}, ""),
        ({"0": "no", "1": "yes"}, ""),
    ],
)
def test_label_names_are_looked_at(labels: dict[str, str], words: str, tmp_path: Path) -> None:
    change(write_bert(tmp_path / "two", labels=2) / "config.json", id2label=labels)
    said = " ".join(map(str, rank("two", tmp_path).warnings))
    assert words in said
    assert bool(words) == ("labels of two" in said)


def test_a_pair_with_nothing_between_is_warned_of(tmp_path: Path) -> None:
    Classifier("qwen3", qwen, config={"num_key_value_heads": 2, "head_dim": 16}, scale=0.1).write(tmp_path / "bare")
    assert "nothing between them" in " ".join(map(str, rank("bare", tmp_path).warnings))
    CLASSIFIERS["qwen3 classifier"].write(tmp_path / "worded")
    assert "nothing between them" not in " ".join(map(str, rank("worded", tmp_path).warnings))


def test_a_language_model_that_does_not_call_itself_a_reranker_is_warned_of(tmp_path: Path) -> None:
    write_causal(tmp_path / "judge", QWEN_TEMPLATE)
    assert rank("judge", tmp_path).warnings == ()
    for name in ("modules.json", "sentence_bert_config.json", "config_sentence_transformers.json"):
        (tmp_path / "judge" / name).unlink()
    assert "do not say that it is a reranker" in " ".join(map(str, rank("judge", tmp_path).warnings))


def test_scores_that_hardly_differ_are_warned_of(tmp_path: Path) -> None:
    state = bert_state(1)
    state["classifier.weight"] *= 1e-3
    write_checkpoint(tmp_path / "flat", bert_config(1), state)
    settings = Settings(models_folder=str(tmp_path), device="cpu")
    passages = tuple(collection_of().passages[0:1] * 1) + collection_of().passages[1:]
    more = collection_of((*passages, *(type(passages[0])(f"m{n}", f"berlin {n}") for n in range(4))))
    ranker = Rankers(settings, Scoring(settings, loading)).read("flat")
    ranking = ranker.rank(Query("", QUERY), more, np.arange(8, dtype=np.int64)).run()
    assert "hardly differ" in " ".join(map(str, ranking.warnings))


# ---- refusals --------------------------------------------------------------------------------------------------------


def classifier_of(architecture: str, **config: Any) -> Callable[[Path], None]:
    return lambda folder: (
        write_checkpoint(folder, bert_config(1) | {"architectures": [architecture]} | config, bert_state(1)),
        None,
    )[1]


def inference(folder: Path) -> None:
    names = {"0": "CONTRADICTION", "1": "entailment", "2": "neutral"}
    change(write_bert(folder, labels=3) / "config.json", id2label=names)


def saved_as(kind: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        classifier_of("BertModel")(folder)
        write_json(folder / "config_sentence_transformers.json", {"model_type": kind})
        row = {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}
        (folder / "modules.json").write_text(json.dumps([row]))

    return write


def foreign_module(folder: Path) -> None:
    saved = write_ettin(folder / "made")
    rows = json.loads((saved / "modules.json").read_text())
    rows[2]["type"] = "their_package.modules.OwnHead"
    saved.rename(folder / "moved")
    for path in (folder / "moved").iterdir():
        path.rename(folder / path.name)
    (folder / "modules.json").write_text(json.dumps(rows))


def other_head(folder: Path) -> None:
    write_bert(folder, labels=2)
    change(folder / "config.json", id2label={"0": "a"})


def only_sentencepiece(folder: Path) -> None:
    CLASSIFIERS["bge v2-m3"].write(folder)
    (folder / "tokenizer.json").unlink()
    (folder / "sentencepiece.bpe.model").write_bytes(b"\n")


def usual_chat(folder: Path) -> None:
    write_causal(folder, USUAL_CHAT)


def passage_first(folder: Path) -> None:
    write_causal(folder, CTXL_TEMPLATE, "yes", None)


def bare_language_model(folder: Path) -> None:
    write_causal(folder, QWEN_TEMPLATE)
    for name in ("modules.json", "chat_template.jinja", "config_sentence_transformers.json"):
        (folder / name).unlink()


AUTO = {"auto_map": {"AutoModelForSequenceClassification": "modeling.Own"}}


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (saved_as("SentenceTransformer"), "is a bi-encoder: it turns each text into a vector"),
        (saved_as("SparseEncoder"), "is a sparse encoder"),
        (saved_as("MultiVectorEncoder"), r"is a late-interaction model \(ColBERT\)"),
        (classifier_of("BertForMaskedLM"), r"is a masked language model \(BertForMaskedLM\)"),
        (classifier_of("BertModel"), r"is a plain encoder \(BertModel\) without a reranking head"),
        (classifier_of("BertForTokenClassification"), "is a plain encoder"),
        (inference, "is a model for natural-language inference with the labels contradiction, entailment, neutral"),
        (classifier_of("JinaForRanking", **AUTO), "is a listwise reranker"),
        (classifier_of("LayerWiseMiniCPMForCausalLM", **AUTO), "is a layerwise reranker"),
        (classifier_of("T5ForConditionalGeneration"), "is a sequence-to-sequence model"),
        (classifier_of("Qwen3VLForConditionalGeneration", vision_config={"depth": 1}), "reads images too"),
        (classifier_of("JinaBertModel", **AUTO), r"needs code of its own \(JinaBertModel\)"),
        (classifier_of("NewForSequenceClassification", model_type="new", **AUTO), "needs code of its own"),
        (foreign_module, "needs code of its own"),
        (other_head, "has 2 outputs, but its config.json states 1"),
        (passage_first, "reads the passage before the query"),
        (usual_chat, "has no place for a query and a document"),
        (bare_language_model, "without a template for a query and a document"),
    ],
)
def test_what_is_no_reranker_is_named_as_what_it_is(write: Callable[[Path], None], words: str, tmp_path: Path) -> None:
    write(tmp_path / "model")
    with pytest.raises(ModelError, match=words):
        load(tmp_path / "model")


@pytest.mark.skipif(find_spec("sentencepiece") is not None, reason="sentencepiece is here")
def test_missing_sentencepiece_is_named(tmp_path: Path) -> None:
    only_sentencepiece(tmp_path / "model")
    with pytest.raises(ModelError, match="needs the package sentencepiece"):
        load(tmp_path / "model")


def test_the_folder_lists_what_cannot_be_used_with_the_reason(tmp_path: Path) -> None:
    saved_as("SentenceTransformer")(tmp_path / "bi")
    write_bert(tmp_path / "good")
    settings = Settings(models_folder=str(tmp_path))
    found = {spec.label: (where, str(spec.notes)) for spec, where in available(settings)}
    assert found["good"][0] == "local"
    assert found["bi"][0] == "unusable"
    assert "is a bi-encoder" in found["bi"][1]
    offered = Rankers(settings, Scoring(settings, loading)).offered()
    assert {str(tmp_path / "bi"), str(tmp_path / "good")} & {ranker.spec.key for ranker in offered} == {
        str(tmp_path / "good")
    }


# ---- what is scored though its files say little ----------------------------------------------------------------------


def test_a_head_of_one_output_needs_no_word_in_the_config(tmp_path: Path) -> None:
    folder = write_bert(tmp_path / "one")
    expected = scores_of(load(folder), QUERY, PASSAGES)
    change(folder / "config.json", architectures=None, id2label=None)
    assert scores_of(load(folder), QUERY, PASSAGES) == pytest.approx(expected, abs=1e-5)


def test_a_decoder_without_a_pad_token_in_its_config_takes_the_tokenizers(tmp_path: Path) -> None:
    folder = CLASSIFIERS["llama classifier"].write(tmp_path)
    expected = our_scores(load(folder))
    change(folder / "config.json", pad_token_id=None)
    np.testing.assert_allclose(our_scores(load(folder)), expected, rtol=0, atol=1e-4)


def test_a_causal_model_without_modules_answers_yes_or_no(tmp_path: Path) -> None:
    folder = write_causal(tmp_path, QWEN_TEMPLATE)
    expected = our_scores(load(folder))
    for name in ("modules.json", "sentence_bert_config.json", "config_sentence_transformers.json"):
        (folder / name).unlink()
    np.testing.assert_allclose(our_scores(load(folder)), expected, rtol=0, atol=1e-4)


def test_two_repositories_of_one_commit_keep_their_own_scores(tmp_path: Path) -> None:
    from made_checkpoints import HubCache

    from demo.rankers.cross_encoder.checkpoints import find_checkpoint
    from demo.rankers.cross_encoder.hub import Hub

    cache, hub = HubCache(tmp_path), Hub(cache=tmp_path)
    prints = []
    for name in ("a/one", "a/two"):
        write_bert(cache.snapshot(name))
        checkpoint = find_checkpoint(resolve(name, ANY), hub)
        assert checkpoint is not None
        prints.append(checkpoint.fingerprint())
    assert prints[0] != prints[1]


@pytest.mark.parametrize("windows", [False, True])
def test_what_was_read_within_a_template_is_told_in_the_passage(windows: bool, tmp_path: Path) -> None:
    model = load(write_causal(tmp_path, MXBAI_TEMPLATE, "1", "0", "qwen2"))
    text = "berlin has museums and lakes " * 200
    least = model.pairs.least_tokens
    (batch, *_) = [b for b in model.score(QUERY, [text, "rome"], windows, least + 60) if 0 in b.indices]
    extent = batch.extents[batch.indices.tolist().index(0)]
    assert extent.read_tokens <= least + 60 < extent.pair_tokens
    read = text[extent.start_char : extent.end_char]
    assert 0 < len(read) < len(text)
    assert extent.windows > 1 if windows else extent.start_char == 0
