// Pictures to take away: the lines between the rankings and every chart, each with its title and the query, large enough
// for a slide, on white whatever the page's colours are. All of it is drawn here; nothing is asked of the server.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);
  const INK = '#1e293b', SOFT = '#526077', LINE = '#dbe3ec';
  const STROKES = { up: '#2f7ed8', down: '#e8590c', same: '#8a94a3', new: '#8a94a3' };
  const WORDS = { up: '#1f6fd0', down: '#c2410c', same: '#64748b', new: '#64748b' };
  // fonts of the system alone: a picture does not have those that the page loads
  const FONT = 'system-ui, "Segoe UI", "Noto Sans SC", sans-serif';
  const WIDTH = 1280, HEAD = 150, FOOT = 92, EDGE = 40;
  const wayOf = (part) => ['up', 'down', 'same', 'new'].find((way) => part.classList.contains(way)) ?? 'same';
  const number = (part, name) => Number.parseFloat(part.style.getPropertyValue(name)) || 0;

  // ---- what there is to take: the first view, the lines, the charts, in the order of the page -----------------------
  const pictures = (scene) => all('.tops .field, .flow .field, .plot-card .js-plotly-plot', scene).map((part) => {
    const heading = part.closest('.plot-card') ? one('h3', part.closest('.plot-card')) : null;
    const name = heading?.textContent ?? part.closest('section').getAttribute('aria-label');
    return { part, name };
  });

  function offer(scene) {
    const menu = one('[data-pictures]', scene);
    if (!menu) return;
    const names = pictures(scene).map(({ name }) => name), chosen = menu.value;
    menu.replaceChildren(...names.map((name, index) => Object.assign(document.createElement('option'), { value: index, textContent: name })));
    if (chosen && chosen < names.length) menu.value = chosen;
  }

  // ---- the lines, from what the page shows ---------------------------------------------------------------------------
  function endsOfFlow(column) {
    return all('.end', column).map((end) => ({
      at: Number.parseFloat(end.style.top) / 100,
      rank: one('b', end).textContent,
      mark: one('.delta', end)?.textContent ?? '',
      name: one('.name', end)?.textContent ?? '',
      way: wayOf(end),
      named: end.classList.contains('labelled'),
    }));
  }

  function endsOfTop(half) {
    const hits = all('.hit', half);
    return hits.map((hit) => ({
      at: (all('.hit', half).indexOf(hit) + 0.5) / number(half.closest('.tops'), '--rows'),
      rank: one('.rail b', hit).textContent,
      mark: one('.delta', hit).textContent,
      name: hit.dataset.name,
      way: wayOf(one('.delta', hit)),
      named: true,
    }));
  }

  // `foot` is said below the column, where lines end that have no place in it
  function columnsOf(field) {
    if (field.closest('.tops')) {
      const halves = all('.half', field), below = one('.pictures .below', field.closest('.results')).textContent;
      const lacks = (half) => all('svg path', field).some((path) => !one(`.hit[data-i="${path.dataset.i}"]`, half));
      return halves.map((half, index) => ({ label: one('h3', half).childNodes[0].textContent.trim(), note: one('h3 .soft', half)?.textContent ?? '', at: index, ends: endsOfTop(half), foot: lacks(half) ? below : '' }));
    }
    return all('.column', field).map((column) => ({ label: one('.head .full', column).textContent, note: '', at: number(column, '--at'), ends: endsOfFlow(column), foot: one('.unfound-here', column)?.textContent ?? '' }));
  }

  // what colours and dashes say: in the words of the page, and of these what is drawn
  function legendOf(field) {
    const legend = one('.legend', field.closest('.flow') ?? one('.pictures', field.closest('.results')));
    const rows = ['up', 'down', 'same'].map((way) => ({ way, words: one(`b.${way}`, legend)?.nextSibling.textContent.trim() }));
    const dashed = one('.dashed', legend), drawn = one('svg path.new', field);
    return [...rows.filter(({ words }) => words), ...(dashed && drawn ? [{ way: 'new', words: dashed.textContent }] : [])];
  }

  function node(parent, name, values, text) {
    const made = document.createElementNS('http://www.w3.org/2000/svg', name);
    Object.entries(values).forEach(([key, value]) => made.setAttribute(key, value));
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  }

  const short = (text, most) => (text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`);
  const apart = (text) => (text ? `\u2068${text}\u2069` : ''); // its script decides nothing for what stands beside it
  const ruler = document.createElement('canvas').getContext('2d');

  function widthOf(text, size, weight = 400) {
    ruler.font = `${weight} ${size}px ${FONT}`;
    return ruler.measureText(text).width;
  }

  function fit(text, width, size) {
    ruler.font = `${size}px ${FONT}`;
    let shown = text;
    while (shown.length > 1 && ruler.measureText(shown).width > width) shown = `${shown.slice(0, -2).trimEnd()}…`;
    return apart(shown);
  }

  function linesPicture(field, title, query) {
    const columns = columnsOf(field), wide = columns.length > 2, top = Boolean(field.closest('.tops'));
    const rows = top ? number(field.closest('.tops'), '--rows') : 0;
    const tall = top ? rows * 46 : Math.max(260, number(field.closest('.band'), '--height') * 1.35);
    const row = top ? 46 : number(field.closest('.band'), '--row') * 1.35, size = row >= 24 ? 18 : 14;
    const left = wide ? 300 : 470, right = WIDTH - (wide ? 300 : 470), height = HEAD + tall + FOOT;
    const x = (share) => left + share * (right - left), y = (share) => HEAD + share * tall;
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    Object.entries({ xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${WIDTH} ${height}`, width: WIDTH, height, 'font-family': FONT, 'font-size': size, role: 'img' }).forEach(([key, value]) => svg.setAttribute(key, value));
    node(svg, 'title', {}, `${title}: ${query}`);
    node(svg, 'rect', { width: WIDTH, height, fill: '#ffffff' });
    node(svg, 'text', { x: EDGE, y: 48, 'font-size': 28, 'font-weight': 700, fill: INK }, title);
    node(svg, 'text', { x: EDGE, y: 80, 'font-size': 19, fill: SOFT }, fit(query, WIDTH - 2 * EDGE, 19));
    const ticks = all('.tick', field).map((tick) => ({ at: y(Number.parseFloat(tick.style.top) / 100), words: tick.textContent }));
    ticks.forEach(({ at }) => node(svg, 'line', { x1: left, x2: right, y1: at, y2: at, stroke: LINE, 'stroke-dasharray': '4 4' }));
    all('svg path', field).forEach((path) => {
      let flat = true;
      const d = path.getAttribute('d').replace(/-?[\d.]+/g, (value) => { flat = !flat; return (flat ? y(value / 100) : x(value / 100)).toFixed(1); });
      const strong = top ? !path.classList.contains('over') : path.classList.contains('strong');
      const grey = wide && !(strong && path.classList.contains('far')), way = wayOf(path);
      node(svg, 'path', { d, fill: 'none', stroke: grey ? STROKES.same : STROKES[way], 'stroke-width': strong ? 3 : 1.5, opacity: strong ? 0.95 : 0.3, ...(way === 'new' ? { 'stroke-dasharray': '5 5' } : {}) });
    });
    // beside the lines where nothing else stands there, else upon them
    const beside = wide ? { x: right + 14 } : { x: (left + right) / 2, 'text-anchor': 'middle', stroke: '#fff', 'stroke-width': 5, 'paint-order': 'stroke' };
    ticks.forEach(({ at, words }) => node(svg, 'text', { ...beside, y: at + 5, 'font-size': 13, fill: SOFT }, words));
    const heads = columns.map((column) => short(column.label, wide ? 24 : 44)), room = (right - left) / Math.max(1, columns.length - 1);
    const crowded = wide && heads.slice(1, -1).some((head) => widthOf(head, 15, 700) > room - 16);
    columns.forEach((column, index) => {
      const first = index === 0 && columns.length > 1, last = index === columns.length - 1, at = x(last ? 1 : column.at);
      const anchor = first ? 'end' : last ? 'start' : 'middle', step = first ? -14 : last ? 14 : 0;
      const label = node(svg, 'text', { x: at + step, y: HEAD - 24, 'text-anchor': anchor, 'font-weight': 700, 'font-size': wide ? 15 : 19, fill: INK }, heads[index]);
      if (crowded && index % 2) label.setAttribute('y', HEAD - 44);
      if (column.note) node(label, 'tspan', { dx: 10, 'font-weight': 400, 'font-size': 15, fill: SOFT }, column.note);
      if (column.foot) node(svg, 'text', { x: top ? at + step : at, y: y(1) + 22, 'text-anchor': top ? anchor : 'middle', 'font-size': 14, fill: SOFT }, column.foot);
      column.ends.forEach((end) => {
        const dot = { cx: at, cy: y(end.at), r: end.named ? 5 : 3, fill: wide ? STROKES.same : STROKES[end.way] };
        if (first || last || !end.named) node(svg, 'circle', dot);
        if (!end.named) return;
        const words = node(svg, 'text', { x: at + step, y: y(end.at) + size * 0.35, 'text-anchor': anchor, fill: INK, ...(first || last ? {} : { stroke: '#fff', 'stroke-width': 6, 'paint-order': 'stroke', 'font-weight': 700 }) });
        const name = fit(end.name, wide ? 215 : 355, size);
        const parts = [[end.rank, { 'font-weight': 700 }], [last && !wide ? end.mark : '', { fill: WORDS[end.way], 'font-weight': 700 }], [first || last ? name : '', { fill: SOFT }]].filter(([text]) => text);
        (first ? parts.reverse() : parts).forEach(([text, look], place) => node(words, 'tspan', { ...look, ...(place ? { dx: 8 } : {}) }, text));
      });
    });
    let along = EDGE;
    legendOf(field).forEach(({ way, words }) => {
      node(svg, 'line', { x1: along, x2: along + 30, y1: height - 29, y2: height - 29, stroke: STROKES[way], 'stroke-width': 3, ...(way === 'new' ? { 'stroke-dasharray': '5 5' } : {}) });
      node(svg, 'text', { x: along + 38, y: height - 24, 'font-size': 15, fill: SOFT }, words);
      along += 38 + widthOf(words, 15) + 28;
    });
    return { svg, width: WIDTH, height };
  }

  // ---- a chart: plotly draws it once more, larger and with a title -----------------------------------------------------
  const plain = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

  async function chartPicture(plot, title, query, format) {
    const { layout, data } = plot, margin = layout.margin ?? {}, grown = 72;
    const figure = { data, layout: {
      ...layout,
      autosize: false,
      paper_bgcolor: '#ffffff',
      plot_bgcolor: '#ffffff',
      margin: { ...margin, t: (margin.t ?? 20) + grown },
      title: { text: `<b>${plain(title)}</b><br><span style="font-size:13px">${plain(short(query, 100))}</span>`, x: 0, xanchor: 'left', y: 1, yanchor: 'top', pad: { t: 22, l: 18 }, font: { size: 19, color: INK } },
    } };
    const height = Math.max(450, (layout.height ?? plot._fullLayout?.height ?? 380) + grown);
    return window.Plotly.toImage(figure, { format, width: 800, height, scale: format === 'png' ? 2 : 1 });
  }

  // ---- saving -----------------------------------------------------------------------------------------------------------
  function save(address, name) {
    const link = document.createElement('a');
    link.href = address;
    link.download = name;
    link.click();
  }

  async function linesAddress({ svg, width, height }, format) {
    const address = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(svg)], { type: 'image/svg+xml;charset=utf-8' }));
    if (format === 'svg') return address;
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: width * 1.5, height: height * 1.5 });
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL('image/png');
  }

  async function savePicture(scene, format) {
    const { part, name } = pictures(scene)[Number(one('[data-pictures]', scene).value)] ?? {};
    if (!part) return;
    const query = one('.headline q', scene)?.textContent ?? '';
    const address = part.matches('.field') ? await linesAddress(linesPicture(part, name, query), format) : await chartPicture(part, name, query, format);
    save(address, `${name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-')}.${format}`);
  }

  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-save-picture]'), opener = event.target.closest('.opener');
    const scene = (button ?? opener)?.closest('.results');
    if (scene && opener) offer(scene);
    if (scene && button) savePicture(scene, button.dataset.savePicture);
  });
  document.addEventListener('focusin', (event) => { if (event.target.matches('[data-pictures]')) offer(event.target.closest('.results')); });
})();
