import { html, useState } from '../vendor/htm-preact.js';
import { SurfaceContext } from '../interact/surface.js';
import { Blocks } from './blocks.js';
import { Link } from './entity.js';
import { Mrkdwn } from './mrkdwn.js';
import { Picture } from './picture.js';

// Attachments are the older way to hang things on a message, and what a link unfurls to.
// Elements in their blocks rest: the simulator does not know them.

const arr = (x) => (Array.isArray(x) ? x : []);
const LONG = 700;            // Slack: longer text is folded

export function Attachments({ list }) {
  if (arr(list).length === 0) return null;
  return html`<div class="hangers">${list.map((a, i) => (a && typeof a === 'object' ? html`<${Attachment} key=${a.id ?? i} a=${a} />` : null))}</div>`;
}

const NAMED = { good: 'good', warning: 'warning', danger: 'danger' };

function Attachment({ a }) {
  const color = String(a.color ?? '');
  const hex = /^#?([0-9a-f]{6}|[0-9a-f]{3})$/i.exec(color)?.[1];
  // Set through the object model: the page's policy allows no style attributes.
  const paint = (el) => { if (el) el.style.backgroundColor = hex ? '#' + hex : ''; };
  const mrkdwn = (name, text) => (a.mrkdwn_in && !arr(a.mrkdwn_in).includes(name) && !a.from_url ? String(text) : html`<${Mrkdwn} text=${String(text)} />`);
  const foot = [a.footer, a.ts ? when(a.ts) : ''].filter(Boolean).map(String).join(' · ');
  const blocks = arr(a.blocks);
  const empty = !blocks.length && !a.text && !a.title && !a.author_name && !a.service_name && !arr(a.fields).length && !a.image_url && !a.thumb_url;
  return html`${a.pretext ? html`<div class="pretext">${mrkdwn('pretext', a.pretext)}</div>` : null}
    <div class="hanger">
      <span class=${'bar ' + (NAMED[color] || '')} ref=${paint}></span>
      <div class="hanger-in">
        <div class="hanger-text">
          ${a.service_name ? html`<div class="hanger-who">${String(a.service_name)}</div>` : null}
          ${a.author_name ? html`<div class="hanger-who">${a.author_icon ? html`<${Picture} e=${{ image_url: a.author_icon, alt_text: '' }} small />` : null}${a.author_link ? html`<${Link} href=${a.author_link}>${String(a.author_name)}<//>` : String(a.author_name)}${a.author_subname ? html` <span class="quiet">${String(a.author_subname)}</span>` : null}</div>` : null}
          ${a.title ? html`<div class="hanger-title">${a.title_link || a.from_url ? html`<${Link} href=${a.title_link || a.from_url}>${String(a.title)}<//>` : String(a.title)}</div>` : null}
          ${a.text ? html`<${Folded} text=${String(a.text)} draw=${(t) => mrkdwn('text', t)} />` : null}
          ${arr(a.fields).length ? html`<dl class="hanger-fields">${a.fields.map((f, i) => html`<div key=${i} class=${f?.short ? 'short' : ''}><dt>${String(f?.title ?? '')}</dt><dd>${mrkdwn('fields', f?.value ?? '')}</dd></div>`)}</dl>` : null}
          <${SurfaceContext.Provider} value=${null}><${Blocks} blocks=${blocks} /><//>
          ${empty && a.fallback ? html`<div>${String(a.fallback)}</div>` : null}
          ${a.image_url ? html`<${Picture} e=${{ image_url: a.image_url, alt_text: a.title || a.fallback || 'Picture' }} />` : null}
          ${arr(a.actions).length ? html`<p class="quiet small">Buttons of the old kind: ${a.actions.map((x) => x?.text).filter(Boolean).join(', ')}</p>` : null}
          ${foot ? html`<div class="quiet small hanger-foot">${a.footer_icon ? html`<${Picture} e=${{ image_url: a.footer_icon, alt_text: '' }} small />` : null}${foot}</div>` : null}
        </div>
        ${a.thumb_url && !a.image_url ? html`<${Picture} e=${{ image_url: a.thumb_url, alt_text: a.title || 'Picture' }} small />` : null}
      </div>
    </div>`;
}

function Folded({ text, draw }) {
  const [open, setOpen] = useState(false);
  const lines = text.split('\n');
  const short = lines.slice(0, 5).join('\n').slice(0, LONG);
  if (short.length === text.length) return draw(text);
  return html`<div>${draw(open ? text : short + '…')}<button type="button" class="quietbutton" aria-expanded=${open} onClick=${() => setOpen(!open)}>${open ? 'Show less' : 'Show more'}</button></div>`;
}

function when(ts) {
  const d = new Date(Number(ts) * 1000);
  return isNaN(d) ? '' : d.toLocaleDateString(undefined, { dateStyle: 'medium' });
}
