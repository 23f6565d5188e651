import { html } from '../vendor/htm-preact.js';
import { Broadcast, ChannelLink, Emoji, formatDate, Link, Mention, withEmoji } from './entity.js';
import { Code } from './markdown_view.js';

// A rich_text block: sections, lists, quotes and preformatted text with styled elements.
// Lists are flat in Slack and nest by their indent.

export function RichText({ elements }) {
  return html`<div class="rich">${arr(elements).map(part)}</div>`;
}

function part(e) {
  switch (e?.type) {
    case 'rich_text_section': return html`<div class="line">${inlines(e.elements)}</div>`;
    case 'rich_text_quote': return html`<blockquote>${inlines(e.elements)}</blockquote>`;
    case 'rich_text_preformatted': return html`<${Code} lang=${e.language} text=${plain(e.elements)} />`;
    case 'rich_text_list': {
      const indent = Math.min(Math.max(Number(e.indent) || 0, 0), 8);
      const items = arr(e.elements).map((x) => html`<li>${inlines(x?.elements)}</li>`);
      return e.style === 'ordered'
        ? html`<ol class=${'indent' + indent} start=${(Number(e.offset) || 0) + 1}>${items}</ol>`
        : html`<ul class=${'indent' + indent}>${items}</ul>`;
    }
  }
  return null;
}

const arr = (x) => (Array.isArray(x) ? x : []);

export const inlines = (elements) => arr(elements).map(inline);

function inline(e) {
  switch (e?.type) {
    case 'text': return styled(breaks(e.text, !e.style?.code), e.style);
    case 'link': return styled(html`<${Link} href=${e.url}>${e.text || e.url}<//>`, e.style);
    case 'user': return styled(html`<${Mention} id=${e.user_id} />`, e.style);
    case 'usergroup': return html`<${Broadcast} name=${e.usergroup_id} />`;
    case 'channel': return styled(html`<${ChannelLink} id=${e.channel_id} />`, e.style);
    case 'emoji': return html`<${Emoji} name=${e.name} unicode=${e.unicode} />`;
    case 'broadcast': return html`<${Broadcast} name=${e.range} />`;
    case 'team': return html`<span class="mention">${e.team_id}</span>`;
    case 'color': return html`<code>${e.value}</code>`;
    case 'date': return styled(html`<time>${formatDate(e.timestamp, e.format) || e.fallback}</time>`, e.style);
  }
  return e?.text ? String(e.text) : null;
}

// breaks keeps the line breaks of a text; shortcodes in it become emoji, as they do
// where people type them.
function breaks(text, shortcodes) {
  const lines = String(text ?? '').split('\n').map((l) => (shortcodes ? withEmoji(l) : l));
  return lines.length === 1 ? lines[0] : lines.flatMap((l, i) => (i ? [html`<br />`, l] : [l]));
}

function styled(view, style) {
  if (!style) return view;
  let out = view;
  if (style.code) out = html`<code>${out}</code>`;
  if (style.bold) out = html`<strong>${out}</strong>`;
  if (style.italic) out = html`<em>${out}</em>`;
  if (style.strike) out = html`<del>${out}</del>`;
  if (style.underline) out = html`<u>${out}</u>`;
  return out;
}

const plain = (elements) => arr(elements).map((e) => e?.text ?? e?.url ?? '').join('');
