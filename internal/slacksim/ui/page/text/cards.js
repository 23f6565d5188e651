import { html, useRef, useState } from '../vendor/htm-preact.js';
import { Icon } from '../icons.js';
import { Element } from '../interact/elements.js';
import { Link } from './entity.js';
import { Picture } from './picture.js';
import { bare, textOf } from './textobject.js';

const arr = (x) => (Array.isArray(x) ? x : []);

// iconOf draws the small picture of a card, container or task: an image or a named icon.
export function iconOf(icon) {
  if (!icon) return null;
  if (icon.type === 'icon') return html`<span class="named"><${Icon} name=${named(icon.name)} /></span>`;
  return html`<${Picture} e=${icon} small />`;
}

const NAMES = { archive: 'box', trash: 'bin', call: 'people', check: 'check', copy: 'file', download: 'download', edit: 'edit', email: 'reply', file: 'file', image: 'image', info: 'info', link: 'link', 'new-window': 'window', pin: 'pin', plus: 'plus', user: 'person', upload: 'upload', warning: 'warn', calendar: 'calendar', 'thumbs-up': 'up', 'thumbs-down': 'downvote', 'caret-left': 'back', 'caret-right': 'forward', star: 'star', 'star-filled': 'star', refresh: 'again', lightbulb: 'bulb', screen: 'panel', clipboard: 'list', rocket: 'bolt', sparkle: 'star', help: 'info' };
export const named = (name) => NAMES[name] || 'dot';

export function Card({ c, block = c }) {
  return html`<div class="bk-card">
    ${c?.hero_image ? html`<div class="hero"><${Picture} e=${c.hero_image} /></div>` : null}
    ${c?.icon || c?.slack_icon || c?.title || c?.subtitle ? html`<div class="bk-card-head">${iconOf(c.icon || c.slack_icon)}<div>
      ${c.title ? html`<div class="bk-title">${textOf(c.title)}</div>` : null}
      ${c.subtitle ? html`<div class="quiet small">${textOf(c.subtitle)}</div>` : null}</div></div>` : null}
    ${c?.body ? html`<div>${textOf(c.body)}</div>` : null}
    ${arr(c?.actions).length ? html`<div class="bk-actions">${c.actions.map((e, i) => html`<${Element} key=${e?.action_id || i} block=${block} element=${e} />`)}</div>` : null}
  </div>`;
}

// Carousel slides sideways; buttons help those without a wheel or finger for it.
export function Carousel({ b }) {
  const row = useRef(null);
  const cards = arr(b.elements || b.cards);
  const slide = (way) => row.current.scrollBy({ left: way * row.current.clientWidth * 0.8, behavior: 'smooth' });
  return html`<div class="bk-carousel" role="group" aria-label="Cards">
    <div class="slides" ref=${row} tabindex="0">${cards.map((c, i) => html`<${Card} key=${c?.block_id || i} c=${c} block=${{ ...c, block_id: c?.block_id || b.block_id }} />`)}</div>
    ${cards.length > 1 ? html`<div class="slidebuttons"><button type="button" class="tool" aria-label="Earlier cards" onClick=${() => slide(-1)}><${Icon} name="back" /></button>
      <span class="quiet small">${cards.length} cards</span><button type="button" class="tool" aria-label="Later cards" onClick=${() => slide(1)}><${Icon} name="forward" /></button></div>` : null}
  </div>`;
}

export function Container({ b, draw }) {
  const [open, setOpen] = useState(!(b.is_collapsible && b.default_collapsed));
  const title = b.rich_text_title ? textOf(b.rich_text_title) : b.title ? textOf(b.title) : null;
  const width = ['narrow', 'standard', 'wide', 'full'].includes(b.width) ? b.width : 'standard';
  const head = title || b.subtitle || b.icon ? html`${iconOf(b.icon)}<span class="bk-container-text"><span class="bk-title">${title}</span>${b.subtitle ? html`<span class="quiet small">${textOf(b.subtitle)}</span>` : null}</span>` : null;
  return html`<div class=${`bk-container ${width}` + (b.has_header_divider && open ? ' ruled' : '')}>
    ${b.is_collapsible ? html`<button type="button" class="bk-container-head" aria-expanded=${open} onClick=${() => setOpen(!open)}>${head || 'Details'}<${Icon} name="chevron" /></button>`
      : head ? html`<div class="bk-container-head">${head}</div>` : null}
    ${open ? draw(b.child_blocks) : null}
  </div>`;
}

export function Video({ b }) {
  const url = b.title_url || b.video_url;
  const from = [b.author_name, b.provider_name].filter(Boolean).map(String).join(' · ');
  return html`<div class="bk-video">
    <div class="bk-video-text">${from ? html`<div class="quiet small">${from}</div>` : null}
      <div class="bk-title"><${Link} href=${url}>${textOf(b.title) || 'Video'}<//></div>
      ${b.description ? html`<div>${textOf(b.description)}</div>` : null}</div>
    <div class="still"><${Picture} e=${{ image_url: b.thumbnail_url, alt_text: b.alt_text }} /><span class="play"><${Link} href=${b.video_url || url}><${Icon} name="play" /><span class="sr">Play ${bare(b.title)}</span><//></span></div>
  </div>`;
}
