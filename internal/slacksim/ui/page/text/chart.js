import { html, useState } from '../vendor/htm-preact.js';

// A data_visualization block as a small SVG: bar, line, area, pie. Under it stands the
// legend, and the numbers can be had as a table.

const W = 520, H = 248, LEFT = 46, RIGHT = 10, TOP = 28;
const arr = (x) => (Array.isArray(x) ? x : []);
const format = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
const num = (v) => (Number.isFinite(Number(v)) ? Number(v) : 0);

export function Chart({ b }) {
  const [asTable, setAsTable] = useState(false);
  const chart = b.chart || {};
  const title = typeof b.title === 'string' ? b.title : b.title?.text || '';
  const pie = chart.type === 'pie';
  const segments = arr(chart.segments).slice(0, 12);
  const series = arr(chart.series).slice(0, 12);
  const labels = arr(chart.axis_config?.categories).length ? arr(chart.axis_config.categories).map(String) : [...new Set(series.flatMap((s) => arr(s?.data).map((p) => String(p?.label ?? ''))))];
  const rows = series.map((s) => labels.map((l) => num(arr(s?.data).find((p) => String(p?.label) === l)?.value)));
  if (pie ? segments.length === 0 : rows.length === 0 || labels.length === 0) return html`<div class="bk-unknown">A chart without data${title ? `: ${title}` : ''}</div>`;
  const legend = pie ? segments.map((s) => String(s?.label ?? '')) : series.map((s) => String(s?.name ?? ''));
  const plot = pie ? html`<${Pie} segments=${segments} title=${title} />` : html`<${Plot} kind=${chart.type} rows=${rows} labels=${labels} names=${legend} axis=${chart.axis_config || {}} title=${title} />`;
  const total = segments.reduce((n, s) => n + Math.max(0, num(s?.value)), 0) || 1;
  return html`<figure class="chart">
    <figcaption><span>${title}</span><button type="button" class="quietbutton" aria-pressed=${asTable} onClick=${() => setAsTable(!asTable)}>${asTable ? 'Chart' : 'Numbers'}</button></figcaption>
    ${asTable ? html`<div class="tablewrap" tabindex="0"><table>
        <thead><tr><th></th>${pie ? html`<th class="right">Value</th>` : legend.map((n) => html`<th class="right">${n}</th>`)}</tr></thead>
        <tbody>${pie ? segments.map((s) => html`<tr><td>${String(s?.label ?? '')}</td><td class="right">${format.format(num(s?.value))}</td></tr>`)
          : labels.map((l, i) => html`<tr><td>${l}</td>${rows.map((r) => html`<td class="right">${format.format(r[i])}</td>`)}</tr>`)}</tbody></table></div>`
      : html`${plot}${pie || legend.length > 1 ? html`<ul class="legend">${legend.map((n, i) => html`<li><i class=${'swatch c' + (i % 12)}></i>${n}${pie ? html` <span class="quiet">${Math.round(Math.max(0, num(segments[i]?.value)) / total * 100)} %</span>` : null}</li>`)}</ul>` : null}`}
  </figure>`;
}

// ticks are a few round numbers from below the least to above the greatest value.
function ticks(low, high) {
  if (high === low) high = low + 1;
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((k) => k * power).find((s) => s >= rough);
  const out = [];
  for (let v = Math.floor(low / step) * step; v < high + step * 0.999 && out.length < 9; v += step) out.push(Number(v.toPrecision(12)));
  return out;
}

