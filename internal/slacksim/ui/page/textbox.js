import { html, useLayoutEffect, useRef, useState } from './vendor/htm-preact.js';
import { Avatar } from './avatar.js';
import { hintFor, offers, pendingCommand } from './interact/commands.js';
import { matches, pending } from './mentions.js';
import { emoji, findEmoji } from './text/emoji.js';

let boxes = 0;

// place sets text and caret at once: waiting for the next drawing would put the caret
// wrong under the fingers of somebody who types on.
export function place(el, text, caret) {
  el.value = text;
  el.focus();
  el.setSelectionRange(caret, caret);
}

// TextBox is the field in which messages are written: it grows with its text, offers
// people after "@" and emoji after ":", sends on Enter and breaks the line on Shift+Enter.
export function TextBox({ value, change, submit, cancel, up, everyone, picked, placeholder, label, field, focus, app, noCommands }) {
  const own = useRef(null);
  const area = field || own;
  const [id] = useState(() => 'box' + ++boxes);
  const [offer, setOffer] = useState(null);     // {from, to, list, at}

  useLayoutEffect(() => {
    const el = area.current;
    el.style.height = 'auto';
    el.style.height = Math.min(el.scrollHeight, innerHeight * 0.4) + 'px';
  }, [value]);
  useLayoutEffect(() => {
    if (!focus) return;
    area.current.focus({ preventScroll: true });
    area.current.setSelectionRange(value.length, value.length);
  }, []);

  const look = () => {
    const el = area.current;
    const found = el.selectionStart === el.selectionEnd ? (app && pendingCommand(el.value, el.selectionStart)) || pending(el.value, el.selectionStart) : null;
    if (!found) return setOffer(null);
    const list = found.kind === '/' ? (noCommands ? [] : offers(app, found.query).map((c) => ({ key: c.command, command: c, label: c.command, insert: c.command + ' ' })))
      : found.kind === '@'
      ? matches(everyone, found.query, 8).map((p) => ({ key: p.id, person: p, label: p.label, insert: '@' + p.label + ' ' }))
      : findEmoji(found.query, 8).map((n) => ({ key: n, label: `:${n}:`, drawn: emoji(n), insert: `:${n}: ` }));
    // A name typed to its end needs no help: Enter sends.
    const complete = found.kind !== ':' && list.length === 1 && list[0].label.replace(/^\//, '').toLowerCase() === found.query.toLowerCase();
    setOffer(list.length && !complete ? { from: found.from, to: el.selectionStart, list, at: 0 } : null);
  };

  const take = (entry) => {
    const el = area.current;
    if (entry.person && picked) picked.set(entry.person.label, entry.person.id);
    const next = value.slice(0, offer.from) + entry.insert + value.slice(offer.to).replace(/^ /, '');
    const caret = offer.from + entry.insert.length;
    setOffer(null);
    place(el, next, caret);
    change(next);
  };

  const hint = !app || !value.startsWith('/') ? '' : noCommands ? 'Commands do not work in threads. Begin with a space to send this as a message.' : hintFor(app, value);

  const onKeyDown = (event) => {
    if (event.isComposing) return;
    const { key } = event;
    if (offer) {
      const move = { ArrowDown: 1, ArrowUp: -1 }[key];
      if (move) {
        event.preventDefault();
        setOffer({ ...offer, at: (offer.at + move + offer.list.length) % offer.list.length });
        return;
      }
      if ((key === 'Enter' && !event.shiftKey) || key === 'Tab') { event.preventDefault(); take(offer.list[offer.at]); return; }
      if (key === 'Escape') { event.preventDefault(); event.stopPropagation(); setOffer(null); return; }
    }
    if (key === 'Enter' && !event.shiftKey) { event.preventDefault(); submit(); }
    else if (key === 'Escape' && cancel) { event.preventDefault(); event.stopPropagation(); cancel(); }
    else if (key === 'ArrowUp' && up && value === '' && !event.altKey) { event.preventDefault(); up(); }
  };

  return html`<div class="textbox">
    ${offer ? html`<ul class="offer" role="listbox" id=${id} aria-label="Suggestions">${offer.list.map((entry, i) => html`
      <li role="option" key=${entry.key} id=${id + '-' + i} aria-selected=${i === offer.at} class=${i === offer.at ? 'on' : ''}
          onMouseDown=${(e) => { e.preventDefault(); take(entry); }} onMouseMove=${() => { if (offer.at !== i) setOffer({ ...offer, at: i }); }}>
        ${entry.person ? html`<${Avatar} id=${entry.person.id} name=${entry.person.label} app=${entry.person.app} size="small" />` : entry.command ? html`<${Avatar} app size="small" />` : html`<span class="emoji">${entry.drawn}</span>`}
        ${entry.command ? html`<span class="offer-command"><span><strong>${entry.label}</strong> ${entry.command.usage_hint ? html`<code>${entry.command.usage_hint}</code>` : null}</span><span class="quiet">${entry.command.description}</span></span>` : html`<span>${entry.label}</span>`}
        ${entry.person ? html`<span class="quiet">${entry.person.app ? 'the assistant' : entry.person.handle}${entry.person.member ? '' : ', not in this channel'}</span>` : null}
      </li>`)}</ul>` : hint ? html`<div class="offer hint" role="status">${hint}</div>` : null}
    <textarea ref=${area} rows="1" value=${value} placeholder=${placeholder} aria-label=${label} aria-haspopup="listbox" spellcheck="true"
      aria-controls=${offer ? id : null} aria-activedescendant=${offer ? id + '-' + offer.at : null}
      onInput=${(e) => { change(e.target.value); look(); }} onClick=${look} onBlur=${() => setOffer(null)} onKeyDown=${onKeyDown}
      onKeyUp=${(e) => { if (/^(ArrowLeft|ArrowRight|Home|End)$/.test(e.key)) look(); }}></textarea>
  </div>`;
}
