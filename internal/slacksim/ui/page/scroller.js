import { html, useEffect, useLayoutEffect, useRef, useState } from './vendor/htm-preact.js';
import { Icon } from './icons.js';
import { count } from './names.js';
import { after } from './ts.js';

const CAP = 200;             // rows drawn at once; a button shows the earlier ones
const NEAR = 40;             // pixels from the end that still count as "at the end"

// Scroller shows the end of a long list of rows. It follows what is added only while
// the reader is at the end; otherwise it stays put and says how much is new.
// goal is the ts of a row that an address leads to: it is shown in the middle and lit up,
// once for each visit.
export function Scroller({ rows, draw, label, head, foot, goal = '', visit }) {
  const box = useRef(null), inner = useRef(null);
  const stuck = useRef(true), lastTop = useRef(0);
  const start = useRef(null);                  // key of the first row drawn, null: the last CAP
  const anchor = useRef(null);                 // a row to hold still while earlier ones appear
  const [atEnd, setAtEnd] = useState(true);
  const [, redraw] = useState(0);

  const visited = useRef(null);
  const aim = goal && visited.current !== visit ? rows.findIndex((r) => r.kind === 'msg' && r.ts === goal) : -1;

  const newest = rows.reduce((ts, r) => (r.kind === 'msg' && (!ts || after(r.ts, ts)) ? r.ts : ts), '');
  const seen = useRef(newest);
  const known = useRef(newest);

  let from = start.current === null ? -1 : rows.findIndex((r) => r.key === start.current);
  if (from < 0 || (stuck.current && rows.length - from > CAP * 1.5)) from = Math.max(0, rows.length - CAP);
  if (aim >= 0) { from = Math.min(from, Math.max(0, aim - 20)); stuck.current = false; }
  start.current = from > 0 ? rows[from].key : rows[0]?.key ?? null;

  const toEnd = () => {
    const el = box.current;
    if (!el) return;
    el.scrollTop = el.scrollHeight;
    lastTop.current = el.scrollTop;
  };

  const onScroll = () => {
    const el = box.current;
    const near = el.scrollHeight - el.scrollTop - el.clientHeight <= NEAR;
    // Only a move upwards lets go: text growing underneath is not the reader's doing.
    if (near) stuck.current = true;
    else if (el.scrollTop < lastTop.current - 1) stuck.current = false;
    lastTop.current = el.scrollTop;
    setAtEnd(stuck.current);
  };

  useLayoutEffect(() => {
    if (anchor.current) {
      const { el, top } = anchor.current;
      anchor.current = null;
      if (el.isConnected) box.current.scrollTop += el.getBoundingClientRect().top - top;
    }
    const own = newest !== known.current && rows.some((r) => r.ts === newest && r.mine);
    known.current = newest;
    if (own) { stuck.current = true; setAtEnd(true); }
    if (aim >= 0) {
      visited.current = visit;
      light(inner.current, goal);
      setAtEnd(false);
      onScroll();
    } else if (stuck.current) { seen.current = newest; toEnd(); }
  });

  useEffect(() => {
    const watch = new ResizeObserver(() => { if (stuck.current) toEnd(); });
    watch.observe(box.current);
    watch.observe(inner.current);
    return () => watch.disconnect();
  }, []);

  useEffect(() => {
    if (goal && visited.current !== visit) complain('That message is not here (any more).');
  }, [goal, visit]);

  const earlier = () => {
    const el = [...inner.current.querySelectorAll('[data-ts]')].find((x) => x.getBoundingClientRect().bottom > 0);
    if (el) anchor.current = { el, top: el.getBoundingClientRect().top };
    stuck.current = false;
    start.current = rows[Math.max(0, from - CAP)].key;
    redraw((n) => n + 1);
  };

  const jump = () => { stuck.current = true; seen.current = newest; setAtEnd(true); toEnd(); };

  // Arrow keys walk from message to message, so that the list is one stop for Tab.
  const onKeyDown = (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const here = document.activeElement;
    if (!step || event.altKey || event.ctrlKey || event.metaKey || (here !== box.current && !here?.classList.contains('msg'))) return;
    const all = [...inner.current.querySelectorAll('.msg')];
    const at = all.indexOf(here);
    const next = at < 0 ? (step < 0 ? all.at(-1) : null) : all[at + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  };

  const fresh = atEnd ? 0 : rows.filter((r) => r.kind === 'msg' && !r.mine && seen.current && after(r.ts, seen.current)).length;
  return html`<div class="scrollwrap">
    <div class="scroller" ref=${box} onScroll=${onScroll} onKeyDown=${onKeyDown} tabindex="0" role="log" aria-label=${label} aria-live="off">
      <div class="rows" ref=${inner}>
        ${from > 0 ? html`<button type="button" class="earlier" onClick=${earlier}>Show earlier messages (${from} rows above)</button>` : head}
        ${rows.slice(from).map(draw)}
        ${foot}
      </div>
    </div>
    ${atEnd ? null : html`<button type="button" class=${'pill' + (fresh ? ' fresh' : '')} onClick=${jump}>
      ${fresh ? count(fresh, 'new message') : 'To the newest'} <${Icon} name="down" /></button>`}
  </div>`;
}

// light shows one message in the middle and marks it for a moment.
function light(list, ts) {
  const el = list.querySelector(`.msg[data-ts="${CSS.escape(ts)}"]`);
  if (!el) return;
  el.scrollIntoView({ block: 'center' });
  el.focus({ preventScroll: true });
  el.classList.add('goal');
  setTimeout(() => el.classList.remove('goal'), 4000);
}

const complain = (text) => dispatchEvent(new CustomEvent('holdfast:say', { detail: text }));
