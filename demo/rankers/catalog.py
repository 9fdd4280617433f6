"""The cross-encoders of the published MS MARCO table, the bundled ones, and recent families: data only.

The order is that of preference for the default: the first whose weights are on this machine. The bundled ones always
are, so what stands below them is chosen by hand only, being slower or weaker. Figures are the table's: NDCG@10 of
reranking TREC Deep Learning 2019's top 1,000, MRR@10 on MS MARCO dev, documents a second on a V100, of which batch
size, passage length and precision were not stated. Where a row or its note says that something was not checked, the
weights were not at hand.
"""

from __future__ import annotations

from dataclasses import replace

from demo.messages import NOTHING, Message
from demo.records import Head, ModelSpec, Published

BUNDLED_PREFIX = "bundled/"
DEFAULT_BUNDLED = "bundled/medium"

APACHE = "Apache-2.0"
UNSTATED = "none stated on the hub (code: Apache-2.0)"
BERT, ELECTRA = "BertForSequenceClassification", "ElectraForSequenceClassification"

SIGMOID_BY_DEFAULT = Message(
    "sentence-transformers applies a sigmoid to its scores by default; here they are the raw logits. Not "
    "checked against the weights."
)
OLD_NAME_ONLY = Message(
    "First version of the family; the hub may no longer carry it under this name. sentence-transformers "
    "applies a sigmoid by default; here scores are raw logits. Size not checked against the weights."
)


def _ms_marco(
    label: str,
    layers: int,
    width: int,
    parameters: int,
    weights_bytes: int,
    published: Published,
    notes: Message = NOTHING,
) -> ModelSpec:
    """A row of the table's second version, “…-L6-v2”, which the hub first had as “…-L-6-v2”."""
    return ModelSpec(
        key=f"cross-encoder/ms-marco-{label}",
        label=label,
        architecture=BERT,
        layers=layers,
        width=width,
        aliases=(f"cross-encoder/ms-marco-{label.replace('-L', '-L-')}",),
        parameters=parameters,
        weights_bytes=weights_bytes,
        licence=APACHE,
        published=published,
        notes=notes,
    )


def _bundled(
    name: str,
    layers: int,
    width: int,
    parameters: int,
    weights_bytes: int,
    notes: Message,
    aliases: tuple[str, ...] = (),
) -> ModelSpec:
    """A row of what lies in `demo/bundled`, which can be written by its name alone."""
    return ModelSpec(
        key=BUNDLED_PREFIX + name,
        label=name.title(),
        architecture=BERT,
        layers=layers,
        width=width,
        aliases=(name, *aliases),
        parameters=parameters,
        weights_bytes=weights_bytes,
        licence=APACHE,
        notes=notes,
    )


def _first_version(row: ModelSpec) -> ModelSpec:
    """The row for the family's first version, “…-L-2”."""
    return replace(row, label=f"{row.label} (v1)", aliases=(), sbert_activation="Sigmoid", notes=OLD_NAME_ONLY)


