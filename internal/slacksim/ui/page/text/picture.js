import { html, useState } from '../vendor/htm-preact.js';
import { useApp, useTopic } from '../hooks.js';
import { Icon } from '../icons.js';
import { Link, safeUrl } from './entity.js';

// The page fetches nothing from elsewhere, so a picture is drawn when it lies in this
// sandbox or in the address itself; any other becomes a frame that links to it.

export function source(store, e) {
  const file = e?.slack_file;
  if (file) {
    const known = store.files.get(file.id) || [...store.files.values()].find((f) => file.url && [f.url_private, f.url_private_download, f.permalink].includes(file.url));
    return known ? `/sim/files/${encodeURIComponent(known.id)}/content` : '';
  }
  const url = String(e?.image_url ?? '');
  if (/^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/.test(url)) return url;
  try {
    const parsed = new URL(url);
    return parsed.origin === location.origin && parsed.pathname.startsWith('/') ? parsed.href : '';
  } catch {
    return '';
  }
}

// Picture draws an image block or element; small ones are only a sign when they lie outside.
export function Picture({ e, small = false }) {
  const { store } = useApp();
  useTopic(store, 'files');
  const [broken, setBroken] = useState('');
  const src = source(store, e);
  const alt = String(e?.alt_text ?? '');
  if (src && broken !== src) return html`<img class=${small ? 'pic small' : 'pic'} src=${src} alt=${alt} title=${alt} onError=${() => setBroken(src)} />`;
  const url = safeUrl(e?.image_url || e?.slack_file?.url);
  if (small) return html`<span class="pic small outside" role="img" aria-label=${alt} title=${alt}><${Icon} name="image" /></span>`;
  return html`<span class="pic outside"><${Icon} name="image" /><span>${url ? html`<${Link} href=${url}>${alt || 'Picture'}<//>` : alt || 'Picture'}<small>${src ? 'cannot be shown' : host(url) ? `on ${host(url)}; the sandbox fetches nothing from elsewhere` : 'cannot be shown'}</small></span></span>`;
}

export function host(url) {
  try { return new URL(url).hostname; } catch { return ''; }
}
