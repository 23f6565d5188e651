import { html } from './vendor/htm-preact.js';

// What a Slack file object is, and where its bytes are.

export const contentUrl = (f) => `/sim/files/${encodeURIComponent(f.id)}/content`;
export const downloadUrl = (f) => contentUrl(f) + '?download=1';
export const thumbUrl = (f, size) => `/sim/files/${encodeURIComponent(f.id)}/thumb?size=${size}`;

export const fileName = (f) => f?.title || f?.name || 'File';

export const isGone = (f) => /^(tombstone|hidden_by_limit)$/.test(f?.mode || '');
export const isCanvas = (f) => f?.mimetype === 'application/vnd.slack-docs' || /^(quip|canvas)$/.test(f?.filetype || '') || /^(quip|canvas)$/.test(f?.mode || '');

// isPicture: the browser can draw it, and the sandbox made a small one of it.
export const isPicture = (f) => !!f?.id && !isGone(f) && /^image\/(png|jpe?g|gif|webp|bmp)$/.test(f.mimetype || '') && !!(f.thumb_360 || f.thumb_64 || f.original_w);
export const isSound = (f) => /^audio\//.test(f?.mimetype || '');
export const isMovie = (f) => /^video\//.test(f?.mimetype || '');

const TEXT = /^(text\/|application\/(json|xml|javascript|x-(yaml|sh|python|httpd-php|ndjson|toml)|yaml|toml|sql))/;
const CODE = /\.(txt|md|go|js|mjs|ts|tsx|jsx|py|rb|rs|c|h|cc|cpp|java|kt|swift|cs|php|sh|bash|sql|css|scss|html?|xml|json|ya?ml|toml|ini|conf|env|csv|tsv|log|diff|patch)$/i;
export const isText = (f) => f?.mode === 'snippet' || TEXT.test(f?.mimetype || '') || (!f?.mimetype && CODE.test(f?.name || ''));

// extension is what stands on the icon of a file.
function extension(f) {
  const dot = /\.([a-z0-9]{1,5})$/i.exec(f?.name || '');
  return (dot?.[1] || f?.filetype || '').slice(0, 5).toLowerCase();
}

const FAMILY = [
  ['red', /^(pdf)$/], ['green', /^(xlsx?|csv|tsv|ods|numbers)$/], ['blue', /^(docx?|odt|rtf|pages)$/], ['orange', /^(pptx?|odp|key|html?)$/],
  ['violet', /^(png|jpe?g|gif|webp|bmp|svg|heic|tiff?|mp3|m4a|wav|ogg|flac|mp4|mov|webm|mkv)$/], ['grey', /^(zip|gz|tgz|tar|7z|rar|bin)$/],
];

export function FileIcon({ file }) {
  const ext = extension(file);
  const family = FAMILY.find(([, fits]) => fits.test(ext))?.[0] || 'teal';
  return html`<span class=${'fileicon ' + family} aria-hidden="true">${ext || 'file'}</span>`;
}

export function sizeText(bytes) {
  if (!(bytes >= 0)) return '';
  if (bytes < 1000) return bytes + ' bytes';
  const kb = bytes / 1000;
  return kb < 1000 ? (kb < 10 ? kb.toFixed(1) : Math.round(kb)) + ' kB' : (kb / 1000).toFixed(1) + ' MB';
}

export const typeText = (f) => f?.pretty_type || (extension(f) ? extension(f).toUpperCase() : 'File');
