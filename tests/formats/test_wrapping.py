"""Lines around data: what consoles, curl and chats put there is left out, lines keep their numbers, prose is whole."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
from openpyxl import Workbook

from demo.errors import InputError
from demo.formats import Limits, Loaded, read_files, read_pasted

LIMITS = Limits(passages=1000, passage_chars=10_000, upload_bytes=10_000_000, unpacked_bytes=20_000_000)

BEANS, PEAS, TULIPS = "Sow the beans in May, after the last frost.", "Peas climb on nets.", "Plant tulips in autumn."


Read = Callable[[str], Loaded]


def answer(**texts: str) -> dict[str, object]:
    hits = [{"_index": "garden", "_id": key, "_score": 2.5, "_source": {"body": text}} for key, text in texts.items()]
    return {"took": 3, "timed_out": False, "hits": {"max_score": 2.5, "hits": hits}}


ANSWER = json.dumps(answer(g1=BEANS, g2=PEAS), indent=2)
ASKED = "# GET /garden/_search 200 OK\n"
REQUEST = 'GET /garden/_search\n{\n  "query": { "match": { "body": "beans" } }\n}\n'
HEAD = "HTTP/1.1 200 OK\nX-elastic-product: Elasticsearch\ncontent-type: application/json;charset=UTF-8\n\n"
BODY = '{"query": {"match": {"body": "beans"}}}'
TALK = """*   Trying 127.0.0.1:9200...
* Connected to localhost (127.0.0.1) port 9200 (#0)
> GET /garden/_search?q=beans HTTP/1.1
> Host: localhost:9200
>
< HTTP/1.1 200 OK
< content-type: application/json
<
{ [312 bytes data]
"""
LEFT = "* Connection #0 to host localhost left intact\n"
METER = """  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current
                                 Dload  Upload   Total   Spent    Left  Speed
100   312  100   312    0     0  12.3k      0 --:--:-- --:--:-- --:--:-- 12500
"""
WRAPPED = {
    "console": (ASKED + ANSWER, 1),
    "console without status": ("# GET /garden/_search\n" + ANSWER, 1),
    "request before": (f"{REQUEST}\n{ASKED}{ANSWER}", 5),
    "request without the line of the answer": (REQUEST + ANSWER, 4),
    "request without body": (f"GET /garden/_search?q=beans\n{ANSWER}", 1),
    "warning": (f"#! Security features are not enabled.\n{ASKED}{ANSWER}", 2),
    "headers": (HEAD + ANSWER, 3),
    "headers with a command": (f"$ curl -i 'localhost:9200/garden/_search?q=beans'\n{HEAD}{ANSWER}", 4),
    "command of several lines": (f"curl localhost:9200/_search \\\n  -d '\n{BODY}'\n{ANSWER}", 3),
    "file of requests": (f"POST http://localhost/_search HTTP/1.1\nAccept: */*\n\n{BODY}\n\n{HEAD}{ANSWER}", 6),
    "several searches": (f'GET /_msearch\n{{"index": "garden"}}\n{BODY}\n{ANSWER}', 3),
    "fence": (f"```json\n{ANSWER}\n```\n", 2),
    "fence without a name": (f"\n```\n{ANSWER}\n```", 2),
    "fence that is not closed": (f"```json\n{ANSWER}", 1),
    "fence around all": (f"~~~\n{ASKED}{ANSWER}\n~~~", 3),
    "fence around the answer": (f"{ASKED}```json\n{ANSWER}\n```", 3),
    "what curl tells": (f"{TALK}{ANSWER}\n{LEFT}", 10),
    "what curl tells, the last words behind the answer": (TALK + ANSWER + LEFT, 9),
    "a meter": (METER + ANSWER, 3),
    "prompts": (f"me@box:~/x$ curl -s localhost:9200/_search\n{METER}{ANSWER}\nme@box:~/x$ ", 5),
    "line ends of Windows": ((ASKED + ANSWER).replace("\n", "\r\n"), 1),
}


def paste(text: str) -> Loaded:
    return read_pasted(text, LIMITS)


def upload(text: str | bytes, name: str = "answer.txt") -> Loaded:
    return read_files([(name, text if isinstance(text, bytes) else text.encode())], LIMITS)


def passages(loaded: Loaded) -> dict[str, str]:
    return {passage.doc_id: passage.text for passage in loaded.collection.passages}


@pytest.mark.parametrize("read", [paste, upload, lambda text: upload(text, "answer.json")])
@pytest.mark.parametrize(("text", "left_out"), WRAPPED.values(), ids=WRAPPED)
def test_an_answer_is_read_and_what_stands_around_it_is_counted(read: Read, text: str, left_out: int) -> None:
    loaded = read(text)
    assert passages(loaded) == {"g1": BEANS, "g2": PEAS}
    assert loaded.reading.format_key == "elasticsearch"
    assert loaded.reading.scores == 2
    assert f"{left_out} line{'s' * (left_out > 1)} around the data left out" in str(loaded.reading.sentence())
    assert loaded.reading.is_certain


LIST = json.dumps([BEANS, PEAS], indent=1)
SHOWN = f"['{BEANS}',\n '{PEAS}']"
DOCUMENTS = (
    f"[Document(id='g1', metadata={{'page': 1}}, page_content='{BEANS}'),\n"
    f" Document(id='g2', metadata={{}}, page_content='{PEAS}')]"
)
NEARLY = {
    "chat": (f"Sure! Here they are:\n\n```json\n{LIST}\n```\n\nShall I add more?", 4),
    "chat with objects": (f'Sure:\n```\n[{{"text": "{BEANS}"}},\n{{"text": "{PEAS}"}}]\n```\nMore?', 4),
    "chat with JSON lines": (f'Sure:\n```\n{{"text": "{BEANS}"}}\n{{"text": "{PEAS}"}}\n```\nMore?', 4),
    "chat with a table": (f'Sure:\n~~~csv\nid,text\n1,"{BEANS}"\n2,{PEAS}\n~~~\nMore?', 4),
    "chat with Python": (f"Sure:\n```python\ndocs = {SHOWN}\n```\nMore?", 4),
    "comments": (f'[\n// one\n"{BEANS}", // two\n  // three\n"{PEAS}"\n]', 2),
    "comment behind": (f'["{BEANS}", // one\n"{PEAS}"]', 0),
    "prompt of Python": (f">>> print(json.dumps(docs, indent=1))\n{LIST}\n>>> ", 2),
    "list behind a prompt": (f">>> docs\n{SHOWN}", 1),
    "another command": (f"$ http -b localhost/docs\n{LIST}", 1),
    "another command with headers": (f"$ http localhost/docs\n{HEAD}{LIST}", 4),
    "list of Python": (SHOWN, 0),
    "texts in parts": (f"[('Sow the beans in May, '\n  'after the last frost.'),\n '{PEAS}']", 0),
    "objects of Python": (f"[{{'text': '{BEANS}', 'page': None}}, {{'text': \"{PEAS}\", 'page': 2}}]", 0),
    "documents": (DOCUMENTS, 0),
    "documents with scores": (f"[(Document(page_content='{BEANS}'), 0.9), (Document(page_content='{PEAS}'), 0.5)]", 0),
}


@pytest.mark.parametrize("read", [paste, upload])
@pytest.mark.parametrize(("text", "left_out"), NEARLY.values(), ids=NEARLY)
def test_what_is_nearly_json_or_stands_in_a_fence_is_read(read: Read, text: str, left_out: int) -> None:
    loaded = read(text)
    assert list(passages(loaded).values()) == [BEANS, PEAS]
    said = f"{left_out} line{'s' * (left_out > 1)} around the data left out"
    assert (said in str(loaded.reading.sentence())) == (left_out > 0)
    assert loaded.reading.is_certain


def test_texts_keep_what_looks_like_a_comment() -> None:
    assert list(passages(paste('["See // here", // one\n"http://a.b"]')).values()) == ["See // here", "http://a.b"]


@pytest.mark.parametrize(
    "text",
    [
        f"Intro.\n```json\n{BODY}\n```\nMore.",
        "".join(f"Line {number}.\n" for number in range(20)) + f"```json\n{LIST}\n```",
        f"Intro.\n```\n{LIST}\n```\nMore.\n```\n{LIST}\n```",
        f"['{BEANS}'\n '{PEAS}']",
        "[('a', 'b'),\n ('c', 'd')]",
        f"['{BEANS}',\n datetime.now()]",
    ],
    ids=["a request", "an article", "several fences", "numpy", "pairs", "no literal"],
)
def test_what_is_no_list_of_texts_stays_whole(text: str) -> None:
    assert str(paste(text).reading.manner) == "one per line"


def test_a_table_of_spark_is_read() -> None:
    rule = "+---+-----+\n"
    text = f"{rule}| id| text|\n{rule}| g1|{BEANS}|\n| g2|{PEAS}|\n{rule}only showing top 2 rows\n"
    assert passages(paste(text)) == {"g1": BEANS, "g2": PEAS}


def test_answers_of_several_requests_are_all_read() -> None:
    other = json.dumps(answer(g3=TULIPS), indent=2)
    loaded = paste(f"{ASKED}{ANSWER}\n# GET /garden/_search 200 OK\n{other}\n")
    assert passages(loaded) == {"g1": BEANS, "g2": PEAS, "g3": TULIPS}


@pytest.mark.parametrize("before", ["", ASKED, HEAD])
def test_a_long_text_of_kibana_is_a_text(before: str) -> None:
    long = f'{BEANS}\nThey are called "broad", and C:\\beans.'
    shown = json.dumps(answer(g1="LONG", g2=PEAS), indent=2).replace('"LONG"', f'"""{long}"""')
    assert passages(paste(before + shown)) == {"g1": long, "g2": PEAS}


@pytest.mark.parametrize("before", [ASKED, REQUEST + ASKED, HEAD, "```json\n"])
def test_an_answer_that_is_cut_off_is_refused_with_its_line(before: str) -> None:
    whole = before + ANSWER
    last = whole[: whole.index(PEAS)]
    with pytest.raises(InputError, match=f"^Line {last.count(chr(10)) + 1} is not valid JSON"):
        paste(last)


def test_json_lines_and_files_for_indexing_are_read_below_remarks() -> None:
    lines = "".join(json.dumps({"_id": key, "text": text}) + "\n" for key, text in (("g1", BEANS), ("g2", PEAS)))
    assert passages(paste(f"# exported today\n{lines}")) == {"g1": BEANS, "g2": PEAS}
    bulk = "".join(f'{{"index": {{"_id": "g{n}"}}}}\n{{"text": "{text}"}}\n' for n, text in enumerate((BEANS, PEAS), 1))
    assert passages(paste(f"POST /garden/_bulk\n{bulk}")) == {"g1": BEANS, "g2": PEAS}


def test_other_content_is_read_behind_headers_and_in_a_fence() -> None:
    table = f'id,text\ng1,"{BEANS}"\ng2,{PEAS}\n'
    for text in (HEAD + table, f"```csv\n{table}```", f"{HEAD}<html><body><p>{BEANS}</p><p>{PEAS}</p></body></html>"):
        assert list(passages(paste(text)).values()) == [BEANS, PEAS]
    assert passages(paste(f"```\n{BEANS}\n{PEAS}\n```")) == {"1": BEANS, "2": PEAS}


def test_markdown_keeps_its_fences_and_its_first_lines() -> None:
    code = f"```\n{BEANS}\n\n{PEAS}\n```"
    assert list(passages(upload(code, "a.md")).values()) == [code]
    table = f"# Plants\n\nid,text\ng1,{PEAS}"
    assert upload(table, "a.md").collection.passages[0].title == "Plants"


def test_one_per_line_keeps_every_line() -> None:
    loaded = read_pasted(f"```\n{ASKED}{BEANS}\n```", LIMITS, "lines")
    assert list(passages(loaded).values()) == ["```", ASKED.strip(), BEANS]


@pytest.mark.parametrize(
    "lines",
    [
        [BEANS, PEAS, '{"text": "in braces"}'],
        ["# Beans", BEANS, "[1] Peas climb.", PEAS],
        ["GET ready for spring", BEANS, PEAS],
        ["curl leaf isn't a frost", BEANS, PEAS],
        ["# GET well soon", BEANS, "{{ name }}"],
        [BEANS, "```", PEAS, "```", TULIPS],
        ["HTTP/1.1 200 OK is what a server says.", BEANS, PEAS],
    ],
)
def test_prose_with_such_lines_in_it_stays_whole(lines: list[str]) -> None:
    loaded = paste("\n".join(lines))
    assert list(passages(loaded).values()) == list(dict.fromkeys(lines))
    assert str(loaded.reading.manner) == "one per line"


# ---- titles of tables --------------------------------------------------------------------------------------------

TITLED = {
    "one": f'Plants of the garden\nid,text\ng1,"{BEANS}"\ng2,{PEAS}\n',
    "filled up with commas": f'Plants of the garden,,\nid,title,text\ng1,Beans,"{BEANS}"\ng2,Peas,{PEAS}\n',
    "with a comma": f'Plants, all of them\n\nid,text\ng1,"{BEANS}"\ng2,{PEAS}\n',
    "two": f"Plants\nas of May 2024\nid;text\ng1;{BEANS}\ng2;{PEAS}\n",
    "tabs": f"Plants of the garden\nid\ttext\ng1\t{BEANS}\ng2\t{PEAS}\n",
}


@pytest.mark.parametrize("read", [paste, upload, lambda text: upload(text, "p.csv")])
@pytest.mark.parametrize("text", TITLED.values(), ids=TITLED)
def test_a_table_is_read_below_its_title(read: Read, text: str) -> None:
    loaded = read(text)
    assert passages(loaded) == {"g1": BEANS, "g2": PEAS}
    assert "around the data left out" in str(loaded.reading.sentence())


def test_a_sheet_is_read_below_its_title() -> None:
    book, file = Workbook(), io.BytesIO()
    for row in (["Plants of the garden"], [], ["id", "text"], ["g1", BEANS], ["g2", PEAS]):
        book.active.append(row)
    book.save(file)
    loaded = upload(file.getvalue(), "plants.xlsx")
    assert passages(loaded) == {"g1": BEANS, "g2": PEAS}
    assert "1 line around the data left out" in str(loaded.reading.sentence())


def test_a_broken_row_below_a_title_is_named_by_its_own_line() -> None:
    with pytest.raises(InputError, match=r"^Line 4 has 4 cells, but the header has 2\."):
        paste(f"Plants of the garden\nid,text\ng1,{PEAS}\ng2,Plums, however, are blue.\n")
