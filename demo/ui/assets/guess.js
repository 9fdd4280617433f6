// A guess before the answer: with “guess” in the address the page shows the first stage's list alone and asks which
// passage the cross-encoder puts first; a choice brings the rest.
(() => {
  if (!new URLSearchParams(location.search).has('guess')) return;
  const one = (selector, root = document) => root.querySelector(selector);
  const tell = (state) => { one('#frame').dataset.guess = state; };
  const whenFramed = new MutationObserver(() => {
    if (!one('#frame')) return;
    whenFramed.disconnect();
    tell('asked');
  });
  whenFramed.observe(document, { childList: true, subtree: true });

  function reveal(guess, chosen) {
    const first = one('#rerank-results .tops .after .hit');
    const listed = one(`#rerank-results .tops .before .hit[data-i="${first.dataset.i}"]`);
    const right = chosen ? chosen.dataset.i === first.dataset.i : !listed;
    one('[data-asked]', guess).hidden = true;
    one(right ? '[data-right]' : '[data-wrong]', guess).hidden = false;
    one(`${right ? '[data-right]' : '[data-wrong]'} b`, guess).textContent = one('.name', first).textContent;
    tell('told');
    one('.name', first).click();
  }

  document.addEventListener('click', (event) => {
    const guess = one('#rerank-results .guess');
    if (one('#frame')?.dataset.guess !== 'asked' || !guess) return;
    const chosen = event.target.closest('.tops .before .hit');
    if (!chosen && !event.target.closest('[data-guess-none]')) return;
    event.stopPropagation();
    reveal(guess, chosen);
  }, true);
})();
