import { html, useEffect, useState } from '../vendor/htm-preact.js';
import { useApp } from '../hooks.js';
import { Icon } from '../icons.js';
import { count, mayOpen, userName } from '../names.js';
import * as nav from '../nav.js';
import { date } from '../ts.js';
import { decode } from '../mentions.js';
import { messages } from './panel_api.js';

// Account shows what went in and what came out, and that nothing is missing between.

const OUTCOMES = ['answered', 'merged', 'declined', 'stopped', 'failed'];
const WORDS = { in: 'written to the assistant', out: 'with an outcome', in_flight: 'in flight', resumed: 'taken up again after a crash', unseen: 'answered, but not to be seen', twice: 'shown twice' };

const NONE = { in: 0, in_flight: 0, unreceived: 0, oldest_ms: 0, resumed: 0, unseen: 0, twice: 0, ...Object.fromEntries(OUTCOMES.map((name) => [name, 0])) };

export function Account({ account, history }) {
  const a = account || NONE;
  const [open, setOpen] = useState('');
  const toggle = (state) => setOpen(open === state ? '' : state);
  const figure = (state, n, label, kind = '') => html`<button type="button" class=${'fp-figure ' + kind + (open === state ? ' open' : '')} data-figure=${state} aria-expanded=${open === state} aria-label=${`${label}: ${n}. Show them`} onClick=${() => toggle(state)}><b>${n}</b><span>${label}</span></button>`;
  const out = OUTCOMES.reduce((n, name) => n + a[name], 0);
  return html`<section class="fp-account" aria-label="Account">
    <div class="fp-sum">
      ${figure('in', a.in, 'in', 'big')}<i aria-hidden="true">${a.in === out + a.in_flight ? '=' : '≠'}</i>
      ${figure('out', out, 'out', 'big')}<i aria-hidden="true">+</i>
      ${figure('in_flight', a.in_flight, 'in flight', 'big' + (a.in_flight ? ' busy' : ''))}
      <${Line} values=${history} />
    </div>
    <${Bar} a=${a} />
    <div class="fp-small">${OUTCOMES.map((name) => figure(name, a[name], name, name))}
      ${figure('resumed', a.resumed, 'resumed')}
      <span class="fp-figure" data-figure="oldest"><b>${a.in_flight ? wait(a.oldest_ms) : '–'}</b><span>oldest wait</span></span></div>
    ${account ? html`<${Verdict} a=${a} toggle=${toggle} />` : html`<p class="fp-verdict">Reading the account…</p>`}
    ${open ? html`<${List} state=${open} account=${a} close=${() => setOpen('')} />` : null}
  </section>`;
}

export const wait = (ms) => (ms < 60_000 ? (ms / 1000).toFixed(1) + ' s' : ms < 3_600_000 ? Math.round(ms / 60_000) + ' min' : Math.round(ms / 3_600_000) + ' h');

// Verdict says it in words.
function Verdict({ a, toggle }) {
  const wrong = a.unseen ? ['unseen', `${count(a.unseen, 'answer')} ${a.unseen === 1 ? 'is' : 'are'} in the books, but not in Slack`] : a.twice ? ['twice', `${count(a.twice, 'message')} ${a.twice === 1 ? 'has' : 'have'} two answers`] : null;
  if (wrong) return html`<p class="fp-verdict bad" role="alert"><button type="button" class="link" onClick=${() => toggle(wrong[0])}>${wrong[1]}</button></p>`;
  if (a.in_flight) return html`<p class="fp-verdict busy">${count(a.in_flight, 'message')} on the way${a.unreceived ? `, ${a.unreceived} not received yet` : ''}.</p>`;
  if (!a.in) return html`<p class="fp-verdict">Nothing was written yet.</p>`;
  return html`<p class="fp-verdict good"><${Icon} name="check" /> ${a.by_sight ? 'Every message has an answer, as far as one can see.' : 'Every message has its outcome, each answer is there once.'}</p>`;
}

// Bar shows the shares. Figures stand beside it, so screen readers pass it by.
function Bar({ a }) {
  const parts = [...OUTCOMES.map((name) => [name, a[name]]), ['in_flight', a.in_flight]];
  let at = 0;
  return html`<svg class="fp-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">${a.in ? parts.map(([name, n]) => {
    const from = at;
    at += (n / a.in) * 100;
    return n ? html`<rect key=${name} class=${name} x=${from} y="0" width=${at - from} height="4" />` : null;
  }) : null}</svg>`;
}

// Line is what was in flight during the last half minute.
function Line({ values }) {
  const top = Math.max(...values, 1);
  const points = values.map((v, i) => `${60 - values.length + i},${19 - (v / top) * 17}`).join(' ');
  return html`<svg class="fp-line" viewBox="0 0 60 20" preserveAspectRatio="none" aria-hidden="true"><polyline points=${points} /></svg>`;
}

function List({ state, account, close }) {
  const { store } = useApp();
  const [found, setFound] = useState(null);
  const [error, setError] = useState('');
  const sum = JSON.stringify({ ...account, oldest_ms: 0 });
  useEffect(() => {
    let over = false;
    messages(state).then((r) => { if (!over) { setFound(r); setError(''); } }, (err) => { if (!over) setError(err.message); });
    return () => { over = true; };
  }, [state, sum]);
  const what = WORDS[state] || state;
  return html`<div class="fp-list" role="region" aria-label=${'Messages ' + what}>
    <div class="fp-list-head"><strong>${found ? count(found.total, 'message') : 'Messages'} ${what}</strong><button type="button" class="tool" aria-label="Close the list" title="Close" onClick=${close}><${Icon} name="close" /></button></div>
    ${error ? html`<p class="problem" role="alert">${error}</p>` : null}
    <ul>${(found?.messages || []).map((m) => html`<${Item} key=${m.channel + m.ts} m=${m} store=${store} />`)}</ul>
    ${found && found.messages.length < found.total ? html`<p class="quiet">The newest ${found.messages.length} are shown.</p>` : null}
  </div>`;
}

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const TONES = { answered: 'ok', merged: 'ok', declined: 'plain', stopped: 'plain', failed: 'bad', unreceived: 'warn', waiting: 'warn', running: 'warn' };

function Item({ m, store }) {
  const { me, become, toggleInspector } = useApp();
  const root = m.thread_ts || m.ts;
  const go = (e) => {
    e.preventDefault();
    const channel = store.channels.get(m.channel);
    if (channel && !mayOpen(channel, me) && store.users.has(m.user)) become(m.user);
    if (matchMedia('(max-width: 640px)').matches) toggleInspector();
    nav.go(m.channel, root, m.ts);
  };
  const note = [m.reason, m.attempts > 1 && `run ${m.attempts}`, m.unseen && 'not in Slack', m.twice && 'twice in Slack'].filter(Boolean).join(', ');
  return html`<li><a href=${nav.link(m.channel, root, m.ts)} onClick=${go}>
    <span class="fp-said"><b>${m.user ? userName(store, m.user) : 'Somebody'}</b> ${m.text ? decode(store, m.text) : html`<i>(no longer in Slack)</i>`}</span>
    <span class=${'tag ' + (TONES[m.state] || 'plain')}>${m.state === 'unreceived' ? 'not received' : m.state}</span>${note ? html`<small>${note}</small>` : null}<time>${clock.format(date(m.ts))}</time></a></li>`;
}
