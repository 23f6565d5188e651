import { html, useEffect, useState } from '../vendor/htm-preact.js';
import { useDoing } from '../dialog.js';
import { useApp, useTopic } from '../hooks.js';
import { advance } from './control_api.js';

const STEPS = [['1 min', 60_000], ['5 min', 300_000], ['1 hour', 3_600_000]];
const format = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' });

// Clock shows the simulator's time and moves it on: what waits until then happens at once.
export function Clock() {
  const { store } = useApp();
  useTopic(store, 'link');
  const { busy, problem, run } = useDoing();
  const [, tick] = useState(0);
  const [minutes, setMinutes] = useState(30);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  const go = (ms) => run(async () => { const { now } = await advance(ms); store.setNow(now); tick((n) => n + 1); });
  const ahead = Math.round(store.skew / 60000);
  return html`<p class="clock"><time>${format.format(Date.now() + store.skew)}</time>${Math.abs(ahead) >= 1 ? html`<small>${ahead > 0 ? `${ahead} min ahead of this computer` : `${-ahead} min behind this computer`}</small>` : html`<small>as on this computer</small>`}</p>
    <div class="buttons">${STEPS.map(([label, ms]) => html`<button type="button" class="button" key=${label} disabled=${busy} onClick=${() => go(ms)}>+ ${label}</button>`)}</div>
    <form class="inline-form" onSubmit=${(e) => { e.preventDefault(); if (minutes > 0) go(minutes * 60_000); }}><span>Move on by</span><input type="number" min="1" aria-label="Minutes" value=${minutes} onInput=${(e) => setMinutes(Number(e.target.value) || 0)} /><small>min</small><button type="submit" class="button" disabled=${busy || !(minutes > 0)}>Go</button></form>
    <p class="quiet">Sessions, streams and redeliveries that are due happen at once. There is no way back but a reset of the sandbox.</p>${problem}`;
}
