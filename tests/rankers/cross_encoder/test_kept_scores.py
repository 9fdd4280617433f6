import json
from pathlib import Path
from threading import Thread

from demo.rankers.cross_encoder.kept_scores import Kept, KeptScores, Recording, pair_keys
from demo.records import Extent

ONE, TWO, THREE = (Kept(score, Extent(9, 9, 0, 20)) for score in (1.0, 2.0, 3.0))


def test_a_key_depends_on_everything_that_a_score_depends_on() -> None:
    variants = [
        ("f", "fp32", "", "q", ["p"]),
        ("g", "fp32", "", "q", ["p"]),
        ("f", "bf16", "", "q", ["p"]),
        ("f", "fp32", "windows", "q", ["p"]),
        ("f", "fp32", "", "r", ["p"]),
        ("f", "fp32", "", "q", ["o"]),
        ("f", "fp32", "", "qp", [""]),  # the same letters, split elsewhere
        ("ff", "p32", "", "q", ["p"]),
    ]
    keys = [pair_keys(*variant)[0] for variant in variants]
    assert len(set(keys)) == len(keys)
    assert pair_keys("f", "fp32", "", "q", ["o", "p"])[1] == keys[0]


def test_keys_of_texts_that_utf8_cannot_hold() -> None:
    assert len({*pair_keys("f", "fp32", "", "q", ["\udc80", "\udc81", "柏林"])}) == 3


def test_finds_what_was_kept() -> None:
    kept = KeptScores(10)
    kept.keep([(b"a", ONE), (b"b", TWO)])
    assert kept.find([b"b", b"x", b"a"]) == [TWO, None, ONE]


def test_the_longest_unused_goes_first() -> None:
    kept = KeptScores(2)
    kept.keep([(b"a", ONE), (b"b", TWO)])
    kept.find([b"a"])
    kept.keep([(b"c", THREE)])
    assert kept.find([b"a", b"b", b"c"]) == [ONE, None, THREE]


def test_nothing_is_kept_without_room() -> None:
    kept = KeptScores(0)
    kept.keep([(b"a", ONE)])
    assert (len(kept), kept.find([b"a"])) == (0, [None])


def test_several_threads_stay_within_the_bound() -> None:
    kept = KeptScores(50)

    def work(name: int) -> None:
        for number in range(500):
            key = f"{name}/{number}".encode()
            kept.keep([(key, ONE)])
            kept.find([key])

    threads = [Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept) == 50


def test_a_recording_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = (
        (b"\x00" * 16, Kept(-1.25, Extent(40, 32, 0, 120))),
        (b"\xff" * 16, Kept(7.5, Extent(700, 512, 90, 900, 3))),
    )
    recording = Recording("bundled/tiny", "abc", "fp32", "", "cities", "柏林有多少人?", rows)
    path = tmp_path / "first_scores.json"
    recording.write(path)
    assert Recording.read(path) == recording
    assert json.loads(path.read_text(encoding="utf-8"))["query"] == "柏林有多少人?"


def test_a_recording_without_scores(tmp_path: Path) -> None:
    recording = Recording("m", "f", "fp32", "", "c", "q", ())
    recording.write(tmp_path / "x.json")
    assert Recording.read(tmp_path / "x.json") == recording
