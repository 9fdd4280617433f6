"""Texts with marks in angle brackets: SGML, XML and HTML alike, read in one pass however broken they are.

A mark ends at the next `>`, and none holds a `<`. Comments and CDATA whose end is missing are text. Nothing declared in
a document is ever fetched or expanded; only the usual entities such as `&amp;` become letters.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from demo.formats.fields import TEXT_NAMES

_MARK = re.compile(r"<(?:!--|!\[CDATA\[|[!?][^<>]*+>|(/?)([^\W\d][\w:.-]*+)([^<>]*+)>)")
_ATTRIBUTE = re.compile(r"""([^\W\d][\w:.-]*+)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))""")
_ENDS = {"<!--": "-->", "<![CDATA[": "]]>"}


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark, from character `start` to `end` (exclusive).

    Attributes:
        name: in small letters; "" for a comment, a declaration, and for CDATA.
        data: what CDATA holds.
    """

    start: int
    end: int
    name: str = ""
    closes: bool = False
    tail: str = ""
    data: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether the element begins and ends with it, as `<br/>` does."""
        return self.tail.endswith("/")

    @property
    def attributes(self) -> dict[str, str]:
        """Its attributes by their names in small letters."""
        return {
            found[1].lower(): html.unescape(found[2] or found[3] or found[4] or "")
            for found in _ATTRIBUTE.finditer(self.tail)
        }


def find_marks(text: str) -> Iterator[Mark]:
    """Every mark of the text in order."""
    at = 0
    missing: set[str] = set()
    while found := _MARK.search(text, at):
        at = found.end()
        closing = _ENDS.get(found[0])
        if closing is None:
            yield Mark(found.start(), at, (found[2] or "").lower(), bool(found[1]), found[3] or "")
            continue
        end = -1 if closing in missing else text.find(closing, at)
        if end < 0:
            missing.add(closing)
            continue
        data = text[at:end] if closing == "]]>" else ""
        at = end + len(closing)
        yield Mark(found.start(), at, data=data)


def plain_text(text: str) -> str:
    """The text without its marks, entities resolved, white space as single spaces."""
    parts, at = [], 0
    for mark in find_marks(text):
        parts += [html.unescape(text[at : mark.start]), mark.data]
        at = mark.end
    parts.append(html.unescape(text[at:]))
    return " ".join(" ".join(parts).split())


# ---- elements ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Element:
    """An element of XML.

    Attributes:
        start: where it starts in the text.
        text: all text in it, of its children too, white space as single spaces.
        has_words: whether text stands in it between its children.
    """

    name: str
    start: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    text: str = ""
    has_words: bool = False

    @property
    def parts_differ(self) -> bool:
        """Whether it is made of several kinds of elements and nothing else, as a record in a record is."""
        return not self.has_words and len({child.name for child in self.children}) > 1

    def record(self) -> dict[str, str]:
        """Its attributes and the texts of its children by name, those of one name joined by line breaks.

        The parts of a record in it have dotted names, unless the record is named as texts are.
        An element such as <field name="…"> or <str name="…"> goes by that name, as in files for Solr and its answers.
        """
        parts: dict[str, list[str]] = {name: [value] for name, value in self.attributes.items()}
        for name, text in self._parts("", 1):
            parts.setdefault(name, []).append(text)
        if not self.children and self.text:
            parts.setdefault("text", []).append(self.text)
        return {name: "\n".join(filter(None, values)) for name, values in parts.items()}

    def _parts(self, prefix: str, depth: int) -> Iterator[tuple[str, str]]:
        for child in self.children:
            name = child.attributes.get("name", child.name) if child.name in _NAMED_BY_ATTRIBUTE else child.name
            if child.parts_differ and depth < _DEEPEST_PART and name not in TEXT_NAMES:
                yield from child._parts(f"{prefix}{name}.", depth + 1)
            else:
                yield f"{prefix}{name}", child.text


_DEEPEST_PART = 5
_NAMED_BY_ATTRIBUTE = frozenset(("field", "str", "arr", "int", "long", "float", "double", "bool", "date"))


def repeated_elements(text: str) -> list[Element]:
    """The elements that hold the records of an XML document, outermost first: siblings of the most frequent name.

    They are what stands in the root, or deeper where every element on the way has only one child. An element whose
    children all have names of their own is a record by itself, unless one of them alone holds such siblings with parts.
    """
    level = parents = _tree(text)
    while len(level) == 1 and level[0].children:
        level, parents = level[0].children, level
    names = Counter(element.name for element in level)
    if not names:
        return []
    name, count = names.most_common(1)[0]
    if count == 1 < len(level):
        nested = [inner for element in level if (inner := _alike_with_parts(element.children))]
        return nested[0] if len(nested) == 1 else parents
    others = [child for element in level if element.name != name for child in element.children]
    inner = [child for element in level for child in element.children]
    if count < len(level) / 2 and inner and (others or not all(one.children for one in level if one.name == name)):
        return []
    return [element for element in level if element.name == name]


def _alike_with_parts(elements: list[Element]) -> list[Element]:
    """The elements, if all have one name and children of their own; else none."""
    alike = len({element.name for element in elements}) == 1
    return elements if alike and all(element.children for element in elements) else []


def _tree(text: str) -> list[Element]:
    """The outermost elements. An end without a start is passed over, and an end ends what is still open in it."""
    root = Element("", 0)
    opened, names, at = [root], Counter[str](), 0
    for mark in find_marks(text):
        words = html.unescape(text[at : mark.start])
        opened[-1].pieces += [words, mark.data]
        opened[-1].has_words |= not (words + mark.data).isspace() and bool(words + mark.data)
        at = mark.end
        if mark.name and not mark.closes:
            element = Element(mark.name, mark.start, mark.attributes)
            opened[-1].children.append(element)
            if not mark.is_whole:
                opened.append(element)
                names[mark.name] += 1
        elif mark.name and names[mark.name]:
            while _close(opened, names) != mark.name:
                pass
    while len(opened) > 1:
        _close(opened, names)
    return root.children


_DEEPEST_TEXT = 20
"""Levels up to which an element's text counts as its parents' too."""


def _close(opened: list[Element], names: Counter[str]) -> str:
    """Takes the innermost open element off the list, hands its text on to its parent, and gives its name."""
    element = opened.pop()
    names[element.name] -= 1
    element.text = " ".join(" ".join(element.pieces).split())
    element.pieces = []
    if len(opened) <= _DEEPEST_TEXT:
        opened[-1].pieces.append(element.text)
    return element.name
