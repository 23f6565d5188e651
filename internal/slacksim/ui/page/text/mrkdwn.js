import { html } from '../vendor/htm-preact.js';
import { Emoji, Link, Token } from './entity.js';
import { emoji } from './emoji.js';
import { bareUrl } from './inline.js';
import { Code } from './markdown_view.js';

// Slack's own markup (mrkdwn), drawn from the escaped text of a message: *bold*, _italic_,
// ~strike~, `code`, fences, "> quotes", <…> tokens, and &amp; &lt; &gt;.

export const unescape = (s) => s.replace(/&(amp|lt|gt);/g, (_, name) => ({ amp: '&', lt: '<', gt: '>' }[name]));
export const escape = (s) => s.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

const TAGS = { '*': 'strong', _: 'em', '~': 'del' };

export function Mrkdwn({ text }) {
  return html`<div class="mrkdwn">${draw(String(text ?? ''))}</div>`;
}

function draw(text) {
  const out = [];
  let rest = text;
  while (rest) {
    const open = rest.indexOf('```');
    const close = open < 0 ? -1 : rest.indexOf('```', open + 3);
    if (close < 0) {
      out.push(...lines(rest));
      break;
    }
    out.push(...lines(rest.slice(0, open).replace(/\n$/, '')));
    out.push(html`<${Code} text=${unescape(rest.slice(open + 3, close)).replace(/^\n|\n$/g, '')} />`);
    rest = rest.slice(close + 3).replace(/^\n/, '');
  }
  return out;
}

// lines draws text without fences: runs of quoted lines as quotes, the rest as it is.
function lines(text) {
  const out = [];
  if (!text) return out;
  let quote = null, plain = null;
  const flush = () => {
    if (quote) out.push(html`<blockquote>${spaced(quote)}</blockquote>`);
    if (plain) out.push(html`<div class="line">${spaced(plain)}</div>`);
    quote = plain = null;
  };
  const all = text.split('\n');
  for (let i = 0; i < all.length; i++) {
    const m = /^(?:&gt;|>)((?:&gt;|>){2})?\s?/.exec(all[i]);
    if (m && m[1]) {                       // ">>>" quotes everything that follows
      flush();
      quote = [all[i].slice(m[0].length), ...all.slice(i + 1)];
      break;
    }
    if (m) {
      if (plain) flush();
      (quote ||= []).push(all[i].slice(m[0].length));
    } else {
      if (quote) flush();
      (plain ||= []).push(all[i]);
    }
  }
  flush();
  return out;
}

const spaced = (list) => list.flatMap((line, i) => (i ? [html`<br />`, ...span(line, 0)] : span(line, 0)));

// span draws one line.
function span(s, depth) {
  const out = [];
  const hopeless = new Set();              // markers that close nowhere further on
  let plain = '';
  const flush = () => { if (plain) { out.push(unescape(plain)); plain = ''; } };
  let i = 0;
  while (i < s.length) {
    const c = s[i];
    if (c === '`') {
      const close = s.indexOf('`', i + 1);
      if (close > i + 1) {
        flush();
        out.push(html`<code>${code(s.slice(i + 1, close))}</code>`);
        i = close + 1;
        continue;
      }
    } else if (c === '<') {
      const m = /^<([@#!][^<>\n]{1,300}|(?:https?:\/\/|mailto:)[^<>\s|]{1,3000}(?:\|[^<>\n]{0,300})?)>/.exec(s.slice(i, i + 3400));
      if (m) {
        flush();
        out.push(html`<${Token} value=${unescape(m[1])} />`);
        i += m[0].length;
        continue;
      }
    } else if (c === ':') {
      const m = /^:([a-z0-9_+'-]{1,40})(?:::skin-tone-\d)?:/.exec(s.slice(i, i + 60));
      if (m && emoji(m[1])) {
        flush();
        out.push(html`<${Emoji} name=${m[1]} />`);
        i += m[0].length;
        continue;
      }
    } else if (c === 'h' && !wordish(s[i - 1])) {
      const url = bareUrl(s, i);
      if (url) {
        flush();
        out.push(html`<${Link} href=${unescape(url)}>${unescape(url)}<//>`);
        i += url.length;
        continue;
      }
    } else if (TAGS[c] && depth < 3 && !hopeless.has(c) && !wordish(s[i - 1]) && s[i + 1] !== undefined && !/\s/.test(s[i + 1]) && s[i + 1] !== c) {
      const close = closer(s, i, c);
      if (close > 0) {
        flush();
        out.push(html`<${TAGS[c]}>${span(s.slice(i + 1, close), depth + 1)}<//>`);
        i = close + 1;
        continue;
      }
      hopeless.add(c);
    }
    plain += c;
    i++;
  }
  flush();
  return out;
}

// code shows links and mentions within `…` as their text.
const code = (s) => unescape(s.replace(/<((?:https?:\/\/|mailto:)[^<>|]*)(?:\|([^<>]*))?>/g, (_, url, label) => label || url));

function closer(s, from, c) {
  for (let k = s.indexOf(c, from + 2); k > 0; k = s.indexOf(c, k + 1)) {
    if (!/\s/.test(s[k - 1]) && !wordish(s[k + 1])) return k;
  }
  return -1;
}

const wordish = (c) => c !== undefined && /[\p{L}\p{N}]/u.test(c);
