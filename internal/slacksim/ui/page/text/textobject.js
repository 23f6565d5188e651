import { html } from '../vendor/htm-preact.js';
import { withEmoji } from './entity.js';
import { Mrkdwn } from './mrkdwn.js';
import { RichText } from './richtext.js';

// textOf draws a text object (or a bare string, as some blocks have).
export function textOf(t) {
  if (t === undefined || t === null) return null;
  if (typeof t === 'string') return t;
  if (t.type === 'mrkdwn') return html`<${Mrkdwn} text=${t.text} />`;
  if (t.type === 'rich_text') return html`<${RichText} elements=${t.elements} />`;
  return html`<span class="plain">${t.emoji === false ? String(t.text ?? '') : withEmoji(String(t.text ?? ''))}</span>`;
}

// bare is a text object as a string, for labels and titles.
export const bare = (t) => (typeof t === 'string' ? t : String(t?.text ?? ''));
