import { html, useEffect, useLayoutEffect, useRef, useState } from './vendor/htm-preact.js';
import { Icon } from './icons.js';

// MenuList is an open menu: items are {label, icon, on, danger, hint}; empty ones are left
// out and null draws a line. It opens upwards where there is no room below.
export function MenuList({ items, close, label }) {
  const box = useRef(null);
  const [up, setUp] = useState(false);
  const list = items.filter((x) => x !== false && x !== undefined && x !== '');
  useLayoutEffect(() => {
    setUp(box.current.getBoundingClientRect().bottom > innerHeight - 12);
    box.current.querySelector('[role=menuitem]')?.focus({ preventScroll: true });
  }, []);
  useEffect(() => {
    const outside = (e) => { if (!box.current.parentElement.contains(e.target)) close(); };
    addEventListener('pointerdown', outside, true);
    return () => removeEventListener('pointerdown', outside, true);
  }, []);
  const onKeyDown = (e) => {
    const all = [...box.current.querySelectorAll('[role=menuitem]')];
    const at = all.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[e.key];
    if (next !== undefined) { e.preventDefault(); e.stopPropagation(); all[(next + all.length) % all.length]?.focus(); }
    else if (e.key === 'Escape') { e.stopPropagation(); close(true); }
    else if (e.key === 'Tab') close();
  };
  return html`<div class=${'popmenu' + (up ? ' up' : '')} ref=${box} role="menu" aria-label=${label} onKeyDown=${onKeyDown}>
    ${list.map((x, i) => (x === null ? html`<hr key=${i} />` : html`<button type="button" role="menuitem" key=${x.label} class=${x.danger ? 'danger' : ''} onClick=${() => { close(); x.on(); }}>
      <${Icon} name=${x.icon} /><span>${x.label}</span>${x.hint ? html`<small>${x.hint}</small>` : null}</button>`))}
  </div>`;
}

// MenuButton is a button with its menu.
export function MenuButton({ label, icon = 'more', items, kind = 'tool' }) {
  const [open, setOpen] = useState(false);
  const button = useRef(null);
  const close = (back) => { setOpen(false); if (back) button.current?.focus(); };
  return html`<span class="menubox">
    <button type="button" class=${kind} ref=${button} title=${label} aria-label=${label} aria-haspopup="menu" aria-expanded=${open} onClick=${() => setOpen(!open)}><${Icon} name=${icon} /></button>
    ${open ? html`<${MenuList} items=${items()} close=${close} label=${label} />` : null}
  </span>`;
}

// copy puts a text on the clipboard and says so.
export async function copy(text, say, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(what + ' copied.', 'good');
  } catch {
    say('The browser does not let this page write to the clipboard: ' + text);
  }
}
