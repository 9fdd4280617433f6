"""The terms that BM25 counts, and where in the original text each of them stands.

A text is cut into pieces, each piece becomes one term (or several, in Chinese, Japanese and Korean), and spans always
count characters of the text as it was given, whatever normalising did to the term:

- A word is a run of letters and digits of any script, accents and vowel signs included. Everything else separates,
  hyphens, underscores and dots in names too: “COVID-19” is covid 19, “max_tokens” is max tokens.
- Apostrophes: 's 'd 'm 're 've 'll are not part of the term (“Berlin's” is berlin), “don't” stays whole, any other
  apostrophe separates (“l'eau” is l eau).
- Numbers stay whole: “3.5” and “3.11.4” as written, “1,000,000” as 1000000. Error codes such as E0502 are words.
- Signs that make the name: one letter with ++ or # (“C++”, “C#”), and “.NET”. Letters with dots are joined: “U.S.” is
  us.
- Terms are NFKC and case-folded. Accents are taken off last, after the stemmer has seen them: “Café” and “cafe” meet.
- Stop words are Lucene's 33 English ones. Words with a digit or a sign are not stemmed.
- A run of Han, Kana or Hangul gives overlapping bigrams, a single character itself: 北京大学 is 北京 京大 大学.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from threading import Lock

import snowballstemmer

from demo.errors import InputError
from demo.messages import listed
from demo.phrases import shown

STOP_WORDS = frozenset(
    (
        *("a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not"),
        *("of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was"),
        *("will", "with"),
    )
)

STEMMERS = (
    "english", "porter", "arabic", "armenian", "basque", "catalan", "czech", "danish", "dutch", "dutch_porter",
    "esperanto", "estonian", "finnish", "french", "german", "greek", "hindi", "hungarian", "indonesian", "irish",
    "italian", "lithuanian", "nepali", "norwegian", "persian", "polish", "portuguese", "romanian", "russian",
    "serbian", "sesotho", "spanish", "swedish", "tamil", "turkish", "yiddish",
)  # fmt: skip
"""The Snowball stemmers that can be chosen; "" stands for none."""

Span = tuple[int, int]
Term = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Analysis:
    """How a text becomes terms. `stemmer` is one of STEMMERS or "" for none; anything else is an InputError."""

    lower_case: bool = True
    stop_words: bool = True
    stemmer: str = "english"

    def __post_init__(self) -> None:
        if self.stemmer and self.stemmer not in STEMMERS:
            raise InputError(
                "There is no stemmer “{stemmer}”. Choose one of {stemmers}, or none.",
                stemmer=shown(self.stemmer),
                stemmers=listed(STEMMERS),
            )


def tokens(text: str, analysis: Analysis) -> list[str]:
    """The terms of `text` in order, repeats included; empty for a text of stop words and punctuation."""
    make_term = _term_maker(analysis)
    terms: list[str] = []
    for piece in _PIECE.findall(text):
        if piece[0] >= _FIRST_BIGRAM_CHARACTER and _BIGRAM_RUN.match(piece):
            terms += [term for term, _, _ in _bigrams(piece, 0)]
        elif term := make_term(piece):
            terms.append(term)
    return terms


def token_spans(text: str, analysis: Analysis) -> list[Term]:
    """The terms that `tokens` gives, each with start and end (exclusive) in `text`; spans of bigrams overlap."""
    make_term = _term_maker(analysis)
    terms: list[Term] = []
    for match in _PIECE.finditer(text):
        piece = match.group()
        if piece[0] >= _FIRST_BIGRAM_CHARACTER and _BIGRAM_RUN.match(piece):
            terms += _bigrams(piece, match.start())
        elif term := make_term(piece):
            terms.append((term, match.start(), match.end()))
    return terms


def word_spans(text: str) -> list[Span]:
    """Every word of `text` as it stands there, stop words too; in Chinese, Japanese and Korean every character."""
    spans: list[Span] = []
    for match in _PIECE.finditer(text):
        if _BIGRAM_RUN.match(match.group()):
            spans += [(match.start() + m.start(), match.start() + m.end()) for m in _SYLLABLE.finditer(match.group())]
        else:
            spans.append(match.span())
    return spans


def matching_spans(text: str, query: str, analysis: Analysis) -> list[Span]:
    """The parts of `text` whose terms occur in `query`: disjoint, ascending, overlapping and touching ones merged."""
    wanted = set(tokens(query, analysis))
    merged: list[Span] = []
    for term, start, end in token_spans(text, analysis) if wanted else ():
        if term not in wanted:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


# ---- pieces ------------------------------------------------------------------------------------------------------


def _mark_class() -> str:
    """Combining marks (accents, vowel signs) of the basic plane and invisible joiners, for a character class."""
    marks = [code for code in range(0x300, 0x10000) if unicodedata.category(chr(code)) in ("Mn", "Mc")]
    return "".join(map(re.escape, map(chr, marks))) + _JOINERS


_JOINERS = "\u00ad\u200c\u200d\u2060"
_FIRST_BIGRAM_CHARACTER = "\u1100"
_BIGRAM_CHARACTERS = (
    "\u1100-\u11ff\u3005\u3007\u3041-\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3131-\u318e\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff"
)
_BIGRAM_RUN = re.compile(f"[{_BIGRAM_CHARACTERS}]")
_SYLLABLE = re.compile("[\u1100-\u115f]+[\u1160-\u11a7]+[\u11a8-\u11ff]*|.[\u3099\u309a\uff9e\uff9f]*", re.DOTALL)
"""One unit of a bigram: a Hangul syllable spelt out in jamo, or a character with its voicing marks."""

_LETTER = rf"[^\W_{_BIGRAM_CHARACTERS}]"
_WORD = rf"{_LETTER}+(?:[{_mark_class()}]+{_LETTER}*)*"
_ACRONYM = rf"(?<![\w.])(?:[^\W\d_{_BIGRAM_CHARACTERS}]\.){{2,}}(?:{_LETTER}(?!\w))?(?!\w)"
_NAME_WITH_SIGN = r"(?<![^\W_])[A-Za-z](?:\+\+|#)(?![^\W\d]|[+#])|\.(?:[nN][eE][tT])(?!\w)"
_THOUSANDS = r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w,]*\w)"
_ENCLITIC = r"['’](?:[sdmSDM]|[rR][eE]|[vV][eE]|[lL][lL])(?!\w)"
_NOT = r"(?<=[nN])['’][tT](?!\w)"
_PIECE = re.compile(
    rf"[{_BIGRAM_CHARACTERS}]+|{_ACRONYM}|{_NAME_WITH_SIGN}|{_THOUSANDS}"
    rf"|{_WORD}(?:(?<=\d)\.(?=\d){_WORD})*(?:{_NOT})?(?:{_ENCLITIC})?"
)


def _bigrams(run: str, offset: int) -> list[Term]:
    """Overlapping pairs of the run's characters with their places in the text, or its only character."""
    units = [(unicodedata.normalize("NFKC", m.group()), m.start(), m.end()) for m in _SYLLABLE.finditer(run)]
    if len(units) == 1:
        return [(units[0][0], offset, offset + len(run))]
    return [(a + b, offset + start, offset + end) for (a, start, _), (b, _, end) in pairwise(units)]


