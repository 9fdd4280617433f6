"""The formats, one row each. To add one: a function in a file beside this, and a row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from demo.formats import beir, documents, engines, json_text, plain, tables, trec_sgml
from demo.formats.source import Found, Source
from demo.language import Text


@dataclass(frozen=True, slots=True)
class Format:
    """One way to read passages.

    Attributes:
        label: its name in a menu; `manner` is how the reading's sentence says it, after “24 passages, ”.
        help: what it looks like, in a sentence.
        suffixes: of the files that may be in it, with the dot.
        example: a small input in it: text, or a function that makes the bytes of a file.
        read: passages and more from one source.
        fits: whether a source is plausibly in this format; the first row that fits wins.
        by_content: whether a file is in it or not, whatever its name and the person's choice; it cannot be pasted.
    """

    key: str
    label: Text
    manner: Text
    help: Text
    suffixes: tuple[str, ...]
    example: str | Callable[[], bytes]
    read: Callable[[Source], Found]
    fits: Callable[[Source], bool]
    by_content: bool = False

    @property
    def pasted(self) -> bool:
        """Whether pasted text can be in it."""
        return not self.by_content

    def example_file(self) -> tuple[str, bytes]:
        """The example as an upload: a file name and its content."""
        content = self.example.encode() if isinstance(self.example, str) else self.example()
        return f"example{self.suffixes[0]}", content


def _always(source: Source) -> bool:
    return True


def _never(source: Source) -> bool:
    return False


FORMATS: tuple[Format, ...] = (
    Format(
        key="beir",
        label=Text("BEIR folder", "BEIR 目录"),
        manner=Text("from a BEIR folder", "来自 BEIR 目录"),
        help=Text(
            "A .zip of corpus.jsonl, queries.jsonl and qrels/test.tsv, or the same files together.",
            "含 corpus.jsonl、queries.jsonl 和 qrels/test.tsv 的 .zip，或同时上传这些文件。",
        ),
        suffixes=(".zip",),
        example=beir.example_zip,
        read=beir.read_beir,
        fits=beir.is_beir,
        by_content=True,
    ),
    Format(
        key="pdf",
        label=Text("PDF", "PDF"),
        manner=Text("from the paragraphs of a PDF", "来自 PDF 的段落"),
        help=Text(
            "A PDF with text in it; scans need text recognition first.", "含有文本的 PDF；扫描件需先做文字识别。"
        ),
        suffixes=(".pdf",),
        example=documents.example_pdf,
        read=documents.read_pdf,
        fits=documents.is_pdf,
        by_content=True,
    ),
    Format(
        key="docx",
        label=Text("Word document (DOCX)", "Word 文档（DOCX）"),
        manner=Text("from the paragraphs of a DOCX document", "来自 DOCX 文档的段落"),
        help=Text("Paragraphs and table rows; headings become titles.", "段落与表格行；标题作为段落的题名。"),
        suffixes=(".docx",),
        example=documents.example_docx,
        read=documents.read_docx,
        fits=documents.is_docx_file,
        by_content=True,
    ),
    Format(
        key="elasticsearch",
        label=Text("Elasticsearch or OpenSearch response", "Elasticsearch 或 OpenSearch 响应"),
        manner=Text("from an Elasticsearch or OpenSearch response", "来自 Elasticsearch 或 OpenSearch 响应"),
        help=Text("The whole answer of _search, with its hits.", "_search 的完整响应，含 hits。"),
        suffixes=(".json", ".txt"),
        example=(
            '{"took": 3, "hits": {"max_score": 9.1, "hits": [\n'
            '  {"_id": "b1", "_score": 9.1, "_source": {"title": "Berlin", "body": "Berlin has 3.5 million."}},\n'
            '  {"_id": "b2", "_score": 4.2, "_source": {"title": "Museums", "body": "Berlin is known for museums."}}\n'
            "]}}\n"
        ),
        read=engines.read_elasticsearch,
        fits=engines.is_elasticsearch,
    ),
    Format(
        key="solr",
        label=Text("Solr response", "Solr 响应"),
        manner=Text("from a Solr response", "来自 Solr 响应"),
        help=Text(
            "The whole answer of select as JSON, with “fl=*,score”.", "select 的完整 JSON 响应，带“fl=*,score”。"
        ),
        suffixes=(".json", ".txt"),
        example=(
            '{"response": {"numFound": 2, "start": 0, "docs": [\n'
            '  {"id": "b1", "score": 9.1, "title_s": "Berlin", "body_txt_en": ["Berlin has 3.5 million people."]},\n'
            '  {"id": "b2", "score": 4.2, "title_s": "Museums", "body_txt_en": ["Berlin is known for museums."]}\n'
            "]}}\n"
        ),
        read=engines.read_solr,
        fits=engines.is_solr,
    ),
    Format(
        key="trec_sgml",
        label=Text("TREC documents (SGML)", "TREC 文档（SGML）"),
        manner=Text("from TREC documents", "来自 TREC 文档"),
        help=Text(
            "Documents between <DOC> and </DOC>, each with <DOCNO> and <TEXT>.",
            "<DOC> 与 </DOC> 之间的文档，各含 <DOCNO> 和 <TEXT>。",
        ),
        suffixes=(".sgml", ".sgm", ".trec", ".xml", ".txt"),
        example=(
            "<DOC>\n<DOCNO>b1</DOCNO>\n<TITLE>Berlin</TITLE>\n<TEXT>Berlin has 3.5 million people.</TEXT>\n</DOC>\n"
            "<DOC>\n<DOCNO>b2</DOCNO>\n<TEXT>Berlin is known for museums.</TEXT>\n</DOC>\n"
        ),
        read=trec_sgml.read_documents,
        fits=trec_sgml.looks_like_documents,
    ),
    Format(
        key="jsonl",
        label=Text("JSON lines", "JSON 行（JSONL）"),
        manner=Text("one JSON object per line", "每行一个 JSON 对象"),
        help=Text(
            "An object with “text” on each line, perhaps “_id” and “title”.",
            "每行一个含“text”的对象，可带“_id”和“title”。",
        ),
        suffixes=(".jsonl", ".ndjson", ".json", ".txt"),
        example=(
            '{"_id": "b1", "title": "Berlin", "text": "Berlin has 3.5 million people."}\n'
            '{"_id": "b2", "title": "Museums", "text": "Berlin is known for museums."}\n'
        ),
        read=json_text.read_jsonl,
        fits=json_text.looks_like_jsonl,
    ),
    Format(
        key="json",
        label=Text("JSON", "JSON"),
        manner=Text("from JSON", "来自 JSON"),
        help=Text(
            "A list of texts or objects, or “passages” with “queries” and “qrels” beside it.",
            "文本或对象的列表，或“passages”并附“queries”和“qrels”。",
        ),
        suffixes=(".json", ".txt"),
        example=(
            '{"passages": [{"id": "b1", "text": "Berlin has 3.5 million people."}, "Berlin is known for museums."],\n'
            ' "queries": {"q1": "How many people live in Berlin?"}, "qrels": {"q1": {"b1": 3}}}\n'
        ),
        read=json_text.read_json,
        fits=json_text.looks_like_json,
    ),
    Format(
        key="tsv",
        label=Text("Table with tabs (TSV)", "制表符分隔的表格（TSV）"),
        manner=Text("one per row of a table with tabs", "每个表格行一个（制表符分隔）"),
        help=Text(
            "A header such as id, title, text, and tabs between cells.",
            "首行为 id、title、text 等表头，单元格以制表符分隔。",
        ),
        suffixes=(".tsv", ".tab", ".csv", ".txt"),
        example="id\ttitle\ttext\nb1\tBerlin\tBerlin has 3.5 million.\nb2\tMuseums\tBerlin is known for museums.\n",
        read=tables.read_tsv,
        fits=tables.has_tsv_header,
    ),
    Format(
        key="csv",
        label=Text("Table with commas (CSV)", "逗号分隔的表格（CSV）"),
        manner=Text("one per row of a table", "每个表格行一个"),
        help=Text(
            "A header such as id, title, text; commas, semicolons or bars between cells.",
            "首行为 id、title、text 等表头，单元格以逗号、分号或竖线分隔。",
        ),
        suffixes=(".csv", ".txt"),
        example='id,title,text\nb1,Berlin,"Berlin has 3,520,031."\nb2,Museums,"Berlin is known for ""museums""."\n',
        read=tables.read_csv,
        fits=tables.has_csv_header,
    ),
    Format(
        key="id_lines",
        label=Text("Id, tab, text", "id、制表符、文本"),
        manner=Text("one per line after an id and a tab", "每行一个，前有 id 和制表符"),
        help=Text("On each line an id, a tab and the text.", "每行依次为 id、制表符和文本。"),
        suffixes=(".tsv", ".tab", ".txt"),
        example="b1\tBerlin has 3.5 million people.\nb2\tBerlin is known for museums.\n",
        read=plain.read_id_lines,
        fits=plain.has_id_lines,
    ),
    Format(
        key="markdown",
        label=Text("Markdown", "Markdown"),
        manner=Text("one per Markdown paragraph", "每个 Markdown 段落一个"),
        help=Text(
            "Paragraphs, lists and code blocks; headings become titles.", "段落、列表和代码块；标题作为段落的题名。"
        ),
        suffixes=(".md", ".markdown"),
        example="# Berlin\n\nBerlin has 3.5 million people.\n\n## Museums\n\nBerlin is known for museums.\n",
        read=plain.read_markdown,
        fits=_never,
    ),
    Format(
        key="paragraphs",
        label=Text("Separated by blank lines", "以空行分隔"),
        manner=Text("separated by blank lines", "以空行分隔"),
        help=Text("Passages of several lines, a blank line between them.", "段落可含多行，段落之间以空行分隔。"),
        suffixes=(".txt",),
        example="Berlin has 3.5 million people and an\narea of 892 km².\n\nBerlin is known for museums.\n",
        read=plain.read_paragraphs,
        fits=plain.has_paragraphs,
    ),
    Format(
        key="lines",
        label=Text("One per line", "每行一个"),
        manner=Text("one per line", "每行一个"),
        help=Text("Every line is a passage.", "每一行是一个段落。"),
        suffixes=(".txt",),
        example="Berlin has 3.5 million people.\nBerlin is known for museums.\n",
        read=plain.read_lines,
        fits=_always,
    ),
)
"""In the order in which they are tried: what is told by its content first, the most demanding text before the least."""

PASTED_FORMATS = tuple(row for row in FORMATS if row.pasted)


def accepted_suffixes() -> tuple[str, ...]:
    """The suffixes of files that can be uploaded, sorted, .gz and .zip included."""
    return tuple(sorted({suffix for row in FORMATS for suffix in row.suffixes} | {".gz", ".zip"}))
