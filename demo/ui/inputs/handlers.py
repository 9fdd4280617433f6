"""What the shared inputs do, free of components: a frozen `InputsForm` in, requests and sentences out.

The fields of `InputsForm` have the names of the components they belong to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from demo import formats, uploads
from demo.errors import InputError
from demo.formats.run_files import Runs, read_one_run, read_runs
from demo.memory import Bounded
from demo.messages import Message
from demo.rankers.bm25 import Bm25
from demo.rankers.bm25_index import VARIANTS, Bm25Settings, find_variant
from demo.rankers.engine import Engine
from demo.rankers.protocol import Ranker
from demo.records import Collection, Query
from demo.service import RankingService, Request
from demo.settings import Settings
from demo.text import Analysis
from demo.ui import wording as w
from demo.ui.boundary import require
from demo.ui.inputs.fields import Choices, Understood, understand
from demo.ui.page import current_visitor

COLLECTION, PASTE, UPLOAD = "collection", "paste", "upload"
PASTED_CHARS = 20_000_000
"""Characters of pasted texts that are kept as collections, of all visitors together; the latest is always kept."""
PARAMETERS = ("k1", "b", "delta", "epsilon")
"""The numbers that some variant of BM25 has; each has a field, shown where the chosen variant has it."""


@dataclass(frozen=True, slots=True)
class InputsForm:
    """What the person chose and typed; the fields are named as the components they come from.

    Attributes:
        uploaded: the passages of the uploaded files, or why these cannot be read.
        choices: which fields hold what in pasted text and files of each shape, as chosen in this session.
    """

    query: str
    source: str
    collection: str
    pasted: str
    uploaded: Collection | Message | None
    reading: str
    first_stage: str
    variant: str
    k1: float | None
    b: float | None
    delta: float | None
    epsilon: float | None
    stop_words: bool
    stemmer: str
    depth: float | None
    choices: Choices = field(default_factory=dict)


class InputsPane:
    """Reads forms and files for one app."""

    def __init__(self, settings: Settings, service: RankingService) -> None:
        self.settings = settings
        self.service = service
        self.limits = formats.Limits.from_settings(settings)
        self._pasted = Bounded[tuple[str, str, formats.Fields], formats.Loaded](
            PASTED_CHARS, lambda key, loaded: len(key[0]), least=1
        )

    def visitor(self) -> str:
        """Whose event is being handled."""
        return current_visitor(self.settings.proxies)

    def default_form(self) -> InputsForm:
        """What the form holds before anyone touched it: the first collection with its first query."""
        example = self.service.worked_example()
        defaults = VARIANTS[0].defaults
        return InputsForm(
            query=example.query,
            source=COLLECTION,
            collection=example.collection.key,
            pasted="",
            uploaded=None,
            reading="",
            first_stage=str(example.first),
            variant=VARIANTS[0].key,
            k1=defaults.get("k1"),
            b=defaults.get("b"),
            delta=defaults.get("delta"),
            epsilon=defaults.get("epsilon"),
            stop_words=True,
            stemmer="english",
            depth=0,
        )

    def query_for(self, key: str, typed: str) -> str:
        """The query to show once collection `key` is chosen: what was typed, unless it came from a collection."""
        known = (query.text for other, _ in self.service.cards() for query in self.service.collection(other).queries)
        return self.service.first_query(key).text if not typed.strip() or typed in known else typed

    def request(self, form: InputsForm) -> Request:
        """The form's choices as a request to the service.

        Raises:
            InputError: nothing was uploaded yet, the pasted text cannot be read as chosen, or a number is missing or
                out of the range that the variant allows.
        """
        return Request(
            query=form.query,
            collection=self.collection(form),
            first=self.first_stage(form),
            depth=int(number(form.depth, "depth")) or None,
        )

    def first_stages(self) -> list[Ranker]:
        """Those to choose from; BM25 once, as its variants have fields of their own."""
        offered = self.service.rankers.first_stages()
        words = [ranker for ranker in offered if isinstance(ranker, Bm25)]
        return [*words[:1], *(ranker for ranker in offered if not isinstance(ranker, Bm25))]

    def fitting_first_stage(self, source: str, uploaded: Collection | Message | None, chosen: str) -> str:
        """The engine's order, where an uploaded response came from one; else the chosen first stage, if not that."""
        engine = str(Engine())
        if source == UPLOAD and isinstance(uploaded, Collection) and uploaded.engine_scores is not None:
            return engine
        return str(self.service.default_first_stage()) if chosen == engine else chosen

    def queries(self, source: str, key: str, uploaded: Collection | Message | None) -> Sequence[Query]:
        """Those that come with the passages of this source; none with pasted text."""
        if source == COLLECTION:
            return self.service.collection(key).queries
        return uploaded.queries if source == UPLOAD and isinstance(uploaded, Collection) else ()

    def first_stage(self, form: InputsForm) -> Ranker:
        """The form's first stage.

        Raises:
            InputError: there is none of this name, or a number is missing or out of the range that BM25 allows.
        """
        ranker = self.service.rankers.read(form.first_stage)
        return replace(ranker, settings=self._bm25(form)) if isinstance(ranker, Bm25) else ranker

    def _bm25(self, form: InputsForm) -> Bm25Settings:
        numbers = {name: number(getattr(form, name), name) for name in find_variant(form.variant).defaults}
        analysis = Analysis(stop_words=form.stop_words, stemmer=form.stemmer)
        return Bm25Settings(variant=form.variant, analysis=analysis, **numbers)

    def collection(self, form: InputsForm) -> Collection:
        """The passages that the form points at.

        Raises:
            InputError: nothing was uploaded yet, or the files or the pasted text cannot be read as chosen.
        """
        if form.source == PASTE:
            understood = self._understood(form.pasted, form.reading, form.choices)
            if understood.found is None:
                raise InputError(understood.sentence)
            return understood.found.collection
        if form.source == UPLOAD:
            return uploaded_or_refused(form.uploaded, w.NO_UPLOAD)
        return self.service.collection(form.collection)

    def is_refused(self, form: InputsForm) -> bool:
        """Whether the form points at passages that were given and cannot be read."""
        if form.source == PASTE:
            return self.read_pasted(form.pasted, form.reading, form.choices).is_error
        return form.source == UPLOAD and isinstance(form.uploaded, Message)

    def _loaded(self, text: str, reading: str, fields: formats.Fields) -> formats.Loaded:
        """The pasted text as a collection, the same object for the same arguments while it is among the latest.

        So a second press neither reads nor indexes it again. Whoever finds it has the text.

        Raises:
            InputError: the text cannot be read as chosen.
        """
        key = (text, reading, fields)
        return self._pasted.get(key, lambda: formats.read_pasted(text, self.limits, reading or None, fields))

    def _understood(self, text: str, reading: str, choices: Choices) -> Understood[formats.Loaded]:
        return understand(lambda fields: self._loaded(text, reading, fields), choices)

    def read_pasted(self, text: str, reading: str, choices: Choices) -> Understood[formats.Loaded]:
        """How the pasted text is understood, or why it cannot be."""
        if not text.strip():
            return Understood(sentence=w.PASTE_EMPTY)
        return self._understood(text, reading, choices)

    def read_uploaded(self, paths: list[str] | None, reading: str, choices: Choices) -> Understood[formats.Loaded]:
        """How the uploaded files are understood, or why they cannot be."""
        if not paths:
            return Understood(sentence=w.UPLOAD_NONE)
        return understand(
            lambda fields: formats.read_files(list(map(uploads.read, paths)), self.limits, reading or None, fields),
            choices,
        )

    def read_runs(self, paths: Sequence[str], choices: Choices, one: bool = False) -> Understood[Runs]:
        """How the uploaded run files are understood, or why they cannot be.

        Args:
            one: whether more than one run is an error.
        """
        read = read_one_run if one else read_runs
        if not paths:
            return Understood(sentence=w.RUN_FILE_NONE)
        return understand(lambda fields: read(list(map(uploads.read, paths)), self.limits, fields), choices)


Uploaded = TypeVar("Uploaded")


def uploaded_or_refused(uploaded: Uploaded | Message | None, missing: Message) -> Uploaded:
    """What was read of the uploaded files.

    Raises:
        InputError: they cannot be read, or there are none, which `missing` says.
    """
    if isinstance(uploaded, Message):
        raise InputError(uploaded)
    return require(uploaded, missing)


def number(value: float | None, name: str) -> float:
    """The number in a field.

    Raises:
        InputError: the field is empty.
    """
    if value is None:
        raise InputError(w.OPTION_NOT_A_NUMBER.format(name=name))
    return value