CATALOG = (
    _ms_marco(
        "MiniLM-L6-v2",
        6,
        384,
        22_713_601,
        90_900_000,
        Published(74.30, 39.01, 1_800),
        Message("The usual choice: as good as L12 at half its cost."),
    ),
    _ms_marco("MiniLM-L12-v2", 12, 384, 33_360_385, 133_500_000, Published(74.31, 39.02, 960)),
    _ms_marco("MiniLM-L4-v2", 4, 384, 19_164_673, 76_700_000, Published(73.04, 37.70, 2_500)),
    _ms_marco("MiniLM-L2-v2", 2, 384, 15_615_745, 62_500_000, Published(71.01, 34.85, 4_100)),
    _ms_marco(
        "TinyBERT-L2-v2",
        2,
        128,
        4_386_049,
        17_600_000,
        Published(69.84, 32.56, 9_000),
        Message("The fastest of the table."),
    ),
    _bundled(
        "medium",
        2,
        256,
        9_591_297,
        11_400_000,
        Message(
            "Ships with Rerank Lens, so that the page works without a download: Tiny and Technical beside each other "
            "in one network, trained on from open data. NDCG@10 {own} on the mean of four judged collections, where "
            "BM25 has {bm25}. Not in the published table.",
            own="0.592",
            bm25="0.584",
        ),
        aliases=("bundled",),
    ),
    _bundled(
        "tiny",
        2,
        128,
        4_386_049,
        8_800_000,
        Message(
            "Ships with Rerank Lens: twice as fast as Medium, trained from open data for questions in everyday words. "
            "On technical texts it is worse than BM25: NDCG@10 {own} on the mean of four judged collections, where "
            "BM25 has {bm25}. Not in the published table.",
            own="0.570",
            bm25="0.584",
        ),
    ),
    _bundled(
        "small",
        7,
        384,
        22_751_617,
        35_500_000,
        Message(
            "Ships with Rerank Lens: all-MiniLM-L6-v2, laid out as a cross-encoder and trained on open data. Some "
            "25 times slower than Tiny, and better at passages that answer in other words. NDCG@10 {own} on the mean "
            "of four judged collections, where BM25 has {bm25}. Not in the published table.",
            own="0.631",
            bm25="0.584",
        ),
    ),
    _bundled(
        "technical",
        2,
        128,
        4_386_049,
        8_800_000,
        Message(
            "Ships with Rerank Lens: as fast as Tiny, taught by other teachers. It leans on words that query and "
            "passage share: better than Tiny at technical texts, worse at questions in everyday words. NDCG@10 {own} "
            "on the mean of four judged collections, where BM25 has {bm25}. Not in the published table.",
            own="0.599",
            bm25="0.584",
        ),
    ),
    ModelSpec(
        key="cross-encoder/ms-marco-electra-base",
        label="ELECTRA-base",
        architecture=ELECTRA,
        layers=12,
        width=768,
        parameters=109_483_009,
        weights_bytes=438_000_000,
        sbert_activation="Sigmoid",
        licence=APACHE,
        published=Published(71.99, 36.41, 340),
        notes=SIGMOID_BY_DEFAULT,
    ),
    ModelSpec(
        key="sebastian-hofstaetter/distilbert-cat-margin_mse-T2-msmarco",
        label="DistilBERT-CAT (Margin-MSE T2)",
        architecture="BERT_Cat",
        layers=6,
        width=768,
        head=Head.BERT_CAT,
        tokenizer="distilbert/distilbert-base-uncased",
        lower_case=True,
        parameters=66_363_649,
        weights_bytes=265_000_000,
        sbert_activation="not loadable",
        licence=UNSTATED,
        published=Published(72.82, 37.88, 720),
        notes=Message(
            "A class of its own: DistilBERT and one linear layer on [CLS], with distilbert-base-uncased's "
            "tokenizer as its author advises. Trained on passages of about 60 words. Its layout is taken from the "
            "author's code, not checked against the weights."
        ),
    ),
    ModelSpec(
        key="Capreolus/electra-base-msmarco",
        label="Capreolus ELECTRA-base",
        architecture=ELECTRA,
        layers=12,
        width=768,
        labels=2,
        head=Head.LINEAR,
        parameters=109_483_778,
        weights_bytes=438_000_000,
        licence=UNSTATED,
        published=Published(71.23, 36.89, 340),
        notes=Message(
            "Its head is one linear layer on [CLS], as in BERT. Loaded the usual way it gains a dense layer that "
            "was likely never trained; here that layer is left out, as its card asks. Whether the published "
            "figures were measured so is not known; not checked against the weights."
        ),
    ),
    ModelSpec(
        key="nboost/pt-tinybert-msmarco",
        label="nboost TinyBERT",
        architecture=BERT,
        layers=4,
        width=312,
        labels=2,
        lower_case=True,
        parameters=14_350_874,
        weights_bytes=58_400_000,
        licence=UNSTATED,
        published=Published(63.63, 28.80, 2_900),
        notes=Message(
            "Two outputs: the score is logit 1 − logit 0. Its tokenizer sets no maximum length, so 512 is used; "
            "its file likely holds surplus distillation weights, which are ignored. Not checked against the "
            "weights."
        ),
    ),
    ModelSpec(
        key="nboost/pt-bert-base-uncased-msmarco",
        label="nboost BERT-base",
        architecture=BERT,
        layers=12,
        width=768,
        labels=2,
        lower_case=True,
        parameters=109_483_778,
        weights_bytes=438_000_000,
        licence=UNSTATED,
        published=Published(70.94, 34.75, 340),
        notes=Message(
            "Two outputs: the score is logit 1 − logit 0. Maximum length 512, not checked against its files."
        ),
    ),
    ModelSpec(
        key="nboost/pt-bert-large-msmarco",
        label="nboost BERT-large",
        architecture=BERT,
        layers=24,
        width=1_024,
        labels=2,
        lower_case=True,
        parameters=335_143_938,
        weights_bytes=1_341_000_000,
        licence=UNSTATED,
        published=Published(73.36, 36.48, 100),
        notes=Message(
            "Two outputs: the score is logit 1 − logit 0. The largest of the table: 1.3 GB to download and keep "
            "in memory. Maximum length 512, not checked against its files."
        ),
    ),
    ModelSpec(
        key="amberoad/bert-multilingual-passage-reranking-msmarco",
        label="amberoad multilingual BERT",
        architecture=BERT,
        layers=12,
        width=768,
        labels=2,
        lower_case=True,
        parameters=167_357_954,
        weights_bytes=669_000_000,
        language="Multilingual",
        licence=APACHE,
        published=Published(68.40, 35.54, 330),
        notes=Message(
            "Lower-cased multilingual BERT, fine-tuned on English MS MARCO. Its card speaks of one value from −10 "
            "to 10, its code of two outputs: the score is logit 1 − logit 0. Not checked against the weights."
        ),
    ),
    _first_version(_ms_marco("TinyBERT-L-2", 2, 128, 4_386_049, 17_600_000, Published(67.43, 30.15, 9_000))),
    _first_version(_ms_marco("TinyBERT-L-4", 4, 312, 14_350_561, 57_400_000, Published(68.09, 34.50, 2_900))),
    _first_version(_ms_marco("TinyBERT-L-6", 6, 768, 66_955_777, 268_000_000, Published(69.57, 36.13, 680))),
)


