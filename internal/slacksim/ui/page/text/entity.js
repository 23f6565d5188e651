import { html } from '../vendor/htm-preact.js';
import { useApp, useTopic } from '../hooks.js';
import { channelName, userName } from '../names.js';
import * as nav from '../nav.js';
import { emoji } from './emoji.js';

// Views of the things that Slack text can name: people, channels, links, emoji.

export function Mention({ id }) {
  const { store, me } = useApp();
  useTopic(store, 'people');
  const mine = id === me ? ' me' : '';
  return html`<span class=${'mention' + mine} data-user=${id}>@${userName(store, id)}</span>`;
}

export function ChannelLink({ id, label }) {
  const { store, me } = useApp();
  useTopic(store, 'people');
  const channel = store.channels.get(id);
  const name = channel ? channelName(store, channel, me) : label || id;
  return html`<a class="mention" href=${nav.link(id)}>#${name}</a>`;
}

export const Broadcast = ({ name }) => html`<span class="mention me">@${name}</span>`;

// safeUrl lets through what a click may open, and nothing else (javascript:, data:, file:).
export function safeUrl(url) {
  const trimmed = String(url ?? '').trim();
  return /^(https?:\/\/|mailto:)[^\s]/i.test(trimmed) ? trimmed : '';
}

// permalink is the place here that a link to a message of this workspace leads to (chat.getPermalink), or ''.
export function permalink(store, url) {
  const m = /^https:\/\/([^/.]+)\.slack\.com\/archives\/(\w+)\/p(\d{10})(\d{6})(?:\?(?:[^#]*&)?thread_ts=([\d.]+))?/.exec(url);
  if (!m || m[1] !== store.team.domain || !store.channels.has(m[2])) return '';
  const ts = m[3] + '.' + m[4];
  return m[5] && m[5] !== ts ? nav.link(m[2], m[5], ts) : nav.link(m[2], ts);
}

export function Link({ href, children }) {
  const { store } = useApp();
  const url = safeUrl(href);
  if (!url) return html`<span class="deadlink">${children}</span>`;
  const here = permalink(store, url);
  if (here) return html`<a class="link" href=${here}>${children}</a>`;
  return html`<a class="link" href=${url} target="_blank" rel="noopener noreferrer">${children}</a>`;
}

export function Emoji({ name, unicode }) {
  const base = String(name ?? '').split('::')[0];
  const drawn = unicode ? fromCodePoints(unicode) : emoji(base);
  return drawn ? html`<span class="emoji" role="img" aria-label=${base} title=${':' + base + ':'}>${drawn}</span>` : html`:${base}:`;
}

// withEmoji draws the shortcodes of a plain text that it knows.
export function withEmoji(text) {
  const parts = text.split(/(:[a-z0-9_+'-]{1,40}:)/);
  return parts.length === 1 ? text : parts.map((p, i) => (i % 2 && emoji(p.slice(1, -1)) ? html`<${Emoji} name=${p.slice(1, -1)} />` : p));
}

function fromCodePoints(hex) {
  try {
    return String.fromCodePoint(...String(hex).split('-').map((x) => parseInt(x, 16)));
  } catch {
    return '';
  }
}

// Token draws the inside of one <…> of Slack text.
export function Token({ value }) {
  const bar = value.indexOf('|');
  const head = bar < 0 ? value : value.slice(0, bar);
  const label = bar < 0 ? '' : value.slice(bar + 1);
  if (head.startsWith('@')) return html`<${Mention} id=${head.slice(1)} />`;
  if (head.startsWith('#')) return html`<${ChannelLink} id=${head.slice(1)} label=${label} />`;
  if (head.startsWith('!')) return special(head.slice(1), label);
  return html`<${Link} href=${head}>${label || head.replace(/^mailto:/, '')}<//>`;
}

function special(name, label) {
  if (name.startsWith('date^')) return html`<time>${label || dateText(name)}</time>`;
  if (name.startsWith('subteam^')) return html`<${Broadcast} name=${(label || name.slice(8)).replace(/^@/, '')} />`;
  return html`<${Broadcast} name=${(label || name).replace(/^@/, '')} />`;
}

function dateText(name) {
  const [, seconds, format] = name.split('^');
  return formatDate(seconds, format);
}

// formatDate writes a time as a format says. Slack: "Formatting dates".
export function formatDate(seconds, format) {
  const d = new Date(Number(seconds) * 1000);
  if (isNaN(d)) return '';
  const day = (x) => new Date(x.getFullYear(), x.getMonth(), x.getDate());
  const days = Math.round((day(new Date()) - day(d)) / 86400000);
  const near = { 0: 'today', 1: 'yesterday', [-1]: 'tomorrow' }[days];
  const date = (o) => d.toLocaleDateString(undefined, o);
  const words = {
    date_num: () => d.toISOString().slice(0, 10), date: () => date({ dateStyle: 'long' }), date_slash: () => date(),
    date_short: () => date({ dateStyle: 'medium' }), date_long: () => date({ dateStyle: 'full' }),
    time: () => d.toLocaleTimeString(undefined, { timeStyle: 'short' }), time_secs: () => d.toLocaleTimeString(undefined, { timeStyle: 'medium' }),
    ago: () => (near ? near : days > 0 ? days + ' days ago' : 'in ' + -days + ' days'),
  };
  for (const name of ['date', 'date_short', 'date_long']) words[name + '_pretty'] = () => near || words[name]();
  const text = String(format || '').replace(/\{(\w+)\}/g, (all, name) => words[name]?.() ?? all);
  return text || d.toLocaleString();
}
