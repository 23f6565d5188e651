import { html, useLayoutEffect, useRef, useState } from '../vendor/htm-preact.js';
import { Icon } from '../icons.js';
import { bare } from '../text/textobject.js';
import { giveBack, Popover } from './popover.js';
import { Spinner, useElement } from './surface.js';

// Dates are "YYYY-MM-DD" and times "HH:MM", as Slack has them; both are those of the wall.

const pad = (n) => String(n).padStart(2, '0');
const iso = (d) => `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`;
const dayOf = (s) => { const m = /^(\d{4})-(\d\d)-(\d\d)$/.exec(s || ''); return m ? new Date(Number(m[1]), Number(m[2]) - 1, Number(m[3])) : null; };
const long = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'long', year: 'numeric' });
const month = new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'narrow' });
const whole = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const hours = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const show = (time) => { const m = /^(\d\d):(\d\d)$/.exec(time || ''); return m ? hours.format(new Date(2000, 0, 1, Number(m[1]), Number(m[2]))) : ''; };

export function DatePicker({ block, e }) {
  const el = useElement(block, e);
  return html`<div class="el"><${DateField} el=${el} value=${el.value} change=${el.choose} placeholder=${bare(e.placeholder) || 'Choose a date'} optional=${block.type === 'input' && block.optional} />${el.after}</div>`;
}

export function TimePicker({ block, e }) {
  const el = useElement(block, e);
  return html`<div class="el"><${TimeField} el=${el} value=${el.value} change=${el.choose} placeholder=${bare(e.placeholder) || 'Choose a time'} zone=${e.timezone} />${el.after}</div>`;
}

// DateTimePicker is both; the moment counts in this browser's time zone.
export function DateTimePicker({ block, e }) {
  const el = useElement(block, e);
  const [half, setHalf] = useState({});   // what is chosen while the other is not
  const at = el.value ? new Date(el.value * 1000) : null;
  const date = at ? iso(at) : half.date, time = at ? `${pad(at.getHours())}:${pad(at.getMinutes())}` : half.time;
  const change = (more) => {
    const next = { date, time, ...more };
    setHalf(next);
    if (!next.date || !next.time) return;
    const d = dayOf(next.date), [h, m] = next.time.split(':').map(Number);
    el.choose(Math.floor(new Date(d.getFullYear(), d.getMonth(), d.getDate(), h, m).getTime() / 1000));
  };
  return html`<div class="el datetime"><${DateField} el=${el} value=${date} change=${(v) => change({ date: v })} placeholder="Date" />
    <${TimeField} el=${{ ...el, id: el.id + 't', busy: false }} value=${time} change=${(v) => change({ time: v })} placeholder="Time" />${el.after}</div>`;
}

