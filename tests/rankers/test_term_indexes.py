import gc
from concurrent.futures import ThreadPoolExecutor

from demo.messages import NOTHING, Message
from demo.rankers.bm25_index import INDEXES_PER_COLLECTION, Bm25Settings, TermIndexes
from demo.records import Card, Collection, Passage


def made_collection() -> Collection:
    return Collection("made", Card(Message("Made"), NOTHING), (Passage("d1", "Berlin"),))


def test_an_index_is_built_once_for_each_setting_and_goes_with_its_collection() -> None:
    indexes, collection = TermIndexes(), made_collection()
    index, built = indexes.get(collection, Bm25Settings())
    assert built
    assert indexes.get(collection, Bm25Settings()) == (index, False)
    assert indexes.get(collection, Bm25Settings(k1=2.0))[1]
    assert indexes.get(made_collection(), Bm25Settings())[1]  # equal texts, but another collection
    del collection, index
    gc.collect()
    assert len(indexes) == 0


def test_the_longest_unused_setting_is_forgotten() -> None:
    indexes, collection = TermIndexes(), made_collection()
    for number in range(INDEXES_PER_COLLECTION):
        indexes.get(collection, Bm25Settings(k1=float(number)))
    assert not indexes.get(collection, Bm25Settings(k1=0.0))[1]
    assert indexes.get(collection, Bm25Settings(k1=9.5))[1]
    assert not indexes.get(collection, Bm25Settings(k1=0.0))[1]
    assert indexes.get(collection, Bm25Settings(k1=1.0))[1]


def test_memory_is_counted_while_others_build() -> None:
    indexes, collection, numbers = TermIndexes(), made_collection(), range(3_000)
    (one, _) = indexes.get(collection, Bm25Settings())
    with ThreadPoolExecutor(1) as pool:
        built = pool.submit(lambda: [indexes.get(collection, Bm25Settings(k1=0.1 + n / 1000)) for n in numbers])
        while not built.done():
            assert one.memory_bytes <= indexes.memory_bytes <= INDEXES_PER_COLLECTION * one.memory_bytes
        built.result()
    assert indexes.memory_bytes == INDEXES_PER_COLLECTION * one.memory_bytes
