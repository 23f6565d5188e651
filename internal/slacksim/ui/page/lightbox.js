import { html, useLayoutEffect, useRef, useState } from './vendor/htm-preact.js';
import { contentUrl, downloadUrl, fileName, sizeText } from './filetype.js';
import { useApp } from './hooks.js';
import { Icon } from './icons.js';
import { userName } from './names.js';

// Lightbox shows the pictures of a message, one at a time and as large as fits.
export function Lightbox({ pictures, start, close }) {
  const { store } = useApp();
  const [at, setAt] = useState(Math.max(0, start));
  const box = useRef(null), back = useRef(document.activeElement), gone = useRef(false);
  useLayoutEffect(() => {
    box.current.showModal();
    return () => {
      gone.current = true;
      box.current?.close();
      if (back.current?.isConnected) back.current.focus({ preventScroll: true });
    };
  }, []);
  const f = pictures[at];
  const go = (step) => setAt((n) => (n + step + pictures.length) % pictures.length);
  const onKeyDown = (e) => {
    e.stopPropagation();
    const step = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
    if (step && pictures.length > 1) { e.preventDefault(); go(step); }
    if (e.key === 'd' && !e.ctrlKey && !e.metaKey) box.current.querySelector('a[download]').click();
  };
  const facts = [f.user ? userName(store, f.user) : '', f.original_w ? `${f.original_w} × ${f.original_h}` : '', sizeText(f.size)].filter(Boolean).join(' · ');
  return html`<dialog class="lightbox" ref=${box} aria-label=${fileName(f)} onKeyDown=${onKeyDown} onCancel=${(e) => { e.preventDefault(); close(); }} onClose=${() => { if (!gone.current) close(); }}>
    <header><div class="file-text"><span class="name">${fileName(f)}</span><small>${facts}</small></div>
      ${pictures.length > 1 ? html`<span class="place" role="status">${at + 1} of ${pictures.length}</span>` : null}
      <a class="tool" href=${downloadUrl(f)} download=${f.name || ''} title="Download (d)" aria-label="Download"><${Icon} name="download" /></a>
      <button type="button" class="tool" title="Close (Esc)" aria-label="Close" onClick=${close}><${Icon} name="close" /></button></header>
    <div class="lightbox-stage" onClick=${(e) => { if (e.target === e.currentTarget) close(); }}>
      ${pictures.length > 1 ? html`<button type="button" class="turn left" aria-label="Previous" onClick=${() => go(-1)}><${Icon} name="back" /></button>` : null}
      <img key=${f.id} src=${contentUrl(f)} alt=${f.alt_txt || fileName(f)} />
      ${pictures.length > 1 ? html`<button type="button" class="turn right" aria-label="Next" onClick=${() => go(1)}><${Icon} name="forward" /></button>` : null}
    </div>
    ${f.alt_txt ? html`<p class="caption">${f.alt_txt}</p>` : null}
  </dialog>`;
}