# ---- terms -------------------------------------------------------------------------------------------------------

_WHOLE_ACRONYM = re.compile(r"(?:[^\W\d_]\.){2,}\w?")
_WHOLE_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_TRAILING_ENCLITIC = re.compile(_ENCLITIC + r"\Z")
_STEMMABLE = re.compile(r"[^\W\d_]+(?:'t)?")
_UNWRITTEN = str.maketrans("’", "'", _JOINERS)
_ACCENTS = re.compile("[\u0300-\u036f]+")

_KEPT_ANALYSES = 4
_KEPT_WORDS = 1 << 17
_KEPT_WORD_CHARS = 64
_stemmer_lock = Lock()


@lru_cache(maxsize=_KEPT_ANALYSES)
def _term_maker(analysis: Analysis) -> Callable[[str], str]:
    """A function from one piece to its term, "" for a stop word, that remembers the words it has met."""
    stemmer = snowballstemmer.stemmer(analysis.stemmer) if analysis.stemmer else None

    def stem(word: str) -> str:
        with _stemmer_lock:  # Snowball's stemmers keep the word they work on in themselves.
            return str(stemmer.stemWord(word)) if stemmer else word

    def make(piece: str) -> str:
        word = _normalise(piece)
        if analysis.stop_words and word.casefold() in STOP_WORDS:
            return ""
        if analysis.lower_case:
            word = word.casefold()
        if _STEMMABLE.fullmatch(word):
            word = stem(word)
        return sys.intern(_without_accents(word))

    remembered = lru_cache(maxsize=_KEPT_WORDS)(make)
    return lambda piece: remembered(piece) if len(piece) <= _KEPT_WORD_CHARS else make(piece)


def _normalise(piece: str) -> str:
    """The piece in NFKC, without what is not part of the term: thousands commas, dots of an acronym, enclitics."""
    if _WHOLE_THOUSANDS.fullmatch(piece):
        piece = piece.replace(",", "")
    elif _WHOLE_ACRONYM.fullmatch(piece):
        piece = piece.replace(".", "")
    piece = _TRAILING_ENCLITIC.sub("", piece)
    return unicodedata.normalize("NFKC", piece.translate(_UNWRITTEN))


def _without_accents(word: str) -> str:
    """The word without the combining accents of Latin, Greek and Cyrillic letters; other marks stay."""
    if word.isascii():
        return word
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", word)))
