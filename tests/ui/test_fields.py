"""Fields: what is not known is offered, what is chosen is read at once, kept for its shape, and travels in links."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from fakes import FakeSource, service_with

from demo.errors import InputError
from demo.formats import Fields
from demo.messages import Message
from demo.settings import Settings
from demo.ui.evaluate.handlers import EvaluateTab
from demo.ui.inputs.fields import Choices, with_choice
from demo.ui.inputs.handlers import InputsForm, InputsPane
from demo.ui.links import Link, read, written

TULIPS, PEAS = "Tulips need a cold winter.", "Peas climb."
UNKNOWN = '[{"key": "a", "bemerkung": "short", "n": 1}, {"key": "b", "bemerkung": "brief", "n": 2}]'
SAME_SHAPE = '[{"n": 3, "key": "c", "bemerkung": "tall"}]'
OTHER_SHAPE = '[{"key": "d", "bemerkung": "small"}]'
BEMERKUNG = {"text": "bemerkung", "title": "", "id": "key"}


@pytest.fixture
def pane() -> InputsPane:
    return InputsPane(Settings(), service_with(FakeSource()))


def chosen(pane: InputsPane) -> Choices:
    return with_choice({}, pane.read_pasted(UNKNOWN, "", {}), BEMERKUNG)


def texts(pane: InputsPane, pasted: str, choices: Choices) -> list[str]:
    found = pane.read_pasted(pasted, "", choices).found
    return [] if found is None else [passage.text for passage in found.collection.passages]


def form(pane: InputsPane, pasted: str, choices: Choices) -> InputsForm:
    return replace(pane.default_form(), query="short", source="paste", pasted=pasted, choices=choices)


def written_to(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Their paths, once the files of these names are written."""
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [str(folder / name) for name in files]


def test_an_unknown_shape_offers_its_fields(pane: InputsPane) -> None:
    understood = pane.read_pasted(UNKNOWN, "", {})
    assert understood.found is None
    assert understood.names == ("key", "bemerkung", "n")
    assert understood.is_open
    assert 'role="alert"' in understood.note("en")


def test_plain_lines_offer_no_fields_and_show_what_was_read(pane: InputsPane) -> None:
    understood = pane.read_pasted(f"{TULIPS}\n{PEAS}", "", {})
    assert (understood.names, understood.is_open) == ((), False)
    page = understood.note("en")
    assert "2 passages" in page
    assert f'<td dir="auto">{PEAS}</td>' in page
    assert "<details" in page
    assert " open>" not in page


def test_a_choice_reads_and_the_form_runs_with_it(pane: InputsPane) -> None:
    choices = chosen(pane)
    assert texts(pane, UNKNOWN, choices) == ["short", "brief"]
    collection = pane.collection(form(pane, UNKNOWN, choices))
    assert [passage.doc_id for passage in collection.passages] == ["a", "b"]
    with pytest.raises(InputError, match="has no text"):
        pane.collection(form(pane, UNKNOWN, {}))


def test_a_choice_is_kept_for_the_next_file_of_its_shape_and_for_no_other(pane: InputsPane) -> None:
    choices = chosen(pane)
    assert texts(pane, SAME_SHAPE, choices) == ["tall"]
    assert texts(pane, OTHER_SHAPE, choices) == []
    assert pane.read_pasted(OTHER_SHAPE, "", choices).fields == Fields()


def test_a_choice_can_be_changed_and_taken_back(pane: InputsPane) -> None:
    table = f"id,text,note\n1,{TULIPS},{PEAS}\n2,{PEAS},Beans are late.\n"
    plain = pane.read_pasted(table, "", {})
    assert not plain.is_open
    assert plain.names == ("id", "text", "note")
    other = with_choice({}, plain, {"text": "note"})
    assert texts(pane, table, other) == [PEAS, "Beans are late."]
    again = with_choice(other, pane.read_pasted(table, "", other), {"text": ""})
    assert again == {}


def test_a_wrong_choice_gives_a_sentence_and_the_menus_stay(pane: InputsPane) -> None:
    plain = pane.read_pasted(UNKNOWN, "", {})
    wrong = pane.read_pasted(UNKNOWN, "", with_choice({}, plain, {"text": "absent"}))
    assert wrong.found is None
    assert "has no field “absent”" in wrong.note("en")
    assert wrong.names == plain.names
    assert wrong.fields == Fields(text="absent")


def test_what_was_told_by_its_content_is_said_unfolded_and_escaped(pane: InputsPane) -> None:
    long = "<b>words</b> " * 40
    page = pane.read_pasted(f'[{{"<i>bem": "{long}"}}, {{"<i>bem": "{PEAS} {TULIPS}"}}]', "", {})
    assert page.is_open
    note = page.note("en")
    assert "told by its content" in note
    assert " open>" in note
    assert "<i>" not in note
    assert "<b>" not in note
    assert "…</td>" in note


