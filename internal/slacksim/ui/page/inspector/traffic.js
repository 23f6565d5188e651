import { html, useEffect, useState } from '../vendor/htm-preact.js';
import { memo, useApp, useTopic } from '../hooks.js';
import { Icon } from '../icons.js';
import { copy } from '../menu.js';
import { load, save } from '../prefs.js';
import { loadJournal } from '../sync.js';
import { ms1, time } from './times.js';

// Traffic shows what goes over the wire: envelopes to the assistant, with the time it took
// to acknowledge them, and its Web API calls, newest first.

const SHOWN = 200;
const KINDS = { all: 'Everything', envelopes: 'Events', calls: 'Calls', trouble: 'Trouble' };

export function Traffic({ probe }) {
  const { store, say } = useApp();
  useTopic(store, 'journal', 'people');
  const [kind, setKind] = useState(() => (load('inspector.kind', 'all') in KINDS ? load('inspector.kind', 'all') : 'all'));
  const [filter, setFilter] = useState(probe.text);
  const [shown, setShown] = useState(SHOWN);
  const [open, setOpen] = useState('');
  const [unfolded, setUnfolded] = useState('');
  useEffect(() => { loadJournal(store).catch((err) => say('The journal could not be read. ' + err.message)); }, []);
  useEffect(() => { if (probe.text) { setFilter(probe.text); setKind('all'); setShown(SHOWN); } }, [probe]);

  const q = filter.trim().toLowerCase();
  const all = merged(store.journal, store.around.assistant?.log).filter((x) => fits(x, kind, q));
  const choose = (k) => { setKind(k); save('inspector.kind', k); setShown(SHOWN); };

  return html`<div class="inspector-bar">
      <div class="tabs" role="group" aria-label="Kind">${Object.entries(KINDS).map(([k, label]) => html`<button type="button" key=${k} aria-pressed=${k === kind} onClick=${() => choose(k)}>${label}</button>`)}</div>
      <div class="filter"><input type="search" placeholder="Filter, e.g. chat.update or U1" aria-label="Filter" value=${filter} onInput=${(e) => { setFilter(e.target.value); setShown(SHOWN); }} />
        <button type="button" class="tool" title="Copy what is listed as JSON" aria-label="Copy what is listed as JSON" disabled=${all.length === 0} onClick=${() => copy(JSON.stringify(all.map((x) => x.entry), null, 2), say, all.length === 1 ? 'One entry is' : all.length + ' entries are')}><${Icon} name="copy" /></button>
        <button type="button" class="tool" title="Clear the list" aria-label="Clear the list" onClick=${() => store.clearJournal()}><${Icon} name="bin" /></button></div>
    </div>
    <div class="inspector-list" tabindex="0" role="region" aria-label="Events and calls">
      ${folded(all, unfolded).slice(0, shown).map((x) => (x.happened ? html`<${Happened} key=${x.key} x=${x.entry} />` : x.fold
        ? html`<button type="button" class="fold" key=${'f' + x.fold} onClick=${() => setUnfolded(x.fold)}>${x.n} more ${x.name}</button>`
        : html`<${Row} key=${x.key} x=${x.entry} call=${x.call} open=${open === x.key} id=${x.key} toggle=${setOpen} />`))}
      ${all.length > shown ? html`<button type="button" class="earlier" onClick=${() => setShown(shown + SHOWN)}>Show earlier (${all.length - shown})</button>` : null}
      ${all.length === 0 ? html`<p class="quiet nothing">${q || kind !== 'all' ? 'Nothing fits.' : 'Nothing yet. Write a message and watch.'}</p>` : null}
    </div>`;
}

// merged interleaves both journals by time, newest first, with what happened to the
// assistant's process.
function merged({ envelopes, calls }, happenings) {
  const all = [
    ...envelopes.map((entry) => ({ key: 'e' + entry.n, entry, call: false, at: Date.parse(entry.sent_at) || 0 })),
    ...calls.map((entry) => ({ key: 'c' + entry.n, entry, call: true, at: Date.parse(entry.at) || 0 })),
  ];
  const since = Math.min(...all.map((x) => x.at));
  for (const [n, entry] of (happenings || []).entries()) {
    const at = Date.parse(entry.at);
    if (at >= since || all.length === 0) all.push({ key: 'h' + entry.at, entry: { n, ...entry }, happened: true, at });
  }
  return all.sort((a, b) => b.at - a.at || b.entry.n - a.entry.n);
}

