// The inputs in the browser: the line that stands for them on a narrow page, whether the results still are theirs, where
// the page looks after a run, the first example of a tab, language and theme.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);
  const TABS = ['rerank', 'compare', 'evaluate'];
  const sideOf = (tab) => one(tab === 'evaluate' ? '#evaluate-inputs' : '#inputs');
  const resultsOf = (tab) => one(`#${tab}-results`);
  document.documentElement.dataset.tab = history.state?.tab ?? ''; // what was open when this page was left
  const openTab = () => one('#frame')?.dataset.tab?.replace('tab-', '');

  // ---- do the results belong to the inputs? Gradio sets values without an event, so they are read twice a second ----
  const ran = new Map(); // tab → what stood in its inputs when its results were asked for, by field
  const asked = new Map(); // tab → the same of a run whose results are not there yet, and which run was there then
  const runOf = (tab) => one('[data-run]', resultsOf(tab) ?? undefined)?.dataset.run;
  let touched = false;

  // a field by the component it is in, as folds make their fields when they are opened
  function typed(tab) {
    const other = tab === 'rerank' ? '#compare-actions' : '#rerank-actions';
    const side = sideOf(tab), found = {}, counts = {};
    if (!side) return found;
    const fields = all('input, textarea', side).filter((field) => !field.closest(`${other}, #judging, #add-ranker`));
    fields.forEach((field) => {
      const part = field.parentElement.closest('[id]');
      counts[part.id] = (counts[part.id] ?? 0) + 1;
      const chosen = all('.token', part).map((token) => token.textContent);
      found[`${part.id} ${counts[part.id]}`] = [/checkbox|radio/.test(field.type) ? field.checked : field.value, ...chosen].join('\n');
    });
    found.files = all('#upload-list, [id$=upload-note]', side).map((said) => said.textContent).join('\n');
    return found;
  }

  const differ = (one, other) => Object.keys(one).some((field) => field in other && one[field] !== other[field]);

  function compareInputs() {
    TABS.forEach((tab) => {
      const note = one('.stale-note', resultsOf(tab) ?? undefined);
      const now = typed(tab);
      ran.set(tab, ran.has(tab) && touched ? { ...now, ...ran.get(tab) } : now); // what was not there yet is as it was
      const refused = one(`#${tab}-run-box .lens-status:not(.progress)`), press = asked.get(tab);
      if (resultsOf(tab) && note) note.hidden = !differ(now, ran.get(tab)) || Boolean(!refused && press && !differ(now, press.inputs));
    });
    tellLine();
  }

  const works = (tab) => one(`#${tab}-run-box .lens-status.progress`);
  const refusals = () => all('.toast-body.error').length;

  // a run that is refused or stopped leaves the results that were there
  function noteResults() {
    [...asked].forEach(([tab, press]) => {
      const ended = runOf(tab) !== press.run, working = works(tab);
      if ((ended || working) && !press.folded) foldInputs(tab);
      press.folded ||= Boolean(ended || working);
      if (ended) ran.set(tab, press.inputs);
      if (ended || (!working && refusals() > press.refusals)) asked.delete(tab);
      if (!ended && !asked.has(tab)) waiting.delete(tab);
    });
  }

  // ---- the line on a narrow page -------------------------------------------------------------------------------
  function tellLine() {
    const tab = openTab(), line = tab && one('.inputs-line [data-line]', sideOf(tab) ?? undefined);
    if (!line) return;
    const value = (selector) => one(selector)?.value?.trim();
    const source = one('#source input:checked')?.value === 'collection' ? value('#collection input') : one('#source label:has(:checked)')?.textContent.trim();
    const rankers = (selector) => all(`${selector} .token`).map((token) => token.textContent.trim()).join(', ');
    const parts = {
      rerank: [value('#query textarea'), source, value('#model input')],
      compare: [value('#query textarea'), source, rankers('#rankers')],
      evaluate: [value('#evaluate-collection input'), rankers('#evaluate-rankers')],
    }[tab] ?? [];
    const words = parts.filter(Boolean).join(' · ');
    if (line.textContent !== words) line.textContent = words;
  }

  // ---- after a run the headline is in view ---------------------------------------------------------------------------
  const waiting = new Set(); // tabs whose run was asked for

  function begun(tab) {
    asked.set(tab, { inputs: typed(tab), run: runOf(tab), refusals: refusals() });
    waiting.add(tab);
  }

  // what is refused at once leaves the inputs open
  function foldInputs(tab) {
    const line = one('.inputs-line button', sideOf(tab) ?? undefined);
    if (line) line.setAttribute('aria-expanded', 'false');
  }

  function arrived() {
    waiting.forEach((tab) => {
      const box = one(`#${tab}-headline-section`);
      if (!box || asked.has(tab) || works(tab) || !one('.headline', box)) return;
      waiting.delete(tab);
      const { top, bottom } = box.getBoundingClientRect();
      if (top < 0 || bottom > innerHeight) window.scrollTo({ top: Math.max(0, scrollY + top - headroom()) });
    });
  }

  // below the line that sticks to the top of a narrow page
  const headroom = () => (innerWidth <= 900 ? 64 : 12);

  // ---- a tab opens with what its inputs give --------------------------------------------------------------------
  const opened = new Set();
  let filled = false; // whether the inputs hold what the page opens with

  function openExample() {
    const tab = openTab();
    if (!['compare', 'evaluate'].includes(tab) || opened.has(tab) || !one(`#${tab}`) || !resultsOf(tab)) return;
    const { linked } = one('#frame').dataset;
    if (!one('.headline, .invitation', resultsOf(tab)) || linked === undefined || !filled) return; // until it is known what is asked for
    opened.add(tab);
    const evaluates = new URLSearchParams(location.search).has('evaluate');
    if (linked === tab || (tab === 'evaluate' && evaluates) || !one('.invitation', resultsOf(tab))) return;
    one(`#${tab}`).click();
    replacing = true; // the tab and its example are one entry of the browser's history
  }

  // ---- a text in a script that runs from right to left is written so
  const writeEitherWay = () => all('.side textarea:not([dir=auto])').forEach((field) => { field.dir = 'auto'; });

  // ---- radio buttons of one question are one group, so that arrows choose and Tab goes on -----------------------------
  const groupRadios = () => all('fieldset input[type=radio]').forEach((radio) => {
    const group = radio.closest('fieldset').id;
    if (group && radio.name !== group) radio.name = group;
  });

  // ---- Tab leaves a menu: gradio would open it again for the key, and its list, which scrolls, would take the focus --------
  document.addEventListener('keydown', (event) => {
    if (!['Tab', 'Shift'].includes(event.key) || !event.target.matches?.('input[role=combobox]')) return;
    event.stopPropagation();
    all('ul[role=listbox]').forEach((list) => { list.tabIndex = -1; });
  }, true);

  // ---- tabs and runs are entries of the browser's history, each with the address of what its tab shows ------------------
  const shown = new Map(); // tab → the address of what it shows
  const late = new Set(); // tabs whose run ended while another one was open, so that no entry has its address
  const nameless = new Set(); // tabs that have shown a run without an address
  let known = false; // whether the tab of an entry that was loaded anew was opened
  let going = ''; // the tab that is being opened because its entry was gone to
  let replacing = false; // whether the next run takes the place of this entry
  let evaluates = new URLSearchParams(location.search).has('evaluate'); // whether the run that the link asks for is to come
  const push = history.pushState.bind(history), replace = history.replaceState.bind(history);

  function tabOf(search) {
    const params = new URLSearchParams(search);
    if (params.has('evaluate')) return 'evaluate';
    return params.get('rankers') ? 'compare' : 'rerank';
  }

  // an address that asks for nothing brings the last run: before there is another entry, the first view is given its own
  function nameFirstView() {
    const { first } = one('#frame').dataset, tab = history.state?.tab;
    if (!first || location.search || shown.get(tab) || nameless.has(tab) || tabOf(first) !== tab) return;
    shown.set(tab, first);
    replace(history.state, '', location.pathname + first);
  }

  // a run that ends while another tab is looked at does not change the address of that one
  function noteAddress(change, entry) {
    const search = entry[2] === undefined ? location.search : new URL(entry[2], location.href).search;
    const [, , , run] = entry, tab = run ?? tabOf(search);
    if (run && !search) nameless.add(tab);
    if (change === push && !replacing && tab === openTab()) nameFirstView();
    const here = search === location.search;
    shown.set(tab, search);
    if (!here && tab !== openTab()) {
      late.add(tab);
      return;
    }
    if (!here || !run) (replacing ? replace : change)(...entry.slice(0, 3));
    replacing = false;
  }

  shown.set(tabOf(location.search), location.search);
  history.pushState = (...entry) => noteAddress(push, entry);
  history.replaceState = (...entry) => noteAddress(replace, entry);

  function goTo(tab) {
    going = tab;
    one(`#tab-${tab}-button`)?.click();
  }

  function noteTab() {
    const tab = openTab(), before = history.state?.tab, anew = !known;
    if (!tab) return;
    known = true;
    if (tab === going || tab === before) going = '';
    if (going || tab === before) return;
    if (before && anew) goTo(before);
    else if (before) {
      if (touched) nameFirstView();
      const search = TABS.includes(tab) ? shown.get(tab) ?? '' : location.search;
      (touched ? push : replace)({ tab }, '', location.pathname + search); // a kept run opens its tab by itself
      replacing = asked.has(tab);
    } else {
      const own = anew ? tabOf(location.search) : tab; // a link's entry is that of the tab which the link opens
      replace({ tab: own }, '');
      if (own !== tab) going = own;
    }
  }

  window.addEventListener('popstate', () => {
    const tab = history.state?.tab;
    if (late.delete(tab)) replace(history.state, '', location.pathname + shown.get(tab));
    if (TABS.includes(tab) && (shown.get(tab) ?? '') !== location.search) {
      leaving = true; // to other inputs
      location.reload();
    } else if (tab && tab !== openTab()) goTo(tab);
  });

  // ---- tabs of one browser keep the same history and judgments -----------------------------------------------------------
  const others = new BroadcastChannel('rerank-lens'), known_kept = new Map(); // by its name

  function keptAnew({ name, text }) {
    const anew = known_kept.get(name) !== text;
    known_kept.set(name, text);
    return anew;
  }

  const tellPage = (detail) => document.dispatchEvent(new CustomEvent('lens-kept-elsewhere', { detail }));
  others.addEventListener('message', ({ data }) => { if (keptAnew(data)) tellPage(data); });
  document.addEventListener('lens-kept', ({ detail }) => {
    if (!keptAnew(detail)) return;
    others.postMessage(detail);
    if (detail.name === 'history' && openTab() === 'history') tellPage(detail); // a run that ends while its list is looked at
  });

  // ---- what was typed and not run comes back when this page is loaded anew: in another language, by a reload ----------
  const DRAFT = 'lens-draft';
  const TYPED = ['#query textarea', '#paste textarea'];
  let leaving = false; // whether the page is left for other inputs

  document.addEventListener('lens-leaving', () => { leaving = true; });
  window.addEventListener('pagehide', () => {
    const changed = ['rerank', 'compare'].some((tab) => ran.has(tab) && differ(typed(tab), ran.get(tab)));
    const source = one('#source input:checked')?.value, texts = TYPED.map((selector) => one(selector)?.value ?? '');
    try {
      sessionStorage.removeItem(DRAFT);
      if (changed && touched && !leaving) sessionStorage.setItem(DRAFT, JSON.stringify({ address: location.search, source, texts }));
    } catch { /* too long, or nothing may be kept */ }
  });

  function draft() {
    try {
      const found = JSON.parse(sessionStorage.getItem(DRAFT));
      return found?.address === location.search ? found : null;
    } catch { return null; }
  }

  // once the inputs hold what the page opens with
  document.addEventListener('lens-filled', () => {
    filled = true;
    setTimeout(openExample, 100); // when the fields show their values
    const { source, texts } = draft() ?? {};
    if (!texts) return;
    ['rerank', 'compare'].forEach((tab) => ran.set(tab, typed(tab)));
    TYPED.forEach((selector, at) => {
      const field = one(selector);
      if (!field || field.value === texts[at]) return;
      field.value = texts[at];
      field.dispatchEvent(new Event('input', { bubbles: true }));
    });
    touched = true;
    if (source !== 'upload') one(`#source input[value=${source}]:not(:checked)`)?.click();
  });

  // ---- language and theme ----------------------------------------------------------------------------------------
  const LANGUAGE = 'lens-language', THEME = 'lens-theme';
  const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
  const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* only this page knows then */ } };

  function chooseLanguage(code) {
    document.cookie = `${LANGUAGE}=${code}; path=/; max-age=31536000; SameSite=Lax`;
    location.reload();
  }

  function chooseTheme() {
    const dark = document.body.classList.toggle('dark');
    keep(THEME, dark ? 'dark' : 'light');
  }

  // ---- files dropped anywhere are uploaded where the open tab takes them ------------------------------------------------
  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');

  function takeFiles(files) {
    if (!TABS.includes(openTab())) one('#tab-rerank-button').click();
    const name = openTab() === 'evaluate' ? 'evaluate-' : '', carried = new DataTransfer();
    one(`#${name}source input[value=upload]`).click();
    const line = one('.inputs-line button', sideOf(openTab()) ?? undefined);
    if (line) line.setAttribute('aria-expanded', 'true');
    const field = one(`#${name}upload`).previousElementSibling;
    [...files].forEach((file) => carried.items.add(file));
    field.files = carried.files;
    field.dispatchEvent(new Event('change', { bubbles: true }));
  }

  // what was wrong with the file before is no longer said
  const forgetErrors = () => all('.run-box .alert, [id$=upload-note] .bad').forEach((said) => { said.hidden = true; });

  const dropping = (on) => document.body.classList.toggle('dropping', on);
  document.addEventListener('dragover', (event) => { if (carriesFiles(event)) { event.preventDefault(); dropping(true); } });
  document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) dropping(false); });
  document.addEventListener('drop', (event) => {
    dropping(false);
    if (!carriesFiles(event) || !event.dataTransfer.files.length) return;
    event.preventDefault();
    takeFiles(event.dataTransfer.files);
  });
  document.addEventListener('change', (event) => { if (event.target.matches('input[type=file]')) forgetErrors(); });

  // ---- times as this browser writes them -------------------------------------------------------------------------
  const tellTimes = () => all('time[datetime]:not([data-told])').forEach((time) => {
    time.dataset.told = '';
    time.textContent = new Date(time.dateTime).toLocaleString(document.documentElement.lang || undefined, { dateStyle: 'medium', timeStyle: 'short' });
  });

  ['pointerdown', 'keydown', 'input'].forEach((kind) => document.addEventListener(kind, () => { touched = true; }, true));
  document.addEventListener('click', (event) => { touched ||= event.isTrusted; }, true); // what reads the page aloud clicks only
  document.addEventListener('click', (event) => {
    const run = event.target.closest('.run'), code = event.target.closest('[data-language]')?.dataset.language;
    if (run) begun(run.id);
    if (run?.id === 'evaluate' && evaluates) [evaluates, replacing] = [false, true]; // what it writes may be written in another way
    if (event.target.closest('[data-walk]')) replacing = true; // Back leads to the list, not along it
    if (code) chooseLanguage(code);
    if (event.target.closest('[data-theme-switch]')) chooseTheme();
  });

  const start = () => {
    new MutationObserver(() => { noteResults(); arrived(); openExample(); groupRadios(); writeEitherWay(); noteTab(); tellTimes(); }).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-tab', 'data-linked'] });
    setInterval(compareInputs, 500);
    const theme = kept(THEME);
    if (theme) setTimeout(() => document.body.classList.toggle('dark', theme === 'dark'));
  };
  if (document.body) start(); else document.addEventListener('DOMContentLoaded', start);
})();
