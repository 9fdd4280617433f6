import pytest
from demo.rankers.choices import (
    Bm25Choice,
    CrossEncoderChoice,
    EngineChoice,
    FusionChoice,
    RankerChoice,
    parse_ranker,
    parse_rankers,
)

from demo.errors import InputError
from demo.rankers.bm25_index import Bm25Settings
from demo.text import Analysis

TINY = CrossEncoderChoice("bundled/tiny")
WRITTEN: dict[str, RankerChoice] = {
    "bm25": Bm25Choice(),
    "engine": EngineChoice(),
    "bundled/tiny": TINY,
    "bm25[variant=okapi;k1=1.2]": Bm25Choice(Bm25Settings("okapi", k1=1.2)),
    "bm25[stop_words=no;stemmer=german]": Bm25Choice(Bm25Settings(analysis=Analysis(True, False, "german"))),
    "bm25[stemmer=none]": Bm25Choice(Bm25Settings(analysis=Analysis(stemmer=""))),
    "owner/name[precision=bf16;max_tokens=128;windows]": CrossEncoderChoice("owner/name", "bf16", True, 128),
    "rrf(bm25+bundled/tiny)": FusionChoice("rrf", (Bm25Choice(), TINY)),
    "rrf(bm25+bundled/tiny)[k=10]": FusionChoice("rrf", (Bm25Choice(), TINY), k=10),
    "z(bm25[k1=2]+bundled/tiny+engine)[weights=1/0.5/0]": FusionChoice(
        "z", (Bm25Choice(Bm25Settings(k1=2)), TINY, EngineChoice()), (1, 0.5, 0)
    ),
    "/models/my model": CrossEncoderChoice("/models/my model"),
    "模型/重排": CrossEncoderChoice("模型/重排"),
}


@pytest.mark.parametrize(("text", "choice"), WRITTEN.items(), ids=WRITTEN)
def test_a_choice_is_written_and_read_alike(text: str, choice: RankerChoice) -> None:
    assert parse_ranker(text) == choice
    assert str(choice) == text


def test_defaults_that_are_written_out_are_left_out_again() -> None:
    assert str(parse_ranker(" bm25[variant=lucene; k1=1.5 ;stop_words=yes] ")) == "bm25"
    assert str(parse_ranker("rrf(bm25+engine)[k=60;weights=1/1]")) == "rrf(bm25+engine)"
    assert str(parse_ranker("tiny[windows=no;max_tokens=0]")) == "tiny"


def test_a_list_keeps_its_order_and_each_ranker_once() -> None:
    text = "bundled/tiny, bm25\nrrf(bm25+bundled/tiny)[weights=1/2], bm25[variant=lucene],"
    found = parse_rankers(text)
    assert [str(choice) for choice in found] == [
        "bundled/tiny",
        "bm25",
        "rrf(bm25+bundled/tiny)[weights=1/2]",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "No ranker is named"),
        (" ,\n", "No ranker is named"),
        ("bm25[k1=1.2", "brackets"),
        ("bm25[k1=high]", "k1 of bm25 is “high”. Write a number"),
        ("bm25[k1=nan]", "k1 of bm25 is “nan”"),
        ("bm25[k1=99]", "from 0 to 10"),
        ("bm25[variant=best]", "no BM25 variant “best”"),
        ("bm25[epsilon=0.1]", "has no epsilon"),
        ("bm25[depth=3]", "bm25 has no option “depth”"),
        ("engine[k=1]", "engine has no option “k”; it has none"),
        ("tiny[windows=perhaps]", "windows of tiny is “perhaps”. Write yes or no"),
        ("tiny[max_tokens=12.5]", "a whole number"),
        ("tiny[max_tokens=-1]", "a whole number"),
        ("rrf(bm25)", "needs two rankers or more"),
        ("rrf(bm25+tiny)[weights=1]", "2 rankers and 1 weights"),
        ("rrf(bm25+tiny)[weights=0/0]", "one is above 0"),
        ("rrf(bm25+tiny)[k=-1]", "Write 0 or more"),
        ("z(bm25+tiny)[k=60]", "z has no option “k”"),
        ("z(bm25+rrf(bm25+tiny))", "holds another fusion"),
    ],
)
def test_what_is_wrong_is_said(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_rankers(text)
    assert words in str(caught.value)
    assert caught.value.to("zh") != str(caught.value)
