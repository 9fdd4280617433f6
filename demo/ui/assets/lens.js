// Rerank Lens in the browser: one selection for every view of a result, sorting and searching tables, judging, keys.
// The server renders and escapes all text; this file only moves what it rendered, and never builds HTML from strings.
// A scene is one result on the page: views, panel, plots and table of the same candidates. Scenes know nothing of each
// other, because candidate 7 of one is not candidate 7 of another.
(() => {
  const SCENE = '.scene';
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);
  const viewsOf = (scene) => all('.ranking, .panel, .flow, .picks, .tops', scene);
  const sceneOf = (part) => part.closest(SCENE);
  const idOf = (part) => Number(part.dataset.i);
  const picked = new WeakMap(); // scene → the chosen candidate
  const runs = new WeakMap(); // scene → the run that it was chosen in

  // ---- selection -------------------------------------------------------------------------------------------
  const rowOf = (scene, id) => one(`.ranking tbody tr[data-i="${id}"]`, scene);

  const rowsOf = (scene) => all('.ranking tbody tr:not([hidden])', scene);

  // the rows in the order of the table, also those below the first ten
  function step(scene, by, wanted = () => true) {
    const rows = rowsOf(scene), at = rows.indexOf(rowOf(scene, picked.get(scene)));
    for (let next = at + by; rows[next]; next += by) if (wanted(rows[next])) return select(scene, idOf(rows[next]));
    return undefined;
  }

  function fillPanel(scene) {
    const id = picked.get(scene), row = rowOf(scene, id), panel = one('.panel', scene);
    if (!row || !panel) return;
    all('[data-field]', panel).forEach((target) => {
      const source = one(`[data-cell="${target.dataset.field}"]`, row);
      target.replaceChildren(...(source ? [...source.cloneNode(true).childNodes] : []));
    });
    all('[data-share]', panel).forEach((bar) => bar.style.setProperty('--share', row.dataset[bar.dataset.share] || 0));
    one('.change', panel).className = `change ${row.dataset.direction || ''}`;
    panel.dataset.i = id;
    const rows = rowsOf(scene), grade = gradeOf(scene, row);
    one('[data-place]', panel).textContent = `${rows.indexOf(row) + 1} / ${rows.length}`;
    showGrade(panel, grade);
    if (grade !== row.dataset.grade) one('[data-field=grade-words]', panel).textContent = one('.judge button[data-grade=""]', panel).title;
  }

  // Plots take a while to redraw: the panel answers first, then each plot in turn, and only for the latest choice.
  function markPlots(scene) {
    const id = picked.get(scene);
    all('.js-plotly-plot', scene).forEach((plot, turn) => setTimeout(() => {
      if (id === picked.get(scene)) markPlot(plot, id);
    }, 30 * (turn + 1)));
  }

  // each trace named “selected” with the point that it shall ring: where the chosen candidate stands on the same axes
  function ringsAt(traces, id) {
    const axes = (trace) => [trace.xaxis ?? 'x', trace.yaxis ?? 'y'].join();
    return traces.map((trace, index) => ({ trace, index })).filter(({ trace }) => trace.name === 'selected').map(({ trace, index }) => {
      const home = traces.find((each) => each !== trace && axes(each) === axes(trace) && each.customdata && [...each.customdata].includes(id));
      const at = home ? [...home.customdata].indexOf(id) : -1;
      if (at < 0) return { index, x: [], y: [] };
      return trace.meta === 'stem' ? { index, x: [home.x[at], home.x[at]], y: [0, 1] } : { index, x: [home.x[at]], y: [home.y[at]] };
    });
  }

  function markPlot(plot, id) {
    if (!plot._fullData || !window.Plotly) return;
    const rings = ringsAt(plot._fullData, id);
    const drawn = rings.every(({ index, x }) => [...plot._fullData[index].x ?? []].join() === x.join());
    const column = (name) => rings.map((ring) => ring[name]);
    if (!drawn) window.Plotly.restyle(plot, { x: column('x'), y: column('y') }, column('index'));
  }

  // gradio draws a new picture on the element that it is about to remove, then on the next one, and both again to fit
  // their width: each is drawn once instead, with the choice marked, if it is still there; those in view before the
  // screen is, the others one by one after it
  const LEAVES = 250; // ms in which an element that has a picture already is removed, even where all is slow
  const due = new Map(); // plot → when it may be drawn at the earliest, and what draws it

  function draw(plots) {
    plots.forEach((plot) => {
      const { drawn } = due.get(plot);
      due.delete(plot);
      if (plot.isConnected) try { drawn(); } catch (error) { reportError(error); } // the next one is drawn even so
    });
  }

  // before the next frame, or a little later where no frames come, as in a tab behind another
  function soon(act) {
    const once = () => { cancelAnimationFrame(frame); clearTimeout(timer); act(); };
    const frame = requestAnimationFrame(once), timer = setTimeout(once, 250);
  }

  const ready = () => [...due].filter(([, { from }]) => from <= performance.now()).map(([plot]) => plot);

  function drawInView() {
    draw(ready().filter((plot) => {
      const { top, bottom } = plot.getBoundingClientRect();
      return bottom > 0 && top < innerHeight;
    }));
    if (due.size) setTimeout(drawNext);
  }

  function drawNext() {
    draw(ready().slice(0, 1));
    if (due.size) soon(drawInView);
  }

  function drawOnce(plotly) {
    const { react } = plotly, { resize } = plotly.Plots;
    plotly.react = (plot, data, ...others) => {
      if (!due.size) soon(drawInView);
      const drawn = () => {
        ringsAt(data, picked.get(sceneOf(plot))).forEach(({ index, x, y }) => Object.assign(data[index], { x, y }));
        react(plot, data, ...others);
      };
      due.set(plot, { from: performance.now() + (plot._fullLayout ? LEAVES : 0), drawn });
    };
    plotly.Plots.resize = (plot) => due.has(plot) || resize(plot);
  }

  if (!window.Plotly) {
    Object.defineProperty(window, 'Plotly', { configurable: true, set: (plotly) => {
      Object.defineProperty(window, 'Plotly', { value: plotly, writable: true });
      drawOnce(plotly);
    } });
  }

  function select(scene, id, { open = true } = {}) {
    const row = rowOf(scene, id);
    if (!row) return;
    picked.set(scene, id);
    all('.picked', scene).forEach((part) => part.classList.remove('picked'));
    all(`:is(.flow, .picks, .tops) [data-i="${id}"]`, scene).forEach((part) => part.classList.add('picked'));
    all('path.picked', scene).forEach((line) => line.parentNode.appendChild(line));
    all('.ranking tr[aria-selected=true]', scene).forEach((each) => each.setAttribute('aria-selected', 'false'));
    row.setAttribute('aria-selected', 'true');
    const panel = one('.panel', scene);
    if (panel && Number(panel.dataset.i) !== id) panel.scrollTop = 0;
    fillPanel(scene);
    moveQuestion(scene, row);
    viewsOf(scene).forEach((view) => { view.dataset.shows = id; });
    if (open) panel?.classList.add('open');
    markPlots(scene);
  }

  // ---- the first view on a narrow page: one of the two lists ------------------------------------------------
  function showSide(scene, side) {
    scene.dataset.side = side;
    all('.sides button', scene).forEach((button) => button.setAttribute('aria-pressed', String(button.dataset.side === side)));
  }

  // ---- rank flow -------------------------------------------------------------------------------------------
  function isolate(field, id) {
    all('.on', field).forEach((part) => part.classList.remove('on'));
    field.classList.toggle('isolating', id !== null);
    if (id !== null) all(`[data-i="${id}"]`, field).forEach((part) => part.classList.add('on'));
  }

  const release = () => all('.field.isolating').forEach((field) => isolate(field, null));

  function enter(end) {
    all('.end', end.parentNode).forEach((each) => { each.tabIndex = each === end ? 0 : -1; });
    end.focus();
  }

  function stepAlong(end, by) {
    const ends = all('.end', end.parentNode);
    enter(ends[Math.max(0, Math.min(ends.length - 1, ends.indexOf(end) + by))]);
  }

  function stepAcross(end, by) {
    const columns = all('.column', end.closest('.field'));
    const next = columns[columns.indexOf(end.parentNode) + by];
    if (next) enter(one(`.end[data-i="${end.dataset.i}"]`, next));
  }

  // ---- table -----------------------------------------------------------------------------------------------
  const FIELD = 'field:';
  const fieldOf = (row, name) => all('[data-cell=fields] dt', row)
    .find((term) => term.textContent === name)?.nextElementSibling.textContent ?? '';

  // the fields that are ticked stand behind the other columns; what was patched away in between comes again
  function showFields(table) {
    const wanted = all('.wish input:checked', table).map((box) => box.value);
    const shown = all('.col-field', table).map((head) => head.dataset.key.slice(FIELD.length));
    const rows = all('tbody tr', table);
    if (JSON.stringify(wanted) === JSON.stringify(shown) && rows.every((row) => all('td.field', row).length === wanted.length)) return;
    all('.col-field, td.field', table).forEach((cell) => cell.remove());
    table.style.setProperty('--fields', wanted.length);
    wanted.forEach((name) => {
      const head = document.createElement('th'), button = document.createElement('button'), label = document.createElement('span');
      Object.assign(head, { className: 'col-field', scope: 'col' });
      Object.assign(head.dataset, { key: FIELD + name, up: '1' });
      head.setAttribute('aria-sort', 'none');
      Object.assign(button, { type: 'button', title: name });
      label.textContent = name;
      button.append(label);
      head.append(button);
      one('thead tr', table).append(head);
      rows.forEach((row) => {
        const cell = document.createElement('td');
        Object.assign(cell, { className: 'field', dir: 'auto', textContent: fieldOf(row, name) });
        cell.dataset.label = name;
        row.append(cell);
      });
    });
  }

  // as numbers where all are; what is not known stands last either way
  function sortBy(table, key, ascending) {
    const name = key.startsWith(FIELD) && key.slice(FIELD.length);
    const told = (row) => (key === 'grade' ? gradeOf(sceneOf(table), row) : row.dataset[key]) ?? '';
    const value = name ? (row) => fieldOf(row, name) : (row) => (/^(nan|-?inf)$/.test(told(row)) ? '' : told(row));
    const rows = all('tbody tr', table), numbers = rows.every((row) => Number.isFinite(Number(value(row))));
    const order = (a, b) => (numbers ? a - b : a.localeCompare(b, undefined, { numeric: true }));
    rows.sort((a, b) => {
      const one = value(a), two = value(b), by = one && two ? (ascending ? 1 : -1) * order(one, two) : !one - !two;
      return by || Number(a.dataset.chance || a.dataset.rank) - Number(b.dataset.chance || b.dataset.rank);
    });
    one('tbody', table).append(...rows);
    all('thead th[data-key]', table).forEach((head) => {
      head.setAttribute('aria-sort', head.dataset.key === key ? (ascending ? 'ascending' : 'descending') : 'none');
    });
  }

  function search(table, words) {
    const parts = words.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    if (parts.length) table.classList.add('all');
    all('tbody tr', table).forEach((row) => {
      const texts = all('[data-cell=doc], [data-cell=text]', row).map((cell) => cell.textContent.toLowerCase());
      const hit = parts.every((part) => texts.some((text) => text.includes(part)));
      row.hidden = !hit;
      shown += hit;
    });
    one('.none', table).hidden = shown > 0;
    one('[data-count]', table).textContent = shown;
  }

  // ---- judging: the row says it at once, the server learns of it by the event -------------------------------
  const UNJUDGED = '-1';
  const given = new WeakMap(); // scene → the candidates that were graded since it is judged blind; nothing while it is not

  // what is judged blind has only the grades that were given since then
  const gradeOf = (scene, row) => (!given.has(scene) || given.get(scene).has(idOf(row)) ? row.dataset.grade : UNJUDGED);

  function markGiven(scene) {
    const ids = given.get(scene) ?? new Set();
    scene.classList.toggle('graded', ids.size > 0);
    all('.ranking tbody tr', scene).forEach((row) => row.toggleAttribute('data-given', ids.has(idOf(row))));
  }

  function showGrade(part, grade) {
    all('.judge button', part).forEach((button) => {
      const on = (button.dataset.grade || UNJUDGED) === grade;
      button.setAttribute('aria-checked', String(on));
      button.tabIndex = on ? 0 : -1;
    });
  }

  function judge(scene, id, grade) {
    const row = rowOf(scene, id), button = one(`.panel .judge button[data-grade="${grade}"]`, scene);
    if (!row || !button || gradeOf(scene, row) === (grade || UNJUDGED)) return;
    row.dataset.grade = grade || UNJUDGED;
    if (grade) given.get(scene)?.add(id); else given.get(scene)?.delete(id);
    markGiven(scene);
    one('[data-cell=grade]', row).textContent = grade || '–';
    one('[data-cell=grade-words]', row).textContent = button.title;
    all('.ranking, .tops', scene).forEach((view) => view.classList.add('judged'));
    gradeHits(scene, row);
    if (picked.get(scene) === id) fillPanel(scene);
    const detail = { scene: scene.id, index: id, grade: grade === '' ? null : Number(grade) };
    document.dispatchEvent(new CustomEvent('lens-judge', { detail }));
    const onward = one('.panel [data-mode=onward]', scene)?.getAttribute('aria-pressed') === 'true';
    if (onward && grade !== '') step(scene, 1, (each) => gradeOf(scene, each) === UNJUDGED);
  }

  // the same grade where the passage stands in the first view
  function gradeHits(scene, row) {
    const grade = row.dataset.grade;
    all(`.tops .hit[data-i="${row.dataset.i}"]`, scene).forEach((hit) => {
      const mark = one('[data-cell=grade]', hit), text = grade === UNJUDGED ? '' : grade;
      mark.textContent = text;
      mark.className = `grade g${text}`;
      showGrade(hit, grade);
    });
  }

  function toggleMode(button, scene) {
    const on = button.getAttribute('aria-pressed') !== 'true';
    button.setAttribute('aria-pressed', String(on));
    if (button.dataset.mode === 'blind') goBlind(scene, on);
  }

  const before = new WeakMap(); // table → how it stood before it was judged blind

  // only the passages are left to see, without the grades from before, in an order by chance
  function goBlind(scene, on) {
    const table = one('.ranking', scene), menu = one('.bar-top select', table), head = one('th:is([aria-sort=ascending], [aria-sort=descending])', table);
    scene.classList.toggle('blind', on);
    if (on) given.set(scene, new Set()); else given.delete(scene);
    markGiven(scene);
    one('.fold[aria-expanded=false]', table.closest('.section'))?.click();
    all('tbody tr', table).forEach((row) => { row.dataset.chance = on ? Math.random() : ''; });
    if (on) {
      const up = head ? head.getAttribute('aria-sort') === 'ascending' : menu.selectedOptions[0].dataset.up === '1';
      before.set(table, { key: head?.dataset.key ?? menu.value, up, all: table.classList.contains('all') });
      const words = one('input[type=search]', table);
      words.value = '';
      search(table, '');
      table.classList.add('all');
      sortBy(table, 'chance', true);
    } else if (before.has(table)) {
      const { key, up, all: whole } = before.get(table);
      table.classList.toggle('all', whole);
      sortBy(table, key, up);
    }
    select(scene, on ? idOf(rowsOf(scene)[0]) : picked.get(scene), { open: false });
    bringIntoView(on ? table.closest('.section') : scene);
  }

  // ---- words that explain themselves, on pointing, focus and touch ------------------------------------------------
  let tip = null;

  function explainTerm(term) {
    tip?.remove();
    tip = term && Object.assign(document.createElement('div'), { className: 'lens tip', textContent: term.getAttribute('aria-description') });
    if (!tip) return;
    tip.setAttribute('aria-hidden', 'true'); // a reader has the description of the term itself
    document.body.append(tip);
    const box = term.getBoundingClientRect(), { offsetWidth: width, offsetHeight: height } = tip;
    const below = box.bottom + 6 + height <= innerHeight;
    tip.style.left = `${Math.max(8, Math.min(box.left, document.documentElement.clientWidth - width - 8))}px`;
    tip.style.top = `${below ? box.bottom + 6 : Math.max(8, box.top - height - 6)}px`;
  }

  document.addEventListener('pointerover', (event) => {
    const term = event.pointerType === 'mouse' && event.target.closest?.('.term');
    if (term) explainTerm(term); else if (event.pointerType === 'mouse' && !document.activeElement?.matches('.term')) explainTerm(null);
  });
  document.addEventListener('focusin', (event) => explainTerm(event.target.closest('.term')));
  document.addEventListener('focusout', (event) => { if (event.target.closest('.term')) explainTerm(null); });
  document.addEventListener('click', (event) => { const term = event.target.closest('.term'); if (term) { term.focus(); explainTerm(term); } });
  document.addEventListener('scroll', () => explainTerm(null), true);

  // ---- why: the press goes to the server, the answer is brought into sight -----------------------------------
  const asked = new WeakSet(); // scenes that wait for an answer

  // where rows unfold in place, as on a phone, the chosen one has the panel's button as well
  function moveQuestion(scene, row) {
    const button = one('.panel .explain', scene);
    all('.ranking .explain', scene).forEach((each) => each.remove());
    if (button) one('.passage', row).append(button.cloneNode(true));
  }

  function explain(scene, part) {
    if (part) select(scene, idOf(part), { open: false });
    one('.panel', scene).classList.remove('open');
    asked.add(scene);
    one('.why', scene)?.removeAttribute('hidden'); // closed before; the same answer is not drawn again
    document.dispatchEvent(new CustomEvent('lens-explain', { detail: { scene: scene.id, index: picked.get(scene) } }));
  }

  // ---- sections: what folds, and going to one ------------------------------------------------------------------
  const calm = matchMedia('(prefers-reduced-motion: reduce)');
  const bringIntoView = (part) => part.scrollIntoView({ block: 'start', behavior: calm.matches ? 'auto' : 'smooth' });

  // what the style sheet must know of a tab's results; it may not look into them itself (frame.css says why)
  function noteParts(results) {
    const invitation = one('.invitation', results), told = one('.headline', results);
    const full = (section) => {
      if (invitation) return section.contains(invitation);
      if (!told && !section.id.endsWith('headline-section')) return false;
      if (section.id.endsWith('why-section')) return one('.lens:not([hidden])', section);
      return section.matches('.open-ended') || one(':scope > [id$=box] .lens, .plot-card', section);
    };
    results.toggleAttribute('data-busy', Boolean(one(`#${results.id.replace('results', 'run-box')} .lens-status.progress`)));
    all('.section', results).forEach((section) => {
      section.toggleAttribute('data-folded', Boolean(one('.fold[aria-expanded=false]', section)));
      section.toggleAttribute('data-empty', !full(section));
    });
  }

  function unfold(button, open) {
    button.setAttribute('aria-expanded', String(open));
    all('.results').forEach(noteParts);
    if (open && button.matches('.fold')) window.dispatchEvent(new Event('resize')); // plots learn their width
  }

  function jumpTo(event, link) {
    const section = document.getElementById(link.hash.slice(1)), fold = section && one('.fold', section);
    if (!fold) return;
    event.preventDefault();
    unfold(fold, true);
    bringIntoView(section);
    fold.focus({ preventScroll: true });
  }

  // ---- on paper everything is open, and on white ----------------------------------------------------------------------
  const opened = []; // how to put back what was opened
  const PAPER = 680; // pixels between the edges of a card on A4

  function openForPaper() {
    draw([...due.keys()]);
    all('.fold[aria-expanded=false]').forEach((fold) => {
      fold.setAttribute('aria-expanded', 'true');
      opened.push(() => fold.setAttribute('aria-expanded', 'false'));
    });
    all('.lens details:not([open])').filter((part) => !part.closest('.programs')).forEach((part) => {
      part.open = true;
      opened.push(() => { part.open = false; });
    });
    all('.ranking:not(.all)').forEach((table) => {
      table.classList.add('all');
      opened.push(() => table.classList.remove('all'));
    });
    all('.js-plotly-plot').forEach((plot) => {
      const width = one('.main-svg', plot)?.width.baseVal.value ?? 0;
      if (width <= PAPER) return;
      plot.style.zoom = PAPER / width;
      opened.push(() => { plot.style.zoom = ''; });
    });
    [document.body, document.documentElement].filter((part) => part.classList.contains('dark')).forEach((part) => {
      part.classList.remove('dark');
      opened.push(() => part.classList.add('dark'));
    });
  }

  window.addEventListener('beforeprint', openForPaper);
  window.addEventListener('afterprint', () => opened.splice(0).forEach((close) => close()));

  const pressRun = () => one(`#${one('#frame').dataset.tab.replace('tab-', '')}`)?.click();

  // ---- programs: the browser alone knows the page's address -------------------------------------------------
  function addressed(program) {
    const text = one('pre', program);
    text.textContent = text.textContent.replace('ADDRESS-OF-THIS-PAGE', location.origin + location.pathname);
    return text.textContent;
  }

  async function copy(button) {
    await navigator.clipboard.writeText(addressed(button.closest('.program')));
    button.textContent = button.dataset.done;
  }

  // ---- models: the server puts the chosen one into the menu of the Rerank tab --------------------------------
  function use(model) {
    document.dispatchEvent(new CustomEvent('lens-use', { detail: { model } }));
    document.getElementById('tab-rerank-button').click();
  }

  document.addEventListener('toggle', (event) => {
    const program = one('.program', event.target);
    if (program && event.target.closest('.programs')) addressed(program);
  }, true);

  // ---- events: one listener each, for parts that come and go -----------------------------------------------
  document.addEventListener('click', (event) => {
    const target = event.target, scene = sceneOf(target);
    const fold = target.closest('.fold, .opener, .inputs-line button'), jump = target.closest('.jump a');
    if (fold) return unfold(fold, fold.getAttribute('aria-expanded') !== 'true');
    if (jump) return jumpTo(event, jump);
    const copied = target.closest('.programs .copy'), used = target.closest('#models .use');
    if (copied) return copy(copied);
    if (used) return use(used.dataset.model);
    const head = target.closest(':is(.ranking, .sortable) thead th[data-key]');
    if (head) {
      const now = head.getAttribute('aria-sort');
      return sortBy(head.closest('.ranking, .sortable'), head.dataset.key, now === 'none' ? head.dataset.up === '1' : now !== 'ascending');
    }
    if (!scene) return undefined;
    if (target.closest('.ranking .more')) return target.closest('.ranking').classList.add('all');
    if (target.closest('.panel .close')) return target.closest('.panel').classList.remove('open');
    const shut = target.closest('.why .close');
    if (shut) return shut.closest('.why').toggleAttribute('hidden', true);
    if (target.closest('.blind-on button')) return toggleMode(one('.panel [data-mode=blind]', scene), scene);
    const why = target.closest('.explain');
    if (why) return explain(scene, why.closest('[data-i]'));
    const grade = target.closest('.judge button');
    if (grade) return judge(scene, idOf(grade.closest('[data-i]')), grade.dataset.grade);
    const side = target.closest('.sides button');
    if (side) return showSide(scene, side.dataset.side);
    const mode = target.closest('.panel [data-mode]'), by = target.closest('.panel [data-step]');
    if (mode) return toggleMode(mode, scene);
    if (by) return step(scene, Number(by.dataset.step));
    const row = target.closest('.ranking tbody tr');
    if (row) return select(scene, idOf(row), { open: false }); // it unfolds where it is; the other views need the panel
    const part = target.closest('.flow [data-i], .picks [data-i], .tops [data-i]');
    return part ? select(scene, idOf(part)) : undefined;
  });

  document.addEventListener('pointerover', (event) => {
    if (event.pointerType !== 'mouse') return;
    const part = event.target.closest?.('.field [data-i]');
    if (part) isolate(part.closest('.field'), idOf(part)); else if (!event.target.closest?.('.field')) release();
  });
  document.addEventListener('focusin', (event) => {
    const end = event.target.closest('.flow .end');
    if (end?.matches(':focus-visible')) isolate(end.closest('.field'), idOf(end));
  });
  document.addEventListener('focusout', (event) => { if (event.target.closest('.flow .end')) release(); });

  const ALONG = { ArrowDown: 1, ArrowUp: -1 }, ACROSS = { ArrowRight: 1, ArrowLeft: -1 };

  function onEnd(event, end) {
    if (!(event.key in ALONG) && !(event.key in ACROSS)) return;
    event.preventDefault();
    if (event.key in ALONG) stepAlong(end, ALONG[event.key]); else stepAcross(end, ACROSS[event.key]);
  }

  const GRADES = { Delete: '', '-': '', 0: '0', 1: '1', 2: '2', 3: '3' }, STEPS = { j: 1, k: -1 };

  // j and k go through the passages, digits grade the one with the focus, or else the chosen one, wherever nothing is being typed
  function onAnyKey(event) {
    const scene = all(SCENE).find((each) => each.offsetParent);
    if (!scene || !picked.has(scene) || event.altKey) return;
    if (event.key in STEPS) step(scene, STEPS[event.key]);
    else if (event.key in GRADES && sceneOf(event.target) === scene) {
      const focused = event.target.closest('[data-i]'), id = focused ? idOf(focused) : picked.get(scene);
      if (id !== picked.get(scene)) select(scene, id, { open: false });
      judge(scene, id, GRADES[event.key]);
    }
  }

  function alongHits(event, hit) {
    event.preventDefault();
    const next = event.key === 'ArrowDown' ? hit.nextElementSibling : hit.previousElementSibling;
    if (!next) return;
    one('.name', hit).tabIndex = -1;
    one('.name', next).tabIndex = 0;
    one('.name', next).focus();
  }

  function onRow(event, row) {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      select(sceneOf(row), idOf(row));
    } else if (event.key in ALONG) {
      event.preventDefault();
      let next = row;
      do { next = event.key === 'ArrowDown' ? next.nextElementSibling : next.previousElementSibling; } while (next?.hidden);
      if (next) { row.tabIndex = -1; next.tabIndex = 0; next.focus(); }
    } else if (event.key in GRADES && !event.altKey) {
      judge(sceneOf(row), idOf(row), GRADES[event.key]);
    } else {
      onAnyKey(event);
    }
  }

  function onGrade(event, button) {
    const by = ACROSS[event.key] ?? ALONG[event.key];
    if (!by) return;
    event.preventDefault();
    const buttons = all('button', button.parentNode);
    buttons[(buttons.indexOf(button) + by + buttons.length) % buttons.length].focus();
  }

  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === 'Enter') {
      event.preventDefault();
      // the page learns of typing after a moment; the click must come behind it
      return setTimeout(pressRun, 60);
    }
    if (event.key === 'Escape') explainTerm(null);
    if (event.key === 'Escape') all('.panel.open').forEach((panel) => panel.classList.remove('open'));
    if (event.ctrlKey || event.metaKey || !event.target.closest) return undefined;
    const end = event.target.closest('.flow .end'), row = event.target.closest('.ranking tbody tr');
    const grade = event.target.closest('.judge button'), hit = event.target.closest('.tops .hit');
    if (end) return onEnd(event, end);
    if (row) return onRow(event, row);
    if (grade && (event.key in ALONG || event.key in ACROSS)) return onGrade(event, grade);
    if (hit && event.key in ALONG) return alongHits(event, hit);
    return event.target.matches('input, textarea, select, [contenteditable]') ? undefined : onAnyKey(event);
  });

  let pressing; // Gradio tells twice that an option was chosen
  document.addEventListener('lens-run', () => { clearTimeout(pressing); pressing = setTimeout(pressRun, 120); });
  document.addEventListener('input', (event) => {
    if (event.target.matches('.ranking input[type=search]')) search(event.target.closest('.ranking'), event.target.value);
  });
  document.addEventListener('change', (event) => {
    if (event.target.matches('.ranking .wish input')) showFields(event.target.closest('.ranking'));
    if (!event.target.matches(':is(.ranking, .sortable) .bar-top select')) return;
    sortBy(event.target.closest('.ranking, .sortable'), event.target.value, event.target.selectedOptions[0].dataset.up === '1');
  });

  // ---- what arrives later: a new run starts a new selection, new parts of the same run show the old one; a plot
  // ---- learns to select ------------------------------------------------------------------------------------
  function settleScene(scene) {
    const table = one('.ranking', scene), panel = one('.panel', scene);
    const whole = table && panel && table.dataset.run === panel.dataset.run;
    // gradio patches what is there, so a view keeps its identity but loses what was set on it
    const stale = viewsOf(scene).some((view) => view.dataset.shows !== String(picked.get(scene)));
    if (whole && (stale || table.dataset.run !== runs.get(scene))) {
      const kept = table.dataset.run === runs.get(scene) ? picked.get(scene) : undefined;
      if (kept === undefined) { // new lists and a new panel, whose button is not pressed
        scene.classList.remove('blind');
        given.delete(scene);
      }
      runs.set(scene, table.dataset.run);
      select(scene, kept ?? Number(table.dataset.first), { open: false });
      all('.tops .hit', scene).forEach((hit) => {
        const row = rowOf(scene, hit.dataset.i); // none while the lists are still those of the run before
        if (row) showGrade(hit, row.dataset.grade);
      });
    }
    if (table) showFields(table);
    if (scene.dataset.side) showSide(scene, scene.dataset.side); // a new result has new buttons
    if (given.has(scene)) markGiven(scene); // what the server drew anew has lost its marks
    const why = one('.why', scene);
    if (why && asked.delete(scene)) bringIntoView(why);
    all('.js-plotly-plot', scene).forEach((plot) => {
      if (!plot.on || plot.lensBound === plot.on) return;  // a plot drawn anew on its old place has lost its listeners
      plot.lensBound = plot.on;
      plot.on('plotly_click', (event) => {
        const id = event.points?.[0]?.customdata;
        if (id !== undefined && id !== null) select(scene, Number(id));
      });
      plot.on('plotly_afterplot', () => { if (picked.has(scene)) markPlot(plot, picked.get(scene)); });
      if (picked.has(scene)) markPlots(scene);
    });
  }

  // the style sheet learns which tab is open: a selector that looked at the panels' styles would cost a layout of the
  // whole page for every change of any style
  function noteTab() {
    const panel = all('#tabs > [role=tabpanel]').find((each) => each.style.display !== 'none');
    if (!panel || one('#frame').dataset.tab === panel.id) return;
    one('#frame').dataset.tab = panel.id;
    requestAnimationFrame(() => all('.js-plotly-plot', panel).forEach(fitPlot));
  }

  // the window may have changed while the tab was hidden
  function fitPlot(plot) {
    const width = plot.clientWidth;
    if (width && plot._fullLayout && Math.abs(plot._fullLayout.width - width) > 1) window.Plotly.Plots.resize(plot);
  }

  const settle = () => { noteTab(); all('.results').forEach(noteParts); all(SCENE).forEach(settleScene); };
  const start = () => {
    // what settling itself changes is nothing new
    const observer = new MutationObserver(() => { settle(); observer.takeRecords(); });
    observer.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ['class', 'data-run', 'data-shows', 'aria-expanded', 'hidden'] });
    settle();
  };
  if (document.body) start(); else document.addEventListener('DOMContentLoaded', start);
})();
