import { html, useRef, useState } from '../vendor/htm-preact.js';
import { useApp, useTopic } from '../hooks.js';
import { Icon } from '../icons.js';
import * as api from './calls.js';
import { perform } from './outcome.js';
import { giveBack, Popover } from './popover.js';

const ofType = (app, type) => (Array.isArray(app.shortcuts) ? app.shortcuts : []).filter((s) => s?.type === type && s.callback_id);

// messageShortcuts are entries for the menu of a message.
export function messageShortcuts(store, me, channel, m, say) {
  if (m.ephemeral) return [];
  const list = ofType(store.app, 'message');
  const run = (s) => perform(store, api.shortcut(me, s.callback_id, channel, m.ts)).catch((err) => say(`${s.name}: ${err.message}`));
  return list.length ? [null, ...list.map((s) => ({ label: s.name, icon: 'bolt', hint: store.app.name, on: () => run(s) }))] : [];
}

// ShortcutButton is the lightning in the composer: the app's global shortcuts, and its commands.
export function ShortcutButton({ command }) {
  const { store, me, say } = useApp();
  useTopic(store, 'people');
  const [open, setOpen] = useState(false);
  const anchor = useRef(null);
  const close = giveBack(anchor, setOpen);
  const shortcuts = ofType(store.app, 'global');
  const commands = command ? (store.app.commands || []) : [];
  if (!shortcuts.length && !commands.length) return null;
  const run = (s) => {
    close(true);
    perform(store, api.shortcut(me, s.callback_id)).catch((err) => say(`${s.name}: ${err.message}`));
  };
  const onKeyDown = (event) => {
    const all = [...event.currentTarget.querySelectorAll('[role=menuitem]')];
    const at = all.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next !== undefined) { event.preventDefault(); all[(next + all.length) % all.length].focus(); }
    else if (event.key === 'Tab') close();
  };
  const entry = (name, text, on) => html`<button type="button" role="menuitem" class="option" key=${name} onClick=${on}><span>${name}${text ? html`<small>${text}</small>` : null}</span></button>`;
  return html`<button type="button" class="tool" ref=${anchor} title="Shortcuts" aria-label="Shortcuts" aria-haspopup="menu" aria-expanded=${open} onClick=${() => setOpen(!open)}><${Icon} name="bolt" /></button>
    ${open ? html`<${Popover} anchor=${anchor} close=${close} role="menu" label="Shortcuts" wide=${280}><div class="optionlist" onKeyDown=${onKeyDown}>
      ${shortcuts.length ? html`<div class="optiongroup">Shortcuts of ${store.app.name}</div>${shortcuts.map((s) => entry(s.name, s.description, () => run(s)))}` : null}
      ${commands.length ? html`<div class="optiongroup">Commands</div>${commands.map((c) => entry(c.command, c.description, () => { close(); command(c.command + ' '); }))}` : null}</div><//>` : null}`;
}