_SELDOM_ON_CPU = Message("Too large for a few processors: choose it where there is a GPU.")
_FROM_CARD = Message("Sizes, licence and length as its card or others state them, not checked against the weights.")


def _recent(
    key: str,
    parameters: int,
    max_tokens: int,
    licence: str = "",
    language: str = "English",
    notes: Message = _FROM_CARD,
) -> ModelSpec:
    """A row whose layout is read from its files; parameters as its card rounds them, 0 where unknown."""
    label = key.rpartition("/")[2]
    return ModelSpec(
        key,
        label,
        parameters=parameters,
        max_tokens=max_tokens,
        licence=licence,
        language=language,
        notes=notes,
        sbert_activation="as its files say",
    )


NON_COMMERCIAL = "CC-BY-NC-4.0"
RECENT = (
    _recent(
        "cross-encoder/ettin-reranker-17m-v1",
        17_000_000,
        7_999,
        APACHE,
        notes=Message("The smallest of a family of 2026 that reads long passages; fit for a few processors."),
    ),
    _recent("cross-encoder/ettin-reranker-32m-v1", 32_000_000, 7_999, APACHE),
    _recent("cross-encoder/ettin-reranker-68m-v1", 68_000_000, 7_999, APACHE),
    _recent("cross-encoder/ettin-reranker-150m-v1", 150_000_000, 7_999, APACHE),
    _recent("cross-encoder/ettin-reranker-400m-v1", 400_000_000, 7_999, APACHE),
    _recent("cross-encoder/ettin-reranker-1b-v1", 1_000_000_000, 7_999, APACHE, notes=_SELDOM_ON_CPU),
    _recent("mixedbread-ai/mxbai-rerank-xsmall-v1", 70_000_000, 512, APACHE),
    _recent("mixedbread-ai/mxbai-rerank-base-v1", 0, 512, APACHE),
    _recent("mixedbread-ai/mxbai-rerank-large-v1", 0, 512, APACHE),
    _recent(
        "Alibaba-NLP/gte-reranker-modernbert-base",
        149_000_000,
        8_192,
        APACHE,
        notes=Message("BEIR 56.19 and LoCo 90.68 by its card, with another first stage than the table's."),
    ),
    _recent(
        "alibaba-nlp-community/gte-multilingual-reranker-base",
        306_000_000,
        8_192,
        APACHE,
        "Multilingual",
        Message(
            "Alibaba-NLP/gte-multilingual-reranker-base with a config.json for the class that transformers has; the "
            "original needs code of its own, which is never run. Not checked against the weights."
        ),
    ),
    _recent("ibm-granite/granite-embedding-reranker-english-r2", 149_000_000, 8_192),
    _recent("BAAI/bge-reranker-base", 278_000_000, 512, "MIT", "Chinese and English"),
    _recent("BAAI/bge-reranker-large", 560_000_000, 512, "MIT", "Chinese and English"),
    _recent("BAAI/bge-reranker-v2-m3", 568_000_000, 8_192, APACHE, "Multilingual"),
    _recent(
        "jinaai/jina-reranker-v2-base-multilingual",
        278_000_000,
        1_024,
        NON_COMMERCIAL,
        "Multilingual",
        Message(
            "Comes with code of its own, which is not run: its tensors are put into the XLM-R of transformers instead. "
            "Not checked against the weights."
        ),
    ),
    _recent("Qwen/Qwen3-Reranker-0.6B", 600_000_000, 8_192, APACHE, "Multilingual", _SELDOM_ON_CPU),
    _recent("Qwen/Qwen3-Reranker-4B", 4_000_000_000, 8_192, APACHE, "Multilingual", _SELDOM_ON_CPU),
    _recent("Qwen/Qwen3-Reranker-8B", 8_000_000_000, 8_192, APACHE, "Multilingual", _SELDOM_ON_CPU),
    _recent("mixedbread-ai/mxbai-rerank-base-v2", 500_000_000, 8_192, APACHE, "Multilingual", _SELDOM_ON_CPU),
    _recent("mixedbread-ai/mxbai-rerank-large-v2", 1_500_000_000, 8_192, APACHE, "Multilingual", _SELDOM_ON_CPU),
    _recent("zeroentropy/zerank-1-small", 0, 0, APACHE, "Multilingual", _SELDOM_ON_CPU),
    _recent("zeroentropy/zerank-2", 4_000_000_000, 32_768, NON_COMMERCIAL, "Multilingual", _SELDOM_ON_CPU),
)
"""Rerankers that are not in the published table; what their files say of their layout is not repeated here."""

MODELS = (*CATALOG, *RECENT)


def find(name: str) -> ModelSpec | None:
    """The row of this key or alias, whatever its case; None if there is none."""
    wanted = name.strip().casefold()
    return next((spec for spec in MODELS if wanted in map(str.casefold, (spec.key, *spec.aliases))), None)
