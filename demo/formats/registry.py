"""The formats, one row each. To add one: a function in a file beside this, and a row here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from demo.formats import (
    answers,
    beir,
    documents,
    engines,
    html_text,
    json_text,
    json_values,
    plain,
    sheets,
    tables,
    trec_sgml,
    workbook,
    xml_text,
)
from demo.formats.archive import ARCHIVE_SUFFIXES
from demo.formats.isolated import run_isolated
from demo.formats.source import Found, Source
from demo.messages import Message


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
        is_prose: whether any text can be read so, and nothing in it gives ids.
    """

    key: str
    label: Message
    manner: Message
    help: Message
    suffixes: tuple[str, ...]
    example: str | Callable[[], bytes]
    read: Callable[[Source], Found]
    fits: Callable[[Source], bool]
    by_content: bool = False
    is_prose: bool = False

    @property
    def pasted(self) -> bool:
        """Whether pasted text can be in it."""
        return not self.by_content


def _apart(read: Callable[[Source], Found]) -> Callable[[Source], Found]:
    """The reader in a process of its own."""
    return lambda source: run_isolated(read, source, name=source.name)


_JSON = (".json", ".jsonl", ".ndjson", ".txt")

FORMATS: tuple[Format, ...] = (
    Format(
        key="beir",
        label=Message("BEIR folder"),
        manner=Message("from a BEIR folder"),
        help=Message("A .zip of corpus.jsonl, queries.jsonl and qrels/test.tsv, or the same files together."),
        suffixes=(".zip",),
        example=beir.example_zip,
        read=beir.read_beir,
        fits=beir.is_beir,
        by_content=True,
    ),
    Format(
        key="pdf",
        label=Message("PDF"),
        manner=Message("from the paragraphs of a PDF"),
        help=Message("A PDF with text in it; scans need text recognition first."),
        suffixes=(".pdf",),
        example=documents.example_pdf,
        read=_apart(documents.read_pdf),
        fits=documents.is_pdf,
        by_content=True,
    ),
    Format(
        key="docx",
        label=Message("Word document (DOCX)"),
        manner=Message("from the paragraphs of a DOCX document"),
        help=Message("Paragraphs and table rows; headings become titles."),
        suffixes=(".docx",),
        example=documents.example_docx,
        read=_apart(documents.read_docx),
        fits=documents.is_docx_file,
        by_content=True,
    ),
    Format(
        key="xlsx",
        label=Message("Excel workbook (XLSX)"),
        manner=Message("one per row of a sheet"),
        help=Message("Each sheet is a table with a header such as id, title, text."),
        suffixes=(".xlsx",),
        example=workbook.example_xlsx,
        read=sheets.read_sheet,
        fits=sheets.is_sheet_of_workbook,
        by_content=True,
    ),
    Format(
        key="elasticsearch",
        label=Message("Elasticsearch or OpenSearch response"),
        manner=Message("from an Elasticsearch or OpenSearch response"),
        help=Message("The answer of _search or _msearch, its hits alone, or a file for _bulk."),
        suffixes=_JSON,
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
        label=Message("Solr response"),
        manner=Message("from a Solr response"),
        help=Message("The whole answer of select as JSON, with “fl=*,score”."),
        suffixes=_JSON,
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
        key="search",
        label=Message("Response of another search engine or vector store"),
        manner=Message("from a search response"),
        help=Message(
            "Vespa (feeds too), Typesense, Algolia, Meilisearch, Azure AI Search, Qdrant, Weaviate, Chroma, Pinecone."
        ),
        suffixes=_JSON,
        example=(
            '{"found": 2, "hits": [\n'
            '  {"document": {"id": "b1", "title": "Berlin", "body": "Berlin has 3.5 million."}, "text_match": 91},\n'
            '  {"document": {"id": "b2", "title": "Museums", "body": "Known for museums."}, "text_match": 42}\n'
            "]}\n"
        ),
        read=engines.read_search,
        fits=engines.is_search,
    ),
    Format(
        key="reranked",
        label=Message("Response of a rerank service"),
        manner=Message("from the response of a rerank service"),
        help=Message("The answer of Cohere, Jina, Voyage or TEI, with the documents in it."),
        suffixes=_JSON,
        example=(
            '{"results": [\n'
            '  {"index": 1, "relevance_score": 0.98, "document": {"text": "Berlin has 3.5 million people."}},\n'
            '  {"index": 0, "relevance_score": 0.11, "document": {"text": "Berlin is known for museums."}}\n'
            "]}\n"
        ),
        read=engines.read_reranked,
        fits=engines.is_reranked,
    ),
    Format(
        key="trec_sgml",
        label=Message("TREC documents (SGML)"),
        manner=Message("from TREC documents"),
        help=Message("Documents between <DOC> and </DOC>, each with <DOCNO> and <TEXT>."),
        suffixes=(".sgml", ".sgm", ".trec", ".xml", ".txt"),
        example=(
            "<DOC>\n<DOCNO>b1</DOCNO>\n<TITLE>Berlin</TITLE>\n<TEXT>Berlin has 3.5 million people.</TEXT>\n</DOC>\n"
            "<DOC>\n<DOCNO>b2</DOCNO>\n<TEXT>Berlin is known for museums.</TEXT>\n</DOC>\n"
        ),
        read=trec_sgml.read_documents,
        fits=trec_sgml.looks_like_documents,
    ),
    Format(
        key="html",
        label=Message("HTML page"),
        manner=Message("from the paragraphs of an HTML page"),
        help=Message("Paragraphs, list entries and table rows; headings become titles."),
        suffixes=(".html", ".htm", ".xhtml"),
        example=(
            "<!DOCTYPE html><html><body><h1>Berlin</h1><p>Berlin has 3.5 million people.</p>\n"
            "<p>Berlin is known for <b>museums</b>.</p></body></html>\n"
        ),
        read=html_text.read_html,
        fits=html_text.is_html,
    ),
    Format(
        key="xml",
        label=Message("Other XML"),
        manner=Message("one per element of an XML file"),
        help=Message("An element for each passage, with elements such as <id>, <title> and <text> in it."),
        suffixes=(".xml", ".txt"),
        example=(
            '<?xml version="1.0"?>\n<pages>\n<page id="b1"><title>Berlin</title><body>Berlin has 3.5 million.</body>'
            '</page>\n<page id="b2"><title>Museums</title><body>Berlin is known for museums.</body></page>\n</pages>\n'
        ),
        read=xml_text.read_xml,
        fits=xml_text.looks_like_xml,
    ),
    Format(
        key="answers",
        label=Message("Set to rerank"),
        manner=Message("from a set to rerank"),
        help=Message(
            "Queries with their passages: a table with query, passage and label, or objects with positive and negative "
            "passages (MTEB, FlagEmbedding, Tevatron, DPR, MS MARCO, SQuAD, Ragas)."
        ),
        suffixes=(".jsonl", ".ndjson", ".json", ".tsv", ".tab", ".csv", ".txt"),
        example=(
            '{"query": "How many people?", "positive": ["Berlin has 3.5 million people."],'
            ' "negative": ["Berlin is known for museums."]}\n'
        ),
        read=answers.read_answers_as_passages,
        fits=answers.looks_like_answers,
    ),
    Format(
        key="jsonl",
        label=Message("JSON lines"),
        manner=Message("one JSON object per line"),
        help=Message("An object with “text” on each line, perhaps “_id” and “title”."),
        suffixes=(".jsonl", ".ndjson", ".json", ".txt"),
        example=(
            '{"_id": "b1", "title": "Berlin", "text": "Berlin has 3.5 million people."}\n'
            '{"_id": "b2", "title": "Museums", "text": "Berlin is known for museums."}\n'
        ),
        read=json_text.read_jsonl,
        fits=json_values.looks_like_jsonl,
    ),
    Format(
        key="json",
        label=Message("JSON"),
        manner=Message("from JSON"),
        help=Message(
            "A list of texts or objects, columns, or “passages” with “queries” and “qrels” beside it; documents of "
            "LangChain and LlamaIndex too."
        ),
        suffixes=_JSON,
        example=(
            '{"passages": [{"id": "b1", "text": "Berlin has 3.5 million people."}, "Berlin is known for museums."],\n'
            ' "queries": {"q1": "How many people live in Berlin?"}, "qrels": {"q1": {"b1": 3}}}\n'
        ),
        read=json_text.read_json,
        fits=json_values.looks_like_json,
    ),
    Format(
        key="tsv",
        label=Message("Table with tabs (TSV)"),
        manner=Message("one per row of a table with tabs"),
        help=Message("A header such as id, title, text, and tabs between cells."),
        suffixes=(".tsv", ".tab", ".csv", ".txt"),
        example="id\ttitle\ttext\nb1\tBerlin\tBerlin has 3.5 million.\nb2\tMuseums\tBerlin is known for museums.\n",
        read=tables.read_tsv,
        fits=tables.has_tsv_header,
    ),
    Format(
        key="csv",
        label=Message("Table with commas (CSV)"),
        manner=Message("one per row of a table"),
        help=Message(
            "A header such as id, title, text; commas, semicolons or bars between cells. Tables of Markdown too, and "
            "what consoles of databases print."
        ),
        suffixes=(".csv", ".txt", ".md", ".markdown"),
        example='id,title,text\nb1,Berlin,"Berlin has 3,520,031."\nb2,Museums,"Berlin is known for ""museums""."\n',
        read=tables.read_csv,
        fits=tables.has_csv_header,
    ),
    Format(
        key="id_lines",
        label=Message("Id, tab, text"),
        manner=Message("one per line after an id and a tab"),
        help=Message("On each line an id, a tab and the text."),
        suffixes=(".tsv", ".tab", ".txt"),
        example="b1\tBerlin has 3.5 million people.\nb2\tBerlin is known for museums.\n",
        read=plain.read_id_lines,
        fits=plain.has_id_lines,
    ),
    Format(
        key="markdown",
        label=Message("Markdown"),
        manner=Message("one per Markdown paragraph"),
        help=Message("Paragraphs, lists and code blocks; headings become titles."),
        suffixes=(".md", ".markdown"),
        example="# Berlin\n\nBerlin has 3.5 million people.\n\n## Museums\n\nBerlin is known for museums.\n",
        read=plain.read_markdown,
        fits=lambda source: False,
        is_prose=True,
    ),
    Format(
        key="paragraphs",
        label=Message("Separated by blank lines"),
        manner=Message("separated by blank lines"),
        help=Message("Passages of several lines, a blank line between them."),
        suffixes=(".txt",),
        example="Berlin has 3.5 million people and an\narea of 892 km².\n\nBerlin is known for museums.\n",
        read=plain.read_paragraphs,
        fits=plain.has_paragraphs,
        is_prose=True,
    ),
    Format(
        key="lines",
        label=Message("One per line"),
        manner=Message("one per line"),
        help=Message("Every line is a passage."),
        suffixes=(".txt",),
        example="Berlin has 3.5 million people.\nBerlin is known for museums.\n",
        read=plain.read_lines,
        fits=lambda source: True,
        is_prose=True,
    ),
)
"""In the order in which they are tried: what is told by its content first, the most demanding text before the least."""

PASTED_FORMATS = tuple(row for row in FORMATS if row.pasted)


def most_plausible(source: Source, rows: Sequence[Format]) -> Format:
    """The first of the rows that knows the file's suffix and fits; where none fits, the last that knows the suffix."""
    suffix = PurePosixPath(source.file).suffix.lower()
    possible = [row for row in rows if suffix in row.suffixes] or list(rows)
    return next((row for row in possible if row.fits(source)), possible[-1])


def accepted_suffixes() -> tuple[str, ...]:
    """The suffixes of files that can be uploaded, sorted, those of archives included."""
    return tuple(sorted({suffix for row in FORMATS for suffix in row.suffixes} | {*ARCHIVE_SUFFIXES}))
