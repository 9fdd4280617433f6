import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from demo.messages import NOTHING, Message
from demo.rankers.bm25_index import STRETCH_CHARS, TERM_BYTES, Bm25Index, Bm25Settings, TermIndexes
from demo.records import Card, Collection, Passage
from demo.text import Analysis

GERMAN = Bm25Settings(analysis=Analysis(stemmer="german"))
OF_ONE_TERM = 2 * 8 + 8 + 8 + 8 + TERM_BYTES
"""Bytes of the postings of one passage with one term: two offsets, passage, frequency, length, and the term."""


class Passages(tuple[Passage, ...]):
    """Passages that count how often they are gone through."""

    read = 0

    def __iter__(self) -> Iterator[Passage]:
        self.read += 1
        return super().__iter__()


def made_collection(*texts: str) -> Collection:
    passages = Passages(Passage(f"d{number}", text) for number, text in enumerate(texts or ("Berlin",)))
    return Collection("made", Card(Message("Made"), NOTHING), passages)


def get(indexes: TermIndexes, collection: Collection, settings: Bm25Settings = Bm25Settings()) -> Bm25Index:
    index, _ = indexes.get(collection, settings).run()
    return index


def reads(collection: Collection) -> int:
    assert isinstance(collection.passages, Passages)
    return collection.passages.read


def test_an_index_is_built_once_for_each_setting_and_goes_with_its_collection() -> None:
    indexes, collection = TermIndexes(), made_collection()
    index, seconds = indexes.get(collection, Bm25Settings()).run()
    assert seconds > 0
    assert indexes.get(collection, Bm25Settings()).run() == (index, 0)
    assert get(indexes, collection, Bm25Settings(k1=2.0)) is not index
    assert get(indexes, made_collection()) is not index  # equal texts, but another collection
    assert indexes.memory_bytes > 0
    del collection, index
    gc.collect()
    assert indexes.memory_bytes == 0


def test_settings_with_one_analysis_share_what_was_counted() -> None:
    indexes, collection = TermIndexes(), made_collection()
    for number in range(8):
        get(indexes, collection, Bm25Settings(k1=float(number)))
    assert reads(collection) == 1
    assert indexes.memory_bytes == OF_ONE_TERM + 8 * TERM_BYTES
    get(indexes, collection, GERMAN)
    assert reads(collection) == 2
    assert indexes.has(collection, Analysis())
    assert not indexes.has(collection, Analysis(stemmer="french"))
    assert not indexes.has(made_collection(), Analysis())


def test_all_collections_together_are_bounded_in_bytes() -> None:
    indexes = TermIndexes(2 * (OF_ONE_TERM + TERM_BYTES))
    first, second, third = made_collection(), made_collection(), made_collection()
    get(indexes, first)
    get(indexes, second)
    get(indexes, first)
    get(indexes, third)
    assert indexes.memory_bytes == 2 * (OF_ONE_TERM + TERM_BYTES)
    assert indexes.has(first, Analysis())
    assert not indexes.has(second, Analysis())  # the longest unused
    assert [reads(each) for each in (first, second, third)] == [1, 1, 1]
    get(indexes, second)
    assert reads(second) == 2


def test_the_latest_is_kept_however_large_it_is() -> None:
    indexes, first, second = TermIndexes(1), made_collection(), made_collection()
    for collection in (first, first, second, second):
        get(indexes, collection)
    assert (reads(first), reads(second)) == (1, 1)
    assert not indexes.has(first, Analysis())


def test_building_can_be_given_up_between_two_passages() -> None:
    indexes, collection = TermIndexes(), made_collection(*["word " * (STRETCH_CHARS // 5)] * 4)
    steps = indexes.get(collection, Bm25Settings())
    step = next(steps)
    assert (step.stage, step.done, step.total) == ("indexing", 1, 4)
    steps.close()
    assert not indexes.has(collection, Analysis())
    assert [step.done for step in indexes.get(collection, Bm25Settings())] == [1, 2, 3]
    assert get(indexes, collection).scores("word").size == 4


def test_memory_is_counted_while_others_build() -> None:
    most = OF_ONE_TERM + 9 * TERM_BYTES
    indexes, collection, numbers = TermIndexes(most), made_collection(), range(3_000)
    with ThreadPoolExecutor(1) as pool:
        built = pool.submit(lambda: [get(indexes, collection, Bm25Settings(k1=0.1 + n / 1000)) for n in numbers])
        while not built.done():
            assert indexes.memory_bytes <= most
        built.result()
    assert indexes.memory_bytes == most
    assert reads(collection) == 1