function Plot({ kind, rows, labels, names, axis, title }) {
  const all = rows.flat();
  const bars = kind !== 'line' && kind !== 'area';
  const BOTTOM = axis.x_label ? 42 : 26;
  const least = Math.min(...all);
  const marks = ticks(bars || kind === 'area' || least < (Math.max(...all) - least) ? Math.min(0, least) : least, Math.max(0, ...all));
  const [low, high] = [marks[0], marks.at(-1)];
  const y = (v) => TOP + (H - TOP - BOTTOM) * (1 - (v - low) / (high - low));
  const step = (W - LEFT - RIGHT) / labels.length;
  const mid = (i) => LEFT + step * (i + 0.5);
  const each = Math.ceil(labels.length / 8);   // every how many labels there is room for one
  const fit = Math.max(4, Math.floor(step * each / 6.4));
  return html`<svg class="plot" viewBox=${`0 0 ${W} ${H}`} role="img" aria-label=${`${title}: ${names.join(', ')}`}>
    ${marks.map((v) => html`<g class="mark-line"><line x1=${LEFT} x2=${W - RIGHT} y1=${y(v)} y2=${y(v)} class=${v === 0 ? 'zero' : ''} /><text x=${LEFT - 7} y=${y(v) + 4} text-anchor="end">${compact.format(v)}</text></g>`)}
    ${labels.map((l, i) => (i % each === 0 ? html`<text x=${mid(i)} y=${H - BOTTOM + 18} text-anchor="middle">${[...l].length > fit ? [...l].slice(0, fit - 1).join('') + '…' : l}</text>` : null))}
    ${rows.map((r, s) => (bars ? r.map((v, i) => bar(v, i, s)) : line(r, s)))}
    ${axis.y_label ? html`<text class="axis" x="4" y="14">${String(axis.y_label)}</text>` : null}
    ${axis.x_label ? html`<text class="axis" x=${(LEFT + W - RIGHT) / 2} y=${H - 4} text-anchor="middle">${String(axis.x_label)}</text>` : null}
  </svg>`;

  function bar(v, i, s) {
    const room = Math.min(step * 0.72, 64 * rows.length), width = room / rows.length;
    const top = Math.min(y(v), y(0));
    return html`<rect class=${'fill c' + (s % 12)} x=${mid(i) - room / 2 + width * s + 1} y=${top} width=${Math.max(width - 2, 1)} height=${Math.max(Math.abs(y(v) - y(0)), 1)} rx="2"><title>${`${labels[i]}, ${names[s]}: ${format.format(v)}`}</title></rect>`;
  }

  function line(r, s) {
    const points = r.map((v, i) => `${mid(i)},${y(v)}`).join(' ');
    return html`<g class=${'c' + (s % 12)}>
      ${kind === 'area' ? html`<polygon class="area" points=${`${mid(0)},${y(Math.max(low, 0))} ${points} ${mid(r.length - 1)},${y(Math.max(low, 0))}`} />` : null}
      <polyline class="line" points=${points} />
      ${r.map((v, i) => html`<circle class="dotmark" cx=${mid(i)} cy=${y(v)} r="3.2"><title>${`${labels[i]}, ${names[s]}: ${format.format(v)}`}</title></circle>`)}</g>`;
  }
}

function Pie({ segments, title }) {
  const values = segments.map((s) => Math.max(0, num(s?.value)));
  const total = values.reduce((a, b) => a + b, 0) || 1;
  let at = -Math.PI / 2;
  const point = (a, r) => `${(90 + r * Math.cos(a)).toFixed(2)} ${(90 + r * Math.sin(a)).toFixed(2)}`;
  return html`<svg class="pie" viewBox="0 0 180 180" role="img" aria-label=${title}>${values.map((v, i) => {
    const from = at, to = at += v / total * Math.PI * 2;
    if (v <= 0) return null;
    const name = html`<title>${`${segments[i]?.label ?? ''}: ${format.format(v)}`}</title>`;
    if (v >= total) return html`<circle class=${'ring c' + (i % 12)} cx="90" cy="90" r="64">${name}</circle>`;
    const large = to - from > Math.PI ? 1 : 0;
    return html`<path class=${'fill c' + (i % 12)} d=${`M ${point(from, 84)} A 84 84 0 ${large} 1 ${point(to, 84)} L ${point(to, 44)} A 44 44 0 ${large} 0 ${point(from, 44)} Z`}>${name}</path>`;
  })}</svg>`;
}
