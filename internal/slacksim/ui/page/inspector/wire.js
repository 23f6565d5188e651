import { html, useState } from '../vendor/htm-preact.js';
import { useDoing } from '../dialog.js';
import { useApp, useTopic } from '../hooks.js';
import { MenuButton } from '../menu.js';
import { count } from '../names.js';
import { sockets, useRemote } from './control_api.js';
import { NumberField, Problem, Switch } from './fields.js';
import { time } from './times.js';

// Delivery makes the events arrive badly.
export function Delivery() {
  const { value: v, error, set } = useRemote('deliver');
  if (!v) return html`<${Problem} text=${error} />`;
  const [lo, hi] = v.delay_ms || [0, 0];
  return html`<${Switch} label="Hold all events back" on=${v.hold} set=${(hold) => set({ hold })} hint="They come when this is lifted" />
    <${Switch} label="Mix up their order" on=${v.reorder} set=${(reorder) => set({ reorder })} />
    <${NumberField} label="Send each so often again" value=${v.duplicate} set=${(duplicate) => set({ duplicate })} unit="times" />
    <${NumberField} label="Delay at least" value=${lo} set=${(n) => set({ delay_ms: [n, Math.max(n, hi)] })} unit="ms" />
    <${NumberField} label="Delay at most" value=${hi} set=${(n) => set({ delay_ms: [Math.min(lo, n), n] })} unit="ms" />
    <${Problem} text=${error} />
    ${v.hold || v.reorder || v.duplicate || hi ? html`<button type="button" class="quietbutton" onClick=${() => set({ hold: false, reorder: false, duplicate: 0, delay_ms: [0, 0] })}>Deliver as usual</button>` : null}`;
}

const ACTIONS = { drop: 'Drop (reset, without a word)', half_frame: 'Break off in a frame', stall: 'Stall (silent, but open)', resume: 'Resume', warning: 'Send the warning', refresh: 'Ask to refresh' };

// Connections are the app's sockets, each and all together.
export function Connections() {
  const { store } = useApp();
  useTopic(store, 'people');
  const { problem, run } = useDoing();
  const [disabled, setDisabled] = useState(false);
  const all = [...store.sockets.values()].reverse();
  const open = all.filter((s) => s.state !== 'closed');
  const act = (action, id) => run(() => sockets(action, id));
  const items = (id) => () => Object.entries(ACTIONS).map(([action, label]) => ({ label, icon: 'pulse', on: () => act(action, id) }));
  const toggle = () => run(async () => { await sockets(disabled ? 'enable' : 'disable'); setDisabled(!disabled); });
  return html`<ul class="armed" aria-label="Connections">${open.map((s) => html`<li key=${s.id}><span><code>${s.id}</code> <span class=${'tag ' + (s.state === 'live' ? 'ok' : 'warn')}>${s.state}</span></span>
      <small>${count(s.envelopes || 0, 'envelope')}, since ${time(s.opened_at)}</small><${MenuButton} label=${'Do something to ' + s.id} items=${items(s.id)} /></li>`)}</ul>
    ${open.length === 0 ? html`<p class="quiet">No connection is open.</p>` : html`<div class="buttons">${Object.keys(ACTIONS).map((action) => html`<button type="button" class="button" key=${action} data-action=${action} onClick=${() => act(action)}>${action.replace('_', ' ')}${open.length > 1 ? ' all' : ''}</button>`)}</div>`}
    <div class="buttons"><button type="button" class="button" data-action="toggle" aria-pressed=${disabled} onClick=${toggle}>${disabled ? 'Switch Socket Mode on again' : 'Switch Socket Mode off'}</button></div>
    ${all.length > open.length ? html`<p class="quiet">${count(all.length - open.length, 'connection')} closed before.</p>` : null}${problem}`;
}

// Limits are the rates that Slack enforces.
export function Limits() {
  const { value: v, error, set } = useRemote('limits');
  const [method, setMethod] = useState('');
  const [per, setPer] = useState(20);
  if (!v) return html`<${Problem} text=${error} />`;
  const own = Object.entries(v.methods || {});
  const put = (e) => { e.preventDefault(); if (method.trim()) set({ methods: { ...v.methods, [method.trim()]: Number(per) || 0 } }); };
  return html`<${Switch} label="Enforce Slack's limits" on=${v.enabled} set=${(enabled) => set({ enabled })} />
    <${NumberField} label="Multiplied by" value=${v.scale} step="0.1" set=${(scale) => set({ scale })} />
    <${NumberField} label="Calls above, let through" value=${v.burst} set=${(burst) => set({ burst })} />
    <form class="inline-form" onSubmit=${put}><input type="text" placeholder="a method" aria-label="Method" list="methods" value=${method} onInput=${(e) => setMethod(e.target.value)} /><input type="number" min="1" aria-label="Calls a minute" value=${per} onInput=${(e) => setPer(e.target.value)} /><small>a minute</small><button type="submit" class="button" disabled=${!method.trim()}>Set</button></form>
    <ul class="armed">${own.map(([m, n]) => html`<li key=${m}><code>${m}</code><small>${n} a minute</small></li>`)}</ul>
    <${Problem} text=${error} />`;
}
