import { html, useEffect, useState } from './vendor/htm-preact.js';
import { contentUrl, downloadUrl, FileIcon, fileName, isCanvas, isGone, isMovie, isPicture, isSound, isText, sizeText, thumbUrl, typeText } from './filetype.js';
import { memo, useApp, useTopic } from './hooks.js';
import { Icon } from './icons.js';
import { Lightbox } from './lightbox.js';
import * as nav from './nav.js';
import { Link, safeUrl } from './text/entity.js';
import { Code } from './text/markdown_view.js';

// Files is what hangs on a message: pictures side by side, the others one below the other.
export const Files = memo(({ list, channel }) => {
  const { store, show } = useApp();
  useTopic(store, 'files');
  const all = list.filter((f) => f && typeof f === 'object').map((f) => ({ ...f, ...store.files.get(f.id) }));
  const pictures = all.filter(isPicture);
  const open = (f) => show(html`<${Lightbox} pictures=${pictures} start=${pictures.indexOf(f)} close=${() => show(null)} />`);
  return html`<div class="files">
    ${pictures.length ? html`<div class=${'pictures' + (pictures.length > 1 ? ' many' : '')}>${pictures.map((f) => html`<${Picture} key=${f.id} f=${f} open=${() => open(f)} />`)}</div>` : null}
    ${all.filter((f) => !isPicture(f)).map((f, i) => html`<${Other} key=${f.id || i} f=${f} channel=${channel} />`)}
  </div>`;
});

// fit scales a picture into a box without changing its shape.
function fit(f, width, height) {
  const w = f.original_w || f.thumb_360_w || width, h = f.original_h || f.thumb_360_h || height;
  const scale = Math.min(1, width / w, height / h);
  return { width: Math.max(1, Math.round(w * scale)), height: Math.max(1, Math.round(h * scale)) };
}

function Picture({ f, open }) {
  const [broken, setBroken] = useState(false);
  if (broken) return html`<${Card} f=${f} />`;
  const { width, height } = fit(f, 360, 300);
  return html`<button type="button" class="picture" title=${fileName(f)} aria-label=${'Open ' + (f.alt_txt || fileName(f))} onClick=${open}>
    <img src=${thumbUrl(f, 720)} alt=${f.alt_txt || fileName(f)} width=${width} height=${height} loading="lazy" onError=${() => setBroken(true)} /></button>`;
}

function Other({ f, channel }) {
  if (isGone(f)) return html`<div class="file gone"><span class="fileicon grey" aria-hidden="true">–</span><span class="quiet">${f.mode === 'hidden_by_limit' ? 'This file is hidden by the limit of the plan.' : 'This file was deleted.'}</span></div>`;
  if (isCanvas(f)) return html`<${CanvasCard} f=${f} channel=${channel} />`;
  if (f.id && f.mode !== 'external') {
    if (isSound(f)) return html`<div class="file media"><${Head} f=${f} /><audio controls preload="metadata" src=${contentUrl(f)} aria-label=${fileName(f)}></audio></div>`;
    if (isMovie(f)) return html`<div class="file media"><${Head} f=${f} /><video controls preload="metadata" src=${contentUrl(f)} aria-label=${fileName(f)}></video></div>`;
    if (isText(f)) return html`<${Snippet} f=${f} />`;
  }
  return html`<${Card} f=${f} />`;
}

const Card = ({ f }) => html`<div class="file"><${Head} f=${f} /></div>`;

// Head is the line with a file's name, kind and size, and the ways to get it.
function Head({ f, children }) {
  const pdf = f.mimetype === 'application/pdf' && f.id;
  const kind = [typeText(f), sizeText(f.size)].filter(Boolean).join(' · ');
  const outside = f.mode === 'external' && safeUrl(f.external_url || f.url_private);
  return html`<div class="file-head"><${FileIcon} file=${f} />
    <div class="file-text">${outside ? html`<${Link} href=${outside}>${fileName(f)}<//>` : html`<span class="name">${fileName(f)}</span>`}<small>${kind}</small></div>
    <span class="file-tools">${children}
      ${pdf ? html`<a class="tool" href=${contentUrl(f)} target="_blank" rel="noopener" title="Open" aria-label=${'Open ' + fileName(f)}><${Icon} name="window" /></a>` : null}
      ${f.id && f.mode !== 'external' ? html`<a class="tool" href=${downloadUrl(f)} download=${f.name || ''} title="Download" aria-label=${'Download ' + fileName(f)}><${Icon} name="download" /></a>` : null}</span></div>`;
}

const LOOK = 16000;          // bytes fetched for a preview
const LINES = 8;             // shown before somebody asks for more

// Snippet shows the beginning of a text, and more of it on demand.
function Snippet({ f }) {
  const [text, setText] = useState(f.preview || '');
  const [whole, setWhole] = useState(false);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    fetch(contentUrl(f), { headers: { Range: `bytes=0-${LOOK - 1}` }, signal: stop.signal })
      .then((r) => (r.ok ? r.text() : Promise.reject(new Error(r.status))))
      .then((t) => setText(t.slice(0, LOOK)), () => { if (!stop.signal.aborted) setFailed(true); });
    return () => stop.abort();
  }, [f.id]);
  const lines = text.split('\n');
  const long = lines.length > LINES + 2;
  return html`<div class="file snippet"><${Head} f=${f} />
    ${failed && !text ? html`<p class="quiet">The preview could not be read.</p>` : html`<${Code} text=${long && !whole ? lines.slice(0, LINES).join('\n') : text.replace(/\n$/, '')} />`}
    ${long ? html`<button type="button" class="quietbutton" aria-expanded=${whole} onClick=${() => setWhole(!whole)}>${whole ? 'Show less' : `Show ${f.size > LOOK ? 'more' : `all ${lines.length} lines`}`}</button>` : null}
    ${whole && f.size > LOOK ? html`<p class="quiet">The beginning of ${sizeText(f.size)}. Download the file to see the rest.</p>` : null}</div>`;
}

function CanvasCard({ f, channel }) {
  const { store } = useApp();
  const title = store.canvases.get(f.id)?.title || fileName(f);
  return html`<a class="file canvas-card" href=${nav.link(channel, f.id)}><span class="fileicon teal" aria-hidden="true"><${Icon} name="canvas" /></span>
    <span class="file-text"><span class="name">${title}</span><small>Canvas</small></span></a>`;
}
