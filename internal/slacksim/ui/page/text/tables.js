import { html, useState } from '../vendor/htm-preact.js';
import { Icon } from '../icons.js';
import { inline } from './markdown_view.js';
import { inlines } from './richtext.js';

const arr = (x) => (Array.isArray(x) ? x : []);

// Table is the plain table block: its first row is the head.
export function Table({ b }) {
  const setting = (i) => arr(b.column_settings)[i];
  const kind = (i) => [['left', 'center', 'right'].includes(setting(i)?.align) ? setting(i).align : '', setting(i)?.is_wrapped ? 'wrap' : ''].filter(Boolean).join(' ');
  const [head, ...body] = arr(b.rows).map(arr);
  if (!head) return null;
  return html`<div class="tablewrap" tabindex="0" role="region" aria-label="Table"><table>
    <thead><tr>${head.map((c, i) => html`<th class=${kind(i)}>${cell(c)}</th>`)}</tr></thead>
    <tbody>${body.map((r) => html`<tr>${r.map((c, i) => html`<td class=${kind(i)}>${cell(c)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

// DataTable has a caption, pages, and columns that sort by a click on their head.
export function DataTable({ b }) {
  const [page, setPage] = useState(0);
  const [sort, setSort] = useState({ column: -1, down: false });
  const [head, ...body] = arr(b.rows).map(arr);
  if (!head) return null;
  const numeric = head.map((_, i) => body.length > 0 && body.every((r) => amount(r[i]) !== null || plain(r[i]) === ''));
  const sorted = sort.column < 0 ? body : [...body].sort((x, y) => order(x[sort.column], y[sort.column], numeric[sort.column]) * (sort.down ? -1 : 1));
  const size = Math.min(Math.max(Number(b.page_size) || 5, 1), 100);
  const pages = Math.max(1, Math.ceil(sorted.length / size));
  const here = Math.min(page, pages - 1);
  const by = (column) => { setSort((s) => (s.column !== column ? { column, down: false } : s.down ? { column: -1, down: false } : { column, down: true })); setPage(0); };
  const caption = typeof b.caption === 'string' ? b.caption : b.caption?.text;
  const rowHead = Number.isInteger(b.row_header_column_index) ? b.row_header_column_index : -1;
  return html`<div class="datatable">
    <div class="tablewrap" tabindex="0" role="region" aria-label=${caption || 'Table'}><table>
      ${caption ? html`<caption>${caption}</caption>` : null}
      <thead><tr>${head.map((c, i) => html`<th class=${numeric[i] ? 'right' : ''} aria-sort=${sort.column === i ? (sort.down ? 'descending' : 'ascending') : 'none'}>
        <button type="button" class="sort" title=${'Sort by ' + plain(c)} onClick=${() => by(i)}>${cell(c)}<span class="sortsign" aria-hidden="true">${sort.column === i ? (sort.down ? '↓' : '↑') : '↕'}</span></button></th>`)}</tr></thead>
      <tbody>${sorted.slice(here * size, here * size + size).map((r) => html`<tr>${head.map((_, i) => (i === rowHead
        ? html`<th scope="row">${cell(r[i])}</th>` : html`<td class=${numeric[i] ? 'right' : ''}>${cell(r[i])}</td>`))}</tr>`)}</tbody>
    </table></div>
    ${pages > 1 ? html`<div class="pager"><span class="quiet">${here * size + 1}–${Math.min(sorted.length, here * size + size)} of ${sorted.length}</span>
      <button type="button" class="tool" aria-label="Previous page" disabled=${here === 0} onClick=${() => setPage(here - 1)}><${Icon} name="back" /></button>
      <button type="button" class="tool" aria-label="Next page" disabled=${here === pages - 1} onClick=${() => setPage(here + 1)}><${Icon} name="forward" /></button></div>` : null}
  </div>`;
}

function cell(c) {
  if (c?.type === 'rich_text') return arr(c.elements).map((e) => inlines(e?.elements));
  if (c?.type === 'markdown') return inline(String(c.text ?? ''), false);
  return plain(c);
}

const walk = (list) => arr(list).map((e) => e?.text ?? e?.name ?? walk(e?.elements)).join('');

function plain(c) {
  if (c?.type === 'rich_text') return walk(c.elements);
  return c?.text !== undefined ? String(c.text) : c?.value !== undefined ? String(c.value) : '';
}

// amount reads "1,204", "12 %" and "€ 3.50" as numbers.
function amount(c) {
  if (typeof c?.value === 'number') return c.value;
  const s = plain(c).trim();
  const n = /^[^\d\s.,-]?\s*(-?[\d,]*\.?\d+)\s*[^\d\s]{0,3}$/.exec(s);
  return n ? Number(n[1].replaceAll(',', '')) : null;
}

function order(a, b, numeric) {
  if (numeric) return (amount(a) ?? -Infinity) - (amount(b) ?? -Infinity);
  return plain(a).localeCompare(plain(b), undefined, { numeric: true, sensitivity: 'base' });
}
