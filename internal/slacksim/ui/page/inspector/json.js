import { html, useState } from '../vendor/htm-preact.js';

const LONG = 400;            // characters of a string shown at first

// Json draws a value as a tree that folds: the outermost level open, the rest on demand.
export const Json = ({ value, depth = 0, open = 1 }) => {
  if (value === null || typeof value !== 'object') return html`<${Leaf} value=${value} />`;
  const list = Array.isArray(value);
  const entries = list ? value.map((v, i) => [i, v]) : Object.entries(value);
  if (entries.length === 0) return html`<span class="j-empty">${list ? '[ ]' : '{ }'}</span>`;
  return html`<div class="json">${entries.map(([k, v]) => html`<${Entry} key=${k} name=${k} value=${v} depth=${depth} open=${open} />`)}</div>`;
};

function Entry({ name, value, depth, open }) {
  const nested = value !== null && typeof value === 'object' && Object.keys(value).length > 0;
  const [shown, setShown] = useState(depth + 1 < open);
  const label = html`<span class="j-key">${name}</span>`;
  if (!nested) return html`<div class="j-entry">${label} <${Json} value=${value} /></div>`;
  const n = Object.keys(value).length;
  return html`<div class="j-entry"><button type="button" class="j-fold" aria-expanded=${shown} onClick=${() => setShown(!shown)}>${label}<span class="j-note">${Array.isArray(value) ? `${n} ${n === 1 ? 'item' : 'items'}` : brief(value)}</span></button>
    ${shown ? html`<${Json} value=${value} depth=${depth + 1} open=${open} />` : null}</div>`;
}

const brief = (o) => Object.keys(o).slice(0, 3).join(', ') + (Object.keys(o).length > 3 ? ', …' : '');

function Leaf({ value }) {
  const [whole, setWhole] = useState(false);
  if (typeof value !== 'string') return html`<span class="j-value">${String(value)}</span>`;
  const cut = value.length > LONG && !whole;
  return html`<span class="j-text">${cut ? value.slice(0, LONG) + '…' : value}</span>${cut ? html` <button type="button" class="quietbutton" onClick=${() => setWhole(true)}>all ${value.length} characters</button>` : null}`;
}
