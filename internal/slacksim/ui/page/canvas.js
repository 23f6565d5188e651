import { html } from './vendor/htm-preact.js';
import { useApp, useTopic } from './hooks.js';
import { Icon } from './icons.js';
import { placeName, userName } from './names.js';
import * as nav from './nav.js';
import { Markdown } from './text/markdown_view.js';

// CanvasPane shows a canvas beside its conversation, as it is now.
export function CanvasPane({ channel, id }) {
  const { store, me } = useApp();
  useTopic(store, 'files', 'people');
  const canvas = store.canvases.get(id);
  const close = () => nav.go(channel.id);
  const changed = canvas?.updated ? new Date(typeof canvas.updated === 'number' ? canvas.updated * 1000 : canvas.updated) : null;
  const sub = [placeName(store, channel, me), canvas?.user ? 'by ' + userName(store, canvas.user) : '', changed && !isNaN(changed) ? 'changed ' + changed.toLocaleString() : ''].filter(Boolean).join(' · ');
  return html`<aside class="pane thread canvas" aria-label="Canvas">
    <header class="head">
      <button type="button" class="tool only-narrow" aria-label="Back" onClick=${close}><${Icon} name="back" /></button>
      <div class="head-text"><h1>${canvas ? canvas.title || 'Untitled canvas' : 'Canvas'}</h1><div class="head-sub">${sub}</div></div>
      <div class="head-tools"><button type="button" class="tool only-wide" title="Close (Esc)" aria-label="Close the canvas" onClick=${close}><${Icon} name="close" /></button></div>
    </header>
    ${canvas ? html`<div class="canvas-body" tabindex="0">${canvas.title ? html`<h2 class="canvas-title">${canvas.title}</h2>` : null}<${Markdown} text=${canvas.markdown || ''} /></div>`
      : html`<div class="empty"><p>This canvas is not here (any more).</p></div>`}
  </aside>`;
}
