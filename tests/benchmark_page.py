"""How long the page takes with many passages, in a real Chromium: `python tests/benchmark_page.py --passages 500`.

Prints the bytes that arrive before the first result, the first contentful paint and how much the page shifts while it
loads; then the seconds from Rerank to what is in view of the result, and to all charts (scored anew, and once more from
kept scores), and the milliseconds from a click to the passage panel, median and worst of twenty.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent / "ui")]

WATCH_SHIFTS = """window.shifted = 0;
new PerformanceObserver(list => list.getEntries().filter(entry => !entry.hadRecentInput)
  .forEach(entry => { shifted += entry.value; })).observe({ type: 'layout-shift', buffered: true });"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"

WATCH_RUN = """query => {
  const charts = () => [...document.querySelectorAll('#rerank-results .js-plotly-plot')].filter(plot => plot.data);
  charts().forEach(plot => { plot.data.old = true; });  // a new picture has new data
  const shown = () => document.querySelector('#rerank-results .tops')?.dataset.run, before = shown();
  const answer = () => document.querySelector('.headline .query q')?.textContent === query && shown() !== before;
  const box = plot => plot.getBoundingClientRect();
  const seen = plot => box(plot).bottom > 0 && box(plot).top < innerHeight;
  const drawn = wanted => charts().filter(wanted).every(plot => !plot.data.old);
  const until = (start, finished) => new Promise(resolve => {
    const look = () => finished() ? resolve((performance.now() - start) / 1000) : requestAnimationFrame(look);
    look();
  });
  window.took = new Promise(resolve => document.addEventListener('click', () => {
    const start = performance.now();
    const views = [() => drawn(seen), () => charts().length && drawn(plot => box(plot).width)];
    resolve(Promise.all(views.map(finished => until(start, () => answer() && finished()))));
  }, { capture: true, once: true }));
}"""
"""From the next click on: until the first frame after what is in view is finished, and after all charts are."""
ASKED, OTHER = "how is the population of a city counted", "which planet has the largest moon"

CLICK = """async id => {
  const start = performance.now();
  document.querySelector(`.ranking tbody tr[data-i="${id}"]`).click();
  while (document.querySelector('.panel').dataset.i !== String(id)) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - start;
}"""


def passages(count: int) -> str:
    """`count` different passages of about 56 words, as JSON lines."""
    words = [
        json.loads(line)["text"].split()
        for path in sorted(Path("corpora").glob("*/corpus.jsonl"))
        if path.parent.name != "chinese"
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    pool = [word for text in words for word in text]
    return "\n".join(
        json.dumps({"_id": f"p{i}", "text": " ".join(pool[i * 23 % (len(pool) - 56) :][:56])}) for i in range(count)
    )


def run(page: Any, query: str) -> tuple[float, float]:
    """Seconds from a click on Rerank until the screen shows the result of `query`, and until every chart is drawn.

    By the page's own clock.
    """
    page.fill("#query textarea", query)
    page.wait_for_timeout(400)
    page.evaluate(WATCH_RUN, query)
    page.click("#rerank")
    seen, whole = page.evaluate("took")
    return seen, whole


def count_bytes(page: Any) -> tuple[list[int], list[int]]:
    """Two lists that grow: bytes of every finished answer as the network carries them, and of every piece unpacked."""
    answers: list[int] = []
    pieces: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda answer: answers.append(round(answer["encodedDataLength"])))
    session.on("Network.dataReceived", lambda piece: pieces.append(piece["dataLength"]))
    return answers, pieces


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=500)
    count = parser.parse_args().passages
    from demo.settings import silence_gradio

    silence_gradio()
    from conftest import CHROMIUM, FLAGS
    from playwright.sync_api import sync_playwright
    from served_app import served

    with served() as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1366, "height": 900})
        page.set_default_timeout(120_000)
        page.add_init_script(WATCH_SHIFTS)
        answers, pieces = count_bytes(page)
        page.goto(url)
        page.wait_for_selector(".ranking tbody tr", state="attached")
        early = sum(answers)
        page.wait_for_selector("#scatter .main-svg", state="attached")
        paint, shifted = page.evaluate(PAINT), page.evaluate("shifted")
        page.check("#source input[value=paste]")
        page.fill("#paste textarea", passages(count))
        loading = run(page, ASKED)
        pieces.clear()
        anew = run(page, OTHER)
        sent = sum(pieces)
        clicks = [page.evaluate(CLICK, (i * 37) % count) for i in range(20)]
        kept = [run(page, query) for query in (ASKED, OTHER) * 3]
        browser.close()
    print(f"before the first result {early:,} bytes; first paint {paint:.0f} ms; layout shift {shifted:.3f}")
    print(f"for one run {sent:,} bytes")
    seen, whole = zip(*kept, strict=True)
    print(f"{count} passages, seconds to what is in view and to all charts:")
    rows = {
        "first result, model loading included": loading,
        "another query": anew,
        "a query again, from kept scores, median of six": (statistics.median(seen), statistics.median(whole)),
        "worst": (max(seen), max(whole)),
    }
    for label, (first, last) in rows.items():
        print(f"{label}: {first:.2f}, {last:.2f}")
    print(f"click to panel: median {statistics.median(clicks):.0f} ms, worst {max(clicks):.0f} ms")


if __name__ == "__main__":
    main()
