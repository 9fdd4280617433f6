// A saved page: light or dark as the system is, its charts drawn, its data to take out again.
(() => {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const follow = () => document.documentElement.classList.toggle('dark', dark.matches);
  dark.addEventListener('change', follow);
  follow();

  document.querySelectorAll('.figure + script').forEach((script) => {
    const { data, layout, config } = JSON.parse(script.textContent);
    const picture = { displayModeBar: 'hover', displaylogo: false, modeBarButtons: [['toImage']] };
    window.Plotly.newPlot(script.previousElementSibling, data, layout, { ...config, ...picture });
  });

  document.querySelector('#save-data').addEventListener('click', () => {
    const link = document.createElement('a');
    const data = JSON.stringify(JSON.parse(document.querySelector('#data').textContent), null, 2);
    link.href = URL.createObjectURL(new Blob([data], { type: 'application/json' }));
    link.download = 'rerank-lens.json';
    link.click();
  });
})();
