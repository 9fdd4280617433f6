"""BERT's tokenizer from a checkpoint's files by the tokenizers library alone, which spares the import of transformers.

transformers makes BERT's tokenizer anew from the vocabulary and the settings in tokenizer_config.json, whatever else
tokenizer.json says. So does this module, where the files ask for nothing beyond that; others are left to transformers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

from demo.rankers.cross_encoder.checkpoints import read_object
from demo.records import ModelSpec

TYPED = {"": True, "BertTokenizer": True, "ElectraTokenizer": True, "DistilBertTokenizer": False}
TYPED |= {f"{name}Fast": typed for name, typed in TYPED.items() if name}
"""tokenizer_class of what this module makes → whether its rows have types; "" leaves the class to the model."""

SPECIAL = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
SPECIAL |= {"mask_token": "[MASK]"}
"""Key in tokenizer_config.json → the token; a vocabulary must hold them all."""

READ = ("do_lower_case", "tokenize_chinese_chars", "strip_accents", "model_max_length", "max_len", "tokenizer_class")
IGNORED = (
    *("name_or_path", "special_tokens_map_file", "do_basic_tokenize", "clean_up_tokenization_spaces"),
    *("backend", "max_length", "is_local", "local_files_only"),
)
"""Other keys in tokenizer_config.json that may be there: none of them changes what a text is cut into."""

NEUTRAL: Mapping[str, Any] = {
    "never_split": None,
    "padding_side": "right",
    "truncation_side": "right",
    "truncation_strategy": "longest_first",
    "pad_token_type_id": 0,
    "pad_to_multiple_of": None,
    "stride": 0,
    "additional_special_tokens": [],
    "extra_special_tokens": {},
    "split_special_tokens": False,
}
"""Keys that may be there with this value only; with any other key or value the tokenizer is not plain."""

NO_LIMIT = 10**9


@dataclass(frozen=True, slots=True, eq=False)
class TextTokenizer:
    """A tokenizer of the tokenizers library, and what its checkpoint says of rows made with it.

    Attributes:
        max_tokens: longest row, special tokens included.
        typed: whether the model takes token types.
        pad, pad_type: token and type of padding; pads_left: on which side it stands.
        cuts_left: whether a text that is too long loses its beginning, not its end.
    """

    backend: Any
    max_tokens: int
    typed: bool = True
    pad: int = 0
    pad_type: int = 0
    pads_left: bool = False
    cuts_left: bool = False


def read_bert_tokenizer(spec: ModelSpec, folder: Path) -> TextTokenizer | None:
    """BERT's tokenizer from the folder, or None where its files ask for more than this module makes.

    Raises:
        ModelError: a file is not a JSON object.
    """
    vocabulary = _vocabulary(folder)
    files = [folder / name for name in ("special_tokens_map.json", "added_tokens.json", "tokenizer_config.json")]
    config = {key: value for path in files if path.is_file() for key, value in read_object(path).items()}
    if not vocabulary or not _is_plain(vocabulary, config):
        return None
    lower_case = config.get("do_lower_case", True) if spec.lower_case is None else spec.lower_case
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token=SPECIAL["unk_token"]))
    backend.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=config.get("tokenize_chinese_chars", True),
        strip_accents=config.get("strip_accents"),
        lowercase=lower_case,
    )
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL.values()])
    cls, sep = SPECIAL["cls_token"], SPECIAL["sep_token"]
    backend.post_processor = processors.TemplateProcessing(
        single=f"{cls}:0 $A:0 {sep}:0",
        pair=f"{cls}:0 $A:0 {sep}:0 $B:1 {sep}:1",
        special_tokens=[(token, vocabulary[token]) for token in (cls, sep)],
    )
    return TextTokenizer(
        backend,
        max_tokens=int(config.get("model_max_length") or config.get("max_len") or NO_LIMIT),
        typed=TYPED[config.get("tokenizer_class") or ""],
        pad=vocabulary[SPECIAL["pad_token"]],
    )


def _vocabulary(folder: Path) -> dict[str, int]:
    """Token → number; empty where tokenizer.json is not that of a WordPiece vocabulary with the usual tokens only."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        return dict(models.WordPiece.read_file(str(folder / "vocab.txt"))) if (folder / "vocab.txt").is_file() else {}
    content = read_object(path)
    model = content.get("model")
    if not isinstance(model, dict) or not isinstance(model.get("vocab"), dict):
        return {}
    plain = (
        model.get("type", "WordPiece") == "WordPiece"
        and model.get("continuing_subword_prefix", "##") == "##"
        and model.get("max_input_chars_per_word", 100) == 100
        and all(map(_is_usual, content.get("added_tokens") or ()))
    )
    return model["vocab"] if plain else {}


def _is_usual(token: Mapping[str, Any]) -> bool:
    """Whether an added token is one of SPECIAL, matched as those are."""
    flags = ("single_word", "lstrip", "rstrip", "normalized")
    return token.get("content") in SPECIAL.values() and not any(token.get(flag) for flag in flags)


def _is_plain(vocabulary: Mapping[str, int], config: Mapping[str, Any]) -> bool:
    """Whether the settings ask for nothing but what `read_bert_tokenizer` does."""
    added = config.get("added_tokens_decoder") or {}
    others = config.keys() - {*SPECIAL, *READ, *IGNORED, "added_tokens_decoder"}
    return (
        all(token in vocabulary for token in SPECIAL.values())
        and all(_content(config.get(key, token)) == token for key, token in SPECIAL.items())
        and all(_is_usual(token) and vocabulary[token["content"]] == int(number) for number, token in added.items())
        and (config.get("tokenizer_class") or "") in TYPED
        and all(key in NEUTRAL and config[key] == NEUTRAL[key] for key in others)
    )


def _content(token: Any) -> Any:
    """The text of a token that is written as text or as an object."""
    return token.get("content") if isinstance(token, dict) else token