def test_a_choice_travels_in_the_link(pane: InputsPane) -> None:
    link = Link(form(pane, UNKNOWN, {**chosen(pane), ("other",): Fields(text="other")}))
    address = {name: values[0] for name, values in parse_qs(written(link, pane)).items()}
    assert address["fields"] == '{"text":"bemerkung","id":"key"}'
    found = read(address, pane)
    assert found is not None
    assert found.form.choices == chosen(pane)
    assert pane.collection(found.form).passages[0].text == "short"
    for wrong in ('{"size":"n"}', "{", '{"text":1}', "[]"):
        with pytest.raises(InputError, match="Write JSON such as"):
            read({**address, "fields": wrong}, pane)


def test_an_upload_is_read_as_chosen(pane: InputsPane, tmp_path: Path) -> None:
    first, second = tmp_path / "one.json", tmp_path / "two.json"
    first.write_text(UNKNOWN, encoding="utf-8")
    second.write_text(SAME_SHAPE, encoding="utf-8")
    plain = pane.read_uploaded([str(first)], "", {})
    assert plain.found is None
    choices = with_choice({}, plain, BEMERKUNG)
    for path, texts_of in ((first, ["short", "brief"]), (second, ["tall"])):
        found = pane.read_uploaded([str(path)], "", choices).found
        assert found is not None
        assert [passage.text for passage in found.collection.passages] == texts_of
    assert pane.read_uploaded(None, "", choices).found is None


def test_why_files_cannot_be_read_is_said_again_at_the_button(pane: InputsPane, tmp_path: Path) -> None:
    path = tmp_path / "torn.json"
    path.write_text('[{"text": "Sow the beans', encoding="utf-8")
    understood = pane.read_uploaded([str(path)], "", {})
    why = understood.found_or_refused
    assert isinstance(why, Message)
    refused = replace(pane.default_form(), source="upload", uploaded=why)
    assert pane.is_refused(refused)
    with pytest.raises(InputError, match=r"torn[.]json is not valid JSON"):
        pane.collection(refused)
    assert pane.queries("upload", "", why) == ()
    assert pane.fitting_first_stage("upload", why, "engine") == "bm25"
    with pytest.raises(InputError, match="There is no file here, or the server no longer keeps it"):
        pane.collection(replace(refused, uploaded=None))
    assert not pane.is_refused(replace(refused, source="collection"))


def test_a_paste_is_refused_only_if_it_cannot_be_read(pane: InputsPane) -> None:
    assert pane.is_refused(form(pane, UNKNOWN, {}))
    assert not pane.is_refused(form(pane, UNKNOWN, chosen(pane)))
    assert not pane.is_refused(form(pane, "", {}))


def test_the_field_that_holds_the_ids_of_the_judgments_can_be_chosen(pane: InputsPane, tmp_path: Path) -> None:
    files = {
        "corpus.csv": f"nummer,name,text\nn1,Tulips,{TULIPS}\nn2,Peas,{PEAS}\n",
        "queries.jsonl": '{"_id": "a", "text": "tulips"}\n',
        "qrels.tsv": "query-id\tcorpus-id\tscore\na\tn1\t1\n",
    }
    paths, tab = written_to(tmp_path, files), EvaluateTab(pane)
    plain = tab.read_upload(paths, "", {})
    assert plain.found is None
    assert plain.is_open
    assert "nummer" in plain.names
    judged = tab.read_upload(paths, "", with_choice({}, plain, {"id": "nummer"})).found
    assert judged is not None
    assert judged.collection.qrels == {"a": {"n1": 1}}


def test_where_the_text_is_from_is_said_once(pane: InputsPane) -> None:
    note = pane.read_pasted(f"id,body,year\n1,{PEAS},1999\n2,{TULIPS},1998\n", "", {}).note("en")
    summary, taken = re.findall("<p[^>]*>(.*?)</p>", note)
    assert summary == "2 passages, one per row of a table"
    assert taken.startswith("<bdi>text from “")


def test_evaluate_offers_the_columns_of_judgments(pane: InputsPane, tmp_path: Path) -> None:
    files = {
        "corpus.jsonl": f'{{"_id": "g1", "text": "{TULIPS}"}}\n{{"_id": "g2", "text": "{PEAS}"}}\n',
        "queries.jsonl": '{"_id": "a", "text": "tulips"}\n{"_id": "b", "text": "peas"}\n',
        "qrels.csv": "wer,was,wie\na,g1,1\nb,g2,2\n",
    }
    paths, tab = written_to(tmp_path, files), EvaluateTab(pane)
    plain = tab.read_upload(paths, "", {})
    assert plain.found is None
    assert plain.names == ("wer", "was", "wie")
    choices = with_choice({}, plain, {"query": "wer", "id": "was", "grade": "wie"})
    judged = tab.read_upload(paths, "", choices).found
    assert judged is not None
    assert judged.collection.qrels == {"a": {"g1": 1}, "b": {"g2": 2}}
    assert [query.text for query in judged.collection.queries] == ["tulips", "peas"]
    assert [passage.doc_id for passage in judged.collection.passages] == ["g1", "g2"]
