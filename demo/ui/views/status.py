"""Short words beside what they speak of: progress, errors, how an input was read, what a chart shows."""

from __future__ import annotations

from demo.messages import Language, Message
from demo.ui import wording
from demo.ui.views.render import render


def progress(words: str, done: int, total: int, language: Language) -> str:
    """A labelled bar; without a total it only shows that work goes on."""
    return render("progress.html", language, words=words, share=done / total if total else None)


def alert(sentence: Message, language: Language) -> str:
    """A sentence that says what is wrong and what to do; screen readers speak it at once."""
    return render("alert.html", language, head=wording.ERROR_HEAD.to(language), sentence=sentence.to(language))


def notice(sentence: Message, language: Language) -> str:
    """A sentence that something ended as the person asked."""
    return render("notice.html", language, sentence=sentence.to(language))


def invitation(question: Message, words: Message, language: Language) -> str:
    """What stands in a tab before its first result: the question that it answers, and what to press."""
    return render("invitation.html", language, question=question.to(language), words=words.to(language))


def reading(sentence: Message, language: Language, bad: bool = False) -> str:
    """One quiet line below a control: how an input was understood or why it cannot be, what a choice means."""
    return render("reading.html", language, sentence=sentence.to(language), bad=bad)


def chart_note(heading: Message, alt: Message, language: Language) -> str:
    """A chart's heading, and the chart in one sentence for those who cannot see it."""
    return render("chart_note.html", language, heading=heading.to(language), alt=alt.to(language))