function DateField({ el, value, change, placeholder, optional }) {
  const [open, setOpen] = useState(false);
  const anchor = useRef(null);
  const close = giveBack(anchor, setOpen);
  const day = dayOf(value);
  const pick = (d) => { close(true); change(d ? iso(d) : null); };
  return html`<div class=${'select date' + (open ? ' open' : '')} ref=${anchor}>
    <button type="button" id=${el.id} class="select-face" aria-haspopup="dialog" aria-expanded=${open} aria-labelledby=${el.labelled ? `${el.labelled} ${el.id}` : null} disabled=${el.rests} aria-busy=${el.busy} onClick=${() => (open ? close(true) : setOpen(true))}>
      ${el.busy ? html`<${Spinner} />` : html`<${Icon} name="calendar" />`}<span class=${'face' + (day ? '' : ' quiet')}>${day ? long.format(day) : placeholder}</span></button>
    ${open ? html`<${Popover} anchor=${anchor} close=${close} role="dialog" label="Choose a date" kind="fit"><${Calendar} day=${day} pick=${pick} clear=${optional && day} /><//>` : null}
  </div>`;
}

// Calendar is one month. Arrows go by days, Page Up and Down by months.
function Calendar({ day, pick, clear }) {
  const [at, setAt] = useState(() => day || new Date());
  const grid = useRef(null);
  useLayoutEffect(() => { grid.current.querySelector('[tabindex="0"]')?.focus({ preventScroll: true }); }, [iso(at)]);
  const first = new Date(at.getFullYear(), at.getMonth(), 1);
  const lead = (first.getDay() + 6) % 7;   // weeks begin on Monday
  const days = Array.from({ length: 42 }, (_, i) => new Date(at.getFullYear(), at.getMonth(), 1 - lead + i));
  const weeks = [0, 7, 14, 21, 28, 35].map((i) => days.slice(i, i + 7)).filter((w, i) => i < 4 || w.some((d) => d.getMonth() === at.getMonth()));
  const move = (n) => setAt(new Date(at.getFullYear(), at.getMonth(), at.getDate() + n));
  const turn = (n) => { const last = new Date(at.getFullYear(), at.getMonth() + n + 1, 0).getDate(); setAt(new Date(at.getFullYear(), at.getMonth() + n, Math.min(at.getDate(), last))); };
  const onKeyDown = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key], months = { PageUp: -1, PageDown: 1 }[event.key];
    if (!by && !months) return;
    event.preventDefault();
    event.stopPropagation();
    if (by) move(by); else turn(months);
  };
  const today = iso(new Date());
  return html`<div class="calendar">
    <div class="calendar-head"><button type="button" class="tool" aria-label="Earlier month" onClick=${() => turn(-1)}><${Icon} name="back" /></button><strong aria-live="polite">${month.format(at)}</strong><button type="button" class="tool" aria-label="Later month" onClick=${() => turn(1)}><${Icon} name="forward" /></button></div>
    <table role="grid" ref=${grid} onKeyDown=${onKeyDown}><thead><tr>${days.slice(0, 7).map((d) => html`<th scope="col" aria-hidden="true">${weekday.format(d)}</th>`)}</tr></thead>
      <tbody>${weeks.map((w) => html`<tr key=${iso(w[0])}>${w.map((d) => html`<td key=${iso(d)}><button type="button" data-date=${iso(d)} aria-label=${whole.format(d)} tabindex=${iso(d) === iso(at) ? 0 : -1} aria-pressed=${day && iso(d) === iso(day)}
        class=${[d.getMonth() !== at.getMonth() && 'other', iso(d) === today && 'today'].filter(Boolean).join(' ')} onClick=${() => pick(d)}>${d.getDate()}</button></td>`)}</tr>`)}</tbody></table>
    <div class="calendar-foot"><button type="button" class="quietbutton" onClick=${() => pick(new Date())}>Today</button>${clear ? html`<button type="button" class="quietbutton" onClick=${() => pick(null)}>Clear</button>` : null}</div>
  </div>`;
}

// parse reads a time as people type it: 9, 9:30, 930, 9.30 pm, 21h30.
export function parse(text) {
  const m = /^\s*(\d{1,2})(?:[:.h]?(\d{2}))?\s*(a|p|am|pm)?\s*$/i.exec(text);
  if (!m) return '';
  let h = Number(m[1]);
  const minute = Number(m[2] || 0), half = m[3]?.[0].toLowerCase();
  if (half && (h < 1 || h > 12)) return '';
  if (half === 'p' && h < 12) h += 12;
  if (half === 'a' && h === 12) h = 0;
  return h < 24 && minute < 60 ? `${pad(h)}:${pad(minute)}` : '';
}

function TimeField({ el, value, change, placeholder, zone }) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(-1);
  const anchor = useRef(null), list = useRef(null);
  const shut = giveBack(anchor, setOpen);
  const close = (back) => { shut(back); setTyped(''); setAt(-1); };
  const exact = parse(typed);
  const all = Array.from({ length: 48 }, (_, i) => `${pad(i >> 1)}:${i % 2 ? '30' : '00'}`);
  const fits = typed ? [...new Set([exact, ...all.filter((t) => t.includes(typed.trim()) || show(t).toLowerCase().startsWith(typed.trim().toLowerCase()))].filter(Boolean))] : all;
  const here = at >= 0 ? Math.min(at, fits.length - 1) : typed ? 0 : Math.max(0, fits.findIndex((t) => t >= (value || '09:00')));
  useLayoutEffect(() => { if (open) { list.current?.querySelector('.on')?.scrollIntoView({ block: 'nearest' }); } }, [open, here]);
  const pick = (t) => { if (t) { close(true); change(t); } };
  const onKeyDown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && fits.length) { event.preventDefault(); setAt((here + step + fits.length) % fits.length); }
    else if (event.key === 'Enter') { event.preventDefault(); event.stopPropagation(); pick(fits[here]); }
    else if (event.key === 'Tab') { event.preventDefault(); close(true); }
  };
  return html`<div class=${'select time' + (open ? ' open' : '')} ref=${anchor}>
    <button type="button" id=${el.id} class="select-face" aria-haspopup="listbox" aria-expanded=${open} aria-labelledby=${el.labelled ? `${el.labelled} ${el.id}` : null} disabled=${el.rests} aria-busy=${el.busy} onClick=${() => (open ? close(true) : setOpen(true))}>
      ${el.busy ? html`<${Spinner} />` : html`<${Icon} name="clock" />`}<span class=${'face' + (value ? '' : ' quiet')}>${value ? show(value) : placeholder}${zone ? html` <small class="quiet">${String(zone)}</small>` : null}</span></button>
    ${open ? html`<${Popover} anchor=${anchor} close=${close} label="Choose a time" wide=${160}><div class="options" onKeyDown=${onKeyDown}>
      <input type="text" autocomplete="off" placeholder="e.g. 9:15" aria-label="Time" value=${typed} onInput=${(ev) => { setTyped(ev.target.value); setAt(-1); }} />
      <div class="optionlist" role="listbox" ref=${list}>${fits.map((t, i) => html`<div role="option" key=${t} class=${'option' + (i === here ? ' on' : '')} aria-selected=${t === value} data-value=${t} onMouseMove=${() => here !== i && setAt(i)} onMouseDown=${(ev) => ev.preventDefault()} onClick=${() => pick(t)}><span>${show(t)}</span></div>`)}</div>
      ${fits.length ? null : html`<p class="options-note">No such time.</p>`}</div><//>` : null}
  </div>`;
}
