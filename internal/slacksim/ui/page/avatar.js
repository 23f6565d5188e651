import { html } from './vendor/htm-preact.js';
import { Mark } from './icons.js';
import { initials, tone } from './names.js';

export function Avatar({ id, name, app = false, size = '' }) {
  if (app) return html`<span class=${'avatar app ' + size} aria-hidden="true"><${Mark} /></span>`;
  return html`<span class=${`avatar tone${tone(id)} ${size}`} aria-hidden="true">${initials(name)}</span>`;
}
