// Rerank Lens in the browser: one selection for every view, sorting and searching the table, keys.
// The server renders and escapes all text; this file only moves what it rendered, and never builds HTML from strings.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);
  let picked = null;

  // ---- selection -------------------------------------------------------------------------------------------
  const rowOf = (id) => one(`.ranking tbody tr[data-i="${id}"]`);

  function fillPanel(id) {
    const row = rowOf(id), panel = one('.panel');
    if (!row || !panel) return;
    all('[data-field]', panel).forEach((target) => {
      const source = one(`[data-cell="${target.dataset.field}"]`, row);
      target.replaceChildren(...(source ? [...source.cloneNode(true).childNodes] : []));
    });
    all('[data-share]', panel).forEach((bar) => bar.style.setProperty('--share', row.dataset[bar.dataset.share] || 0));
    const change = one('.change', panel);
    change.className = `change ${row.dataset.direction}`;
    panel.dataset.i = id;
    one('.body', panel).scrollTop = 0;
  }

  // Plots take a while to redraw: the panel answers first, then each plot in turn, and only for the latest choice.
  function markPlots(id) {
    all('.js-plotly-plot').forEach((plot, turn) => setTimeout(() => { if (id === picked) markPlot(plot, id); }, 30 * (turn + 1)));
  }

  function markPlot(plot, id) {
    if (!plot._fullData || !window.Plotly) return;
    const found = { x: [], y: [], at: [] };
    plot._fullData.forEach((trace, index) => {
      if (trace.name !== 'selected') return;
      const home = plot._fullData.find((t) => t !== trace && t.xaxis === trace.xaxis && t.yaxis === trace.yaxis
        && t.customdata && [...t.customdata].indexOf(id) >= 0);
      const at = home ? [...home.customdata].indexOf(id) : -1;
      const stem = trace.meta === 'stem';
      found.x.push(at < 0 ? [] : stem ? [home.x[at], home.x[at]] : [home.x[at]]);
      found.y.push(at < 0 ? [] : stem ? [0, 1] : [home.y[at]]);
      found.at.push(index);
    });
    if (found.at.length) window.Plotly.restyle(plot, { x: found.x, y: found.y }, found.at);
  }

  function select(id, { open = true, reveal = false } = {}) {
    if (!rowOf(id)) return;
    picked = id;
    all('.slope .picked').forEach((part) => part.classList.remove('picked'));
    all(`.slope [data-i="${id}"]`).forEach((part) => part.classList.add('picked'));
    const line = one(`.slope path[data-i="${id}"]`);
    if (line) line.parentNode.appendChild(line);
    all('.ranking tr[aria-selected=true]').forEach((row) => row.setAttribute('aria-selected', 'false'));
    rowOf(id).setAttribute('aria-selected', 'true');
    if (reveal) {
      const box = one('.ranking .scroll'), row = rowOf(id);
      if (box.scrollHeight > box.clientHeight) box.scrollTop = row.offsetTop - box.clientHeight / 2;
    }
    fillPanel(id);
    if (open) one('.panel')?.classList.add('open');
    markPlots(id);
  }

  // ---- slope chart -----------------------------------------------------------------------------------------
  function isolate(id) {
    const field = one('.slope .field');
    if (!field) return;
    all('.on', field).forEach((part) => part.classList.remove('on'));
    field.classList.toggle('isolating', id !== null);
    if (id !== null) all(`[data-i="${id}"]`, field).forEach((part) => part.classList.add('on'));
  }

  function stepAlong(end, by) {
    const ends = all('.end', end.parentNode);
    const next = ends[Math.max(0, Math.min(ends.length - 1, ends.indexOf(end) + by))];
    ends.forEach((each) => { each.tabIndex = each === next ? 0 : -1; });
    next.focus();
  }

  // ---- table -----------------------------------------------------------------------------------------------
  function sortBy(key, ascending) {
    const body = one('.ranking tbody');
    const value = (row) => Number(row.dataset[key]);
    const text = key === 'text';
    const rows = all('tr', body).sort((a, b) => {
      const order = text ? a.dataset.text.localeCompare(b.dataset.text) : value(a) - value(b);
      return (ascending ? order : -order) || Number(a.dataset.rank) - Number(b.dataset.rank);
    });
    body.append(...rows);
    all('.ranking th').forEach((head) => {
      head.setAttribute('aria-sort', head.dataset.key === key ? (ascending ? 'ascending' : 'descending') : 'none');
    });
  }

  function search(words) {
    const parts = words.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    if (parts.length) one('.ranking').classList.add('all');
    all('.ranking tbody tr').forEach((row) => {
      const hit = parts.every((part) => one('.passage', row).textContent.toLowerCase().includes(part));
      row.hidden = !hit;
      shown += hit;
    });
    const none = one('.ranking .none');
    if (none) none.hidden = shown > 0;
  }

  // ---- events: one listener each, for parts that come and go -----------------------------------------------
  const idOf = (part) => (part ? Number(part.dataset.i) : null);

  document.addEventListener('click', (event) => {
    const head = event.target.closest('.ranking th button');
    if (head) {
      const cell = head.parentNode;
      const numeric = cell.dataset.key !== 'text' && cell.dataset.key !== 'rank' && cell.dataset.key !== 'was';
      const now = cell.getAttribute('aria-sort');
      return sortBy(cell.dataset.key, now === 'none' ? !numeric : now !== 'ascending');
    }
    if (event.target.closest('.ranking .more')) return one('.ranking').classList.add('all');
    if (event.target.closest('.panel .close')) return one('.panel').classList.remove('open');
    const part = event.target.closest('.slope .end, .ranking tbody tr');
    // a row of the table unfolds where it is; the other views need the panel
    if (part) select(idOf(part), { open: part.matches('.end'), reveal: part.matches('.end') });
  });

  document.addEventListener('pointerover', (event) => {
    if (event.pointerType !== 'mouse') return;
    const end = event.target.closest?.('.slope .end');
    if (end) isolate(idOf(end)); else if (!event.target.closest?.('.slope .field')) isolate(null);
  });
  document.addEventListener('focusin', (event) => {
    const end = event.target.closest('.slope .end');
    if (end?.matches(':focus-visible')) isolate(idOf(end));
  });
  document.addEventListener('focusout', (event) => { if (event.target.closest('.slope .end')) isolate(null); });

  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === 'Enter') {
      event.preventDefault();
      // the page learns of typing after a moment; the click must come behind it
      return setTimeout(() => one('#rerank')?.click(), 60);
    }
    if (event.key === 'Escape') one('.panel')?.classList.remove('open');
    const end = event.target.closest?.('.slope .end');
    if (end && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      return stepAlong(end, event.key === 'ArrowDown' ? 1 : -1);
    }
    const row = event.target.closest?.('.ranking tbody tr');
    if (!row) return undefined;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      select(idOf(row));
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      let next = row;
      do { next = event.key === 'ArrowDown' ? next.nextElementSibling : next.previousElementSibling; } while (next?.hidden);
      if (next) { row.tabIndex = -1; next.tabIndex = 0; next.focus(); }
    }
    return undefined;
  });

  document.addEventListener('input', (event) => { if (event.target.matches('.ranking input[type=search]')) search(event.target.value); });
  document.addEventListener('change', (event) => {
    if (event.target.matches('.ranking select')) sortBy(event.target.value, event.target.selectedOptions[0].dataset.up === '1');
  });

  // ---- what arrives later: a new run starts a new selection; a plot learns to select ----------------------
  let run = null;
  function settle() {
    const table = one('.ranking'), panel = one('.panel');
    if (table && panel && table.dataset.run === panel.dataset.run && table.dataset.run !== run) {
      run = table.dataset.run;
      select(Number(table.dataset.first), { open: false });
    }
    all('.js-plotly-plot').forEach((plot) => {
      if (plot.lensBound || !plot.on) return;
      plot.lensBound = true;
      plot.on('plotly_click', (event) => {
        const id = event.points?.[0]?.customdata;
        if (id !== undefined && id !== null) select(Number(id), { reveal: true });
      });
      if (picked !== null) markPlots(picked);
    });
  }
  const start = () => {
    new MutationObserver(settle).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ['class', 'data-run'] });
    settle();
  };
  if (document.body) start(); else document.addEventListener('DOMContentLoaded', start);
})();
