import { html, useLayoutEffect, useRef, useState } from './vendor/htm-preact.js';
import { PlaceIcon } from './avatar.js';
import { useApp } from './hooks.js';
import { channelName } from './names.js';
import * as nav from './nav.js';
import { ordered } from './rail.js';

// Switcher jumps to a channel or person by a few letters of its name.
export function Switcher({ close }) {
  const { store, me } = useApp();
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const field = useRef(null), back = useRef(document.activeElement);
  useLayoutEffect(() => {
    field.current.focus();
    return () => back.current?.focus?.({ preventScroll: true });
  }, []);

  const q = typed.trim().toLowerCase().replace(/^[#@]/, '');
  const found = ordered(store, me).map((c) => ({ c, name: channelName(store, c, me) }))
    .map((x) => ({ ...x, rank: rank(x.name.toLowerCase(), q) })).filter((x) => x.rank < 3)
    .sort((a, b) => a.rank - b.rank).slice(0, 12);
  const here = Math.min(at, Math.max(found.length - 1, 0));

  const take = (x) => { if (!x) return; back.current = null; close(); nav.go(x.c.id); };
  const onKeyDown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length) { event.preventDefault(); setAt((here + step + found.length) % found.length); }
    else if (event.key === 'Enter') { event.preventDefault(); take(found[here]); }
    else if (event.key === 'Escape') { event.stopPropagation(); close(); }
    else if (event.key === 'Tab') event.preventDefault();   // the field is all there is
  };
  return html`<div class="veil" onMouseDown=${(e) => { if (e.target === e.currentTarget) close(); }}>
    <div class="switcher" role="dialog" aria-modal="true" aria-label="Jump to a channel or person" onKeyDown=${onKeyDown}>
      <input ref=${field} type="text" role="combobox" aria-expanded="true" aria-controls="switcher-list" aria-activedescendant=${found.length ? 'sw' + here : null}
        placeholder="Jump to a channel or person" value=${typed} onInput=${(e) => { setTyped(e.target.value); setAt(0); }} />
      <ul id="switcher-list" role="listbox">${found.map((x, i) => html`<li key=${x.c.id} id=${'sw' + i} role="option" aria-selected=${i === here} class=${i === here ? 'on' : ''} onMouseMove=${() => setAt(i)} onClick=${() => take(x)}>
        <${PlaceIcon} store=${store} channel=${x.c} me=${me} size="tiny" /><span>${x.name}</span></li>`)}</ul>
      ${found.length ? null : html`<p class="quiet">Nothing by that name</p>`}
    </div>
  </div>`;
}

function rank(name, q) {
  if (name.startsWith(q)) return 0;
  if (name.split(/[\s_-]+/).some((w) => w.startsWith(q))) return 1;
  return name.includes(q) ? 2 : 3;
}
