import { html, useRef, useState } from '../vendor/htm-preact.js';
import { useApp } from '../hooks.js';
import { Icon } from '../icons.js';
import { named } from '../text/cards.js';
import { safeUrl } from '../text/entity.js';
import { bare, textOf } from '../text/textobject.js';
import { giveBack, Popover } from './popover.js';
import { Spinner, useElement } from './surface.js';
import { arr } from './values.js';

const tone = (style) => (style === 'primary' || style === 'danger' ? ' ' + style : '');

// ActionButton sends its click; one with an address opens that as well.
export function ActionButton({ block, e }) {
  const el = useElement(block, e);
  const url = safeUrl(e.url);
  const face = html`<span class="face">${textOf(e.text)}</span>${el.busy ? html`<${Spinner} />` : null}`;
  const classes = 'bk-button' + tone(e.style) + (el.busy ? ' busy' : '');
  const follow = async (event) => {
    if (!e.confirm) { el.click(); return; }
    event.preventDefault();
    if (await el.click()) open(url, '_blank', 'noopener');
  };
  return html`<span class="el">${url
    ? html`<a class=${classes} href=${url} target="_blank" rel="noopener noreferrer" aria-label=${e.accessibility_label || null} aria-busy=${el.busy} onClick=${follow}>${face}<${Icon} name="window" /></a>`
    : html`<button type="button" class=${classes} disabled=${el.rests} aria-busy=${el.busy} aria-label=${e.accessibility_label || null} onClick=${() => el.click()}>${face}</button>`}${el.after}</span>`;
}

export const WorkflowButton = ({ e }) => html`<span class="el"><button type="button" class=${'bk-button' + tone(e.style)} disabled title="The sandbox runs no workflows" aria-label=${e.accessibility_label || null}>${textOf(e.text)}</button><span class="note-beside">no workflows in the sandbox</span></span>`;

// IconButton is small; only those it names see it.
export function IconButton({ block, e }) {
  const { me } = useApp();
  const el = useElement(block, e);
  const only = arr(e.visible_to_user_ids);
  if (only.length && !only.includes(me)) return null;
  const label = e.accessibility_label || bare(e.text);
  return html`<span class="el"><button type="button" class=${'bk-icon' + (el.busy ? ' busy' : '')} title=${bare(e.text)} aria-label=${label} disabled=${el.rests} aria-busy=${el.busy} onClick=${() => el.click()}>${el.busy ? html`<${Spinner} />` : html`<${Icon} name=${named(e.icon)} />`}</button>${el.after}</span>`;
}

// Feedback is the pair of thumbs below an answer; the one that was taken stays marked.
export function Feedback({ block, e }) {
  const el = useElement(block, e);
  const [sent, setSent] = useState('');
  const thumb = (way, b) => {
    if (!b) return null;
    const on = el.surface?.values.get(el.key) === way;
    const go = async () => {
      setSent(way);
      if (await el.click({ value: b.value })) el.set(way);
    };
    return html`<button type="button" class=${'bk-icon' + (on ? ' on' : '')} title=${bare(b.text)} aria-label=${b.accessibility_label || bare(b.text)} aria-pressed=${on} disabled=${el.rests} aria-busy=${el.busy && sent === way} onClick=${go}>${el.busy && sent === way ? html`<${Spinner} />` : html`<${Icon} name=${way} />`}</button>`;
  };
  return html`<span class="el feedback">${thumb('up', e.positive_button)}${thumb('downvote', e.negative_button)}${el.after}</span>`;
}

// Overflow is the "⋯" with a menu.
export function Overflow({ block, e }) {
  const el = useElement(block, e);
  const [open, setOpen] = useState(false);
  const anchor = useRef(null);
  const close = giveBack(anchor, setOpen);
  const pick = (o) => {
    close(true);
    const url = safeUrl(o.url);
    if (url && !e.confirm) window.open(url, '_blank', 'noopener');
    el.click({ selected_option: { value: o.value } });
  };
  const onKeyDown = (event) => {
    const all = [...event.currentTarget.querySelectorAll('[role=menuitem]')];
    const at = all.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next !== undefined) { event.preventDefault(); event.stopPropagation(); all[(next + all.length) % all.length]?.focus(); }
    else if (event.key === 'Tab') close();
  };
  return html`<span class="el"><button type="button" class=${'bk-button icon' + (el.busy ? ' busy' : '')} ref=${anchor} title="More actions" aria-label="More actions" aria-haspopup="menu" aria-expanded=${open} disabled=${el.rests} aria-busy=${el.busy} onClick=${() => !el.busy && setOpen(!open)}>${el.busy ? html`<${Spinner} />` : html`<${Icon} name="more" />`}</button>
    ${open ? html`<${Popover} anchor=${anchor} close=${close} role="menu" label="More actions" kind="fit right" wide=${180}>
      <div class="optionlist" onKeyDown=${onKeyDown}>${arr(e.options).map((o, i) => html`<button type="button" role="menuitem" class="option" key=${o?.value ?? i} onClick=${() => pick(o)}>
        <span>${textOf(o?.text)}${o?.description ? html`<small>${textOf(o.description)}</small>` : null}</span></button>`)}</div><//>` : null}${el.after}</span>`;
}
