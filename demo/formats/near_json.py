"""What is nearly JSON, made JSON: values with comments behind them, and lists as Python shows them."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from demo.errors import InputError
from demo.formats.answers import WITHOUT_COMMA
from demo.formats.source import Source

_COMMENT_BEHIND = re.compile(r"[\s,\[\]{}]//")
_TEXT_OR_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*+"?)|//[^\n]*', re.DOTALL)
_PYTHON = re.compile(r"\[\s*\(?(?:'|\{'|Document\()|[^\W\d]\w*\s*=\s*\[")
"""How lists open as Python shows them: of texts, of objects, of documents of LangChain, perhaps with scores."""
_MOST_PYTHON_CHARS = 500_000
"""More takes much memory to read."""
_SAMPLE_CHARS = 1_000


def opens_as_python(source: Source) -> bool:
    """Whether the text opens as a list of Python does."""
    return _PYTHON.match(source.text[:_SAMPLE_CHARS].lstrip()) is not None


def made_json(source: Source) -> Source:
    """The source as JSON, if it is nearly JSON; as it is, if it is anything else or broken."""
    if opens_as_python(source):
        return _of_python(source)
    opens = source.text[:_SAMPLE_CHARS].lstrip().startswith(("{", "["))
    if not opens or not _COMMENT_BEHIND.search(source.text) or holds_json(source):
        return source
    bare = source.with_text(_TEXT_OR_COMMENT.sub(lambda found: found[1] or "", source.text))
    return bare if holds_json(bare) else source


def holds_json(source: Source) -> bool:
    """Whether the text is one JSON value."""
    try:
        return source.json is not None
    except InputError:
        return False


def _of_python(source: Source) -> Source:
    """The list as JSON; as it is, if it holds anything but texts and objects, or lacks commas, as those of numpy do."""
    if len(source.text) > _MOST_PYTHON_CHARS or WITHOUT_COMMA.search(source.text):
        return source
    try:
        (statement,) = ast.parse(source.text.strip()).body
        value = _literal(statement.value) if isinstance(statement, ast.Expr | ast.Assign) else None
        made = json.dumps(value, ensure_ascii=False)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return source
    return source.with_text(made) if isinstance(value, list) and all(map(_is_passage, value)) else source


def _is_passage(value: Any) -> bool:
    """Whether it is a text, or an object, perhaps with its score."""
    return isinstance(value, str | dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _literal(node: ast.expr) -> Any:
    """The value that is written there; of a document its fields.

    Raises:
        ValueError: it is no literal.
    """
    if isinstance(node, ast.List | ast.Tuple):
        return [_literal(one) for one in node.elts]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Document":
        return {one.arg: ast.literal_eval(one.value) for one in node.keywords if one.arg}
    return ast.literal_eval(node)
