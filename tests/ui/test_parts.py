"""What is told over the page: a message there is HTML, so what a visitor or a link wrote in it is escaped."""

from __future__ import annotations

from demo.settings import ROOT


def test_messages_over_the_page_come_from_few_places() -> None:
    """Each escapes what a visitor wrote, or says nothing of it."""
    files = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "demo").rglob("*.py")
        if any(f"gr.{name}(" in path.read_text(encoding="utf-8") for name in ("Error", "Warning", "Info"))
    }
    assert files == {f"demo/ui/{name}.py" for name in ("boundary", "parts", "history/keeping")}
