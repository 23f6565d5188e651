import { html, useEffect, useState } from '../vendor/htm-preact.js';
import * as api from '../api.js';
import { useApp, useTopic } from '../hooks.js';
import { userName } from '../names.js';
import { Json } from './json.js';
import { time } from './times.js';

// Actions shows what people did to the app (clicks, commands, submissions) and how it answered.
export function Actions() {
  const { store, say } = useApp();
  useTopic(store, 'journal', 'people');
  const [filter, setFilter] = useState('');
  const [open, setOpen] = useState('');
  useEffect(() => {
    api.request('GET', '/sim/interactions').then((r) => store.addInteractions((Array.isArray(r) ? r : r.interactions || []).slice(-200)), (err) => { if (err.status !== 404) say(err.message); });
  }, []);
  const q = filter.trim().toLowerCase();
  const found = [...store.interactions.values()].reverse().filter((x) => !q || JSON.stringify(x).toLowerCase().includes(q));
  return html`<div class="inspector-bar"><input type="search" placeholder="Filter, e.g. an action_id" aria-label="Filter actions" value=${filter} onInput=${(e) => setFilter(e.target.value)} /></div>
    <div class="inspector-list" tabindex="0" role="region" aria-label="Actions of people">
      ${found.map((x) => html`<div key=${x.id} class=${'entry-row' + (open === x.id ? ' open' : '')}>
        <button type="button" class="envelope" aria-expanded=${open === x.id} onClick=${() => setOpen(open === x.id ? '' : x.id)}>
          <span class="what">${x.type} <span class="quiet">${x.command || x.action_id || x.callback_id || ''}</span></span>
          <span class=${'tag ' + ({ acked: 'ok', failed: 'bad' }[x.status] || 'warn')}>${x.status === 'failed' ? x.error || 'failed' : x.status}</span>
          <span class="quiet">${userName(store, x.user)}</span><time>${time(x.at)}</time></button>
        ${open === x.id ? html`<div class="detail"><${Json} value=${x} open=${2} /></div>` : null}</div>`)}
      ${found.length === 0 ? html`<p class="quiet nothing">${q ? 'Nothing fits.' : 'Nobody clicked, chose or commanded anything yet.'}</p>` : null}
    </div>`;
}