// folded shortens runs of the same good call (a growing answer makes hundreds): the newest
// one stays, the others become one line. A run is named by its oldest entry, which stays
// the same while the run grows.
function folded(all, unfolded) {
  const out = [];
  for (let i = 0; i < all.length;) {
    let k = i + 1;
    while (k < all.length && alike(all[i], all[k])) k++;
    const name = all[k - 1].key;
    if (k - i > 3 && name !== unfolded) out.push(all[i], { fold: name, n: k - i - 1, name: all[i].entry.method });
    else out.push(...all.slice(i, k));
    i = k;
  }
  return out;
}

const alike = (a, b) => a.call && b.call && a.entry.method === b.entry.method && !bad(a.entry, true) && !bad(b.entry, true);

const bad = (x, call) => (call ? x.ok === false || !!x.fault || x.status >= 400 : x.attempt > 0 || !x.acked_at);

// Happened is a line about the assistant's process.
const Happened = ({ x }) => html`<div class="entry-row"><div class=${'happened' + (x.bad ? ' bad' : '')}><span class="way">●</span><span class="what">${x.text}</span><time>${time(x.at)}</time></div></div>`;

function fits({ entry, call, happened }, kind, q) {
  if (happened) return (kind === 'all' || kind === 'trouble') && (!q || entry.text.includes(q));
  if (kind === 'envelopes' && call) return false;
  if (kind === 'calls' && !call) return false;
  if (kind === 'trouble' && !bad(entry, call)) return false;
  if (!q) return true;
  const head = call ? [entry.method, entry.error, entry.fault] : [entry.type, entry.event_type, entry.event_id];
  return head.some((s) => String(s ?? '').toLowerCase().includes(q)) || text(entry).includes(q);
}

// The text that is searched is made once for each entry.
const texts = new WeakMap();
function text(entry) {
  if (!texts.has(entry)) texts.set(entry, JSON.stringify(entry).toLowerCase());
  return texts.get(entry);
}

const Row = memo(({ x, call, open, id, toggle }) => html`<div class=${'entry-row' + (open ? ' open' : '')}>
  <button type="button" class=${call ? 'call' : 'envelope'} aria-expanded=${open} onClick=${() => toggle(open ? '' : id)}>
    <span class="way" title=${call ? 'from the assistant' : 'to the assistant'}>${call ? '←' : '→'}</span>
    <span class="what">${call ? x.method : x.event_type || x.type}</span>
    ${call ? verdict(x) : ack(x)}
    <time>${time(call ? x.at : x.sent_at)}</time>
  </button>
  ${open ? html`<${Detail} x=${x} call=${call} />` : null}
</div>`);

function verdict(c) {
  const ms = html`<span class="ms">${ms1(c.ms)}</span>`;
  if (c.ok && !c.fault) return html`<span class="tag ok">ok</span>${ms}`;
  return html`<span class="tag bad">${c.error || c.fault || c.status || 'failed'}</span>${ms}`;
}

function ack(e) {
  const again = e.attempt > 0 ? html`<span class="tag warn">retry ${e.attempt}</span>` : null;
  if (e.acked_at) return html`${again}<span class="tag ok">ack</span><span class="ms">${ms1(e.ack_ms)}</span>`;
  return html`${again}<span class=${'tag ' + (e.gave_up ? 'bad' : 'warn')}>${e.gave_up ? 'no ack' : 'no ack yet'}</span>`;
}

function Detail({ x, call }) {
  const { say } = useApp();
  const parts = call ? [['Arguments', unwrapped(x.args)], ['Response', x.response]] : [['Payload', x.payload], ['Answer', x.ack_payload]];
  const { args, response, payload, ack_payload, ...rest } = x;
  return html`<div class="detail"><button type="button" class="quietbutton" onClick=${() => copy(JSON.stringify(x, null, 2), say, 'The entry is')}><${Icon} name="copy" /> Copy as JSON</button>${[...parts, ['Record', rest]].filter(([, v]) => v !== undefined && v !== null && v !== '')
    .map(([title, v]) => html`<h3>${title}</h3><pre tabindex="0">${pretty(v)}</pre>`)}</div>`;
}

// unwrapped shows the JSON inside form fields (blocks, chunks, metadata) as what it is.
function unwrapped(args) {
  if (args === null || typeof args !== 'object' || Array.isArray(args)) return args;
  return Object.fromEntries(Object.entries(args).map(([k, v]) => {
    if (typeof v !== 'string' || !/^\s*[[{]/.test(v)) return [k, v];
    try { return [k, JSON.parse(v)]; } catch { return [k, v]; }
  }));
}

function pretty(v) {
  const s = typeof v === 'string' ? v : JSON.stringify(v, null, 2);
  return s.length > 60000 ? s.slice(0, 60000) + '\n… cut here' : s;
}
