import { html, useEffect, useRef, useState } from '../vendor/htm-preact.js';
import * as api from '../api.js';
import { useApp } from '../hooks.js';
import { Icon } from '../icons.js';
import { copy } from '../menu.js';
import { Json } from './json.js';
import { ms1, time } from './times.js';

// Model shows what the assistant asked the scripted model. Only the open tab asks for it.

const EVERY = 1500;          // ms between looks
const KEPT = 300;

export function Model({ gone }) {
  const { say } = useApp();
  const [list, setList] = useState([]);
  const [filter, setFilter] = useState('');
  const [open, setOpen] = useState('');
  const kept = useRef([]);

  useEffect(() => {
    let timer = 0, over = false;
    const look = async () => {
      try {
        // What is still running is asked for again, until it is seen to end.
        const running = kept.current.find((r) => !r.closed);
        const after = running ? running.n - 1 : kept.current.at(-1)?.n || 0;
        const fresh = await api.request('GET', '/model/requests?after=' + after);
        if (over) return;
        kept.current = merge(kept.current, Array.isArray(fresh) ? fresh : fresh.requests || []);
        setList(kept.current);
      } catch (err) {
        if (over) return;
        if (err.status === 404) {
          say('The model is not the scripted one, so there is no record of its requests.', 'plain');
          return gone();
        }
      }
      timer = setTimeout(look, EVERY);
    };
    look();
    return () => { over = true; clearTimeout(timer); };
  }, []);

  const q = filter.trim().toLowerCase();
  const found = list.filter((r) => !q || JSON.stringify(r).toLowerCase().includes(q)).reverse();
  return html`<div class="inspector-bar"><div class="filter"><input type="search" placeholder="Filter, e.g. a word of the prompt" aria-label="Filter model requests" value=${filter} onInput=${(e) => setFilter(e.target.value)} />
      <button type="button" class="tool" title="Copy what is listed as JSON" aria-label="Copy what is listed as JSON" disabled=${found.length === 0} onClick=${() => copy(JSON.stringify(found, null, 2), say, 'The list is')}><${Icon} name="copy" /></button></div></div>
    <div class="inspector-list" tabindex="0" role="region" aria-label="Model requests">
      ${found.map((r) => html`<${Row} key=${r.n} r=${r} open=${open === r.n} toggle=${() => setOpen(open === r.n ? '' : r.n)} />`)}
      ${found.length === 0 ? html`<p class="quiet nothing">${q ? 'Nothing fits.' : 'The model was not asked yet.'}</p>` : null}
    </div>`;
}

// merge keeps the requests in their order. A server that does not number them sends all.
function merge(old, fresh) {
  const byN = new Map(old.map((r) => [r.n, r]));
  fresh.forEach((r, i) => byN.set(r.n ?? i + 1, { ...r, n: r.n ?? i + 1, closed: done(r) }));
  return [...byN.values()].sort((a, b) => a.n - b.n).slice(-KEPT);
}

const done = (r) => (r.closed && !r.closed.startsWith('0001') ? r.closed : '');

function Row({ r, open, toggle }) {
  const took = r.closed ? Date.parse(r.closed) - Date.parse(r.arrived) : null;
  const bad = r.error || r.status >= 400 || r.cancelled;
  return html`<div class=${'entry-row' + (open ? ' open' : '')}>
    <button type="button" class="call model" aria-expanded=${open} onClick=${toggle}>
      <span class="way" title="from the assistant to the model">◆</span>
      <span class="what">${r.path.replace(/^\/v1\//, '')}</span>
      ${bad ? html`<span class="tag bad">${r.error || (r.cancelled ? 'client left' : r.status)}</span>` : r.closed ? html`<span class="tag ok">${r.outcome || r.status || 'ok'}</span>` : html`<span class="tag warn">running</span>`}
      <span class="ms">${took === null ? '' : ms1(took)}</span><time>${time(r.arrived)}</time>
      ${r.last_user ? html`<span class="asked" title=${r.last_user}>${r.last_user}</span>` : null}
    </button>
    ${open ? html`<${Detail} r=${r} />` : null}
  </div>`;
}

function Detail({ r }) {
  const { say } = useApp();
  const body = r.body && typeof r.body === 'object' ? r.body : {};
  const { input, messages, instructions, tools, ...options } = body;
  const { body: _, header, ...record } = r;
  const items = typeof input === 'string' ? [{ role: 'user', content: input }] : input || messages || [];
  return html`<div class="detail">
    <button type="button" class="quietbutton" onClick=${() => copy(JSON.stringify(r, null, 2), say, 'The request is')}><${Icon} name="copy" /> Copy as JSON</button>
    ${instructions ? html`<${Fold} title="Instructions" note=${String(instructions).length + ' characters'}><div class="said">${String(instructions)}</div><//>` : null}
    ${Array.isArray(items) && items.length ? html`<h3>Input</h3>${items.map((item, i) => html`<${Item} key=${i} item=${item} />`)}` : null}
    ${tools?.length ? html`<${Fold} title="Tools" note=${tools.map((t) => t.name || t.function?.name || t.type).join(', ')}><${Json} value=${tools} /><//>` : null}
    ${Object.keys(options).length ? html`<h3>Options</h3><${Json} value=${options} open=${2} />` : null}
    <${Fold} title="Record" note=${[r.rule && 'rule ' + r.rule, r.shape, r.events && r.events + ' events', r.fault && 'fault ' + r.fault].filter(Boolean).join(' · ')}><${Json} value=${record} open=${2} /><//>
    ${r.body !== undefined ? html`<${Fold} title="Body" note="as it was sent"><pre tabindex="0">${JSON.stringify(r.body, null, 2)}</pre><//>` : null}
  </div>`;
}

function Fold({ title, note, children }) {
  const [open, setOpen] = useState(false);
  return html`<button type="button" class="j-fold big" aria-expanded=${open} onClick=${() => setOpen(!open)}><strong>${title}</strong><span class="j-note">${note}</span></button>${open ? children : null}`;
}

// Item is one piece of the input: who says it, and what.
function Item({ item }) {
  const who = item?.role || item?.type || 'item';
  const parts = typeof item?.content === 'string' ? [{ text: item.content }] : Array.isArray(item?.content) ? item.content : null;
  return html`<div class="said"><span class="tag plain">${who}</span>${parts
    ? parts.map((p, i) => html`<div key=${i}>${p?.text !== undefined ? p.text : html`<span class="quiet">${p?.type || 'part'}${p?.filename ? ' ' + p.filename : ''}</span>`}</div>`)
    : html`<${Json} value=${item} />`}</div>`;
}
