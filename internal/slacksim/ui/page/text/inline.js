import { emoji } from './emoji.js';

// The inline part of Markdown, as a tree of {t, ...} nodes: text, br, code, strong, em,
// del, link, slack (a <@U…>, <#C…> or <!here> token). It follows CommonMark's rules for
// emphasis. With live set, what is not closed yet at the end counts as open on purpose:
// "**Wor" is bold that is still being written.

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0', '#39': "'" };
const PUNCTUATION = /[\p{P}\p{S}]/u;
const SPACE = /\s/u;

export const decodeEntities = (s) => s.replace(/&(amp|lt|gt|quot|apos|nbsp|#39);/g, (_, name) => ENTITIES[name]);

export function parseInline(text, live = false) {
  const list = [];
  const brackets = [];       // positions in list of "[" that may still become links
  let plain = '';
  const flush = () => { if (plain) { list.push({ t: 'text', v: decodeEntities(plain) }); plain = ''; } };
  const push = (node) => { flush(); list.push(node); };

  let i = 0;
  while (i < text.length) {
    const c = text[i];
    if (c === '\\' && i + 1 < text.length) {
      if (text[i + 1] === '\n') { push({ t: 'br' }); i += 2; continue; }
      if (/[!-/:-@[-`{-~]/.test(text[i + 1])) {
        push({ t: 'text', v: text[i + 1] });   // not through decodeEntities: it was escaped
        i += 2;
        continue;
      }
    }
    if (c === '\n') {
      plain = plain.replace(/[ \t]+$/, '');
      push({ t: 'br' });
      i++;
      while (text[i] === ' ') i++;
      continue;
    }
    if (c === '`') {
      const ticks = run(text, i, '`');
      const close = closingTicks(text, i + ticks, ticks);
      if (close >= 0 || live) {
        const raw = text.slice(i + ticks, close >= 0 ? close : undefined);
        if (raw) push({ t: 'code', v: codeText(raw) });
        i = close >= 0 ? close + ticks : text.length;
      } else {
        plain += text.slice(i, i + ticks);
        i += ticks;
      }
      continue;
    }
    if (c === '*' || c === '_' || c === '~') {
      const n = run(text, i, c);
      push(delimiter(text, i, c, n));
      i += n;
      continue;
    }
    if (c === '!' && text[i + 1] === '[') { i++; continue; }   // a picture is drawn as its link
    if (c === '[') {
      flush();
      brackets.push(list.length);
      list.push({ t: 'text', v: '[' });
      i++;
      continue;
    }
    if (c === ']' && brackets.length > 0) {
      const target = linkTarget(text, i + 1, live);
      const open = brackets.pop();
      flush();
      if (target) {
        const inside = emphasis(list.splice(open).slice(1), false);
        list.push({ t: 'link', href: target.href, c: inside.length ? inside : [{ t: 'text', v: target.href }] });
        brackets.length = 0;   // no links within links
        i = target.end;
      } else {
        plain += c;
        i++;
      }
      continue;
    }
    if (c === '<') {
      const token = /^<([@#!][^\s<>]{1,200}|(?:https?:\/\/|mailto:)[^\s<>|]{1,3000}(?:\|[^<>\n]{1,300})?)>/.exec(text.slice(i, i + 3400));
      if (token) {
        push({ t: 'slack', v: token[1] });
        i += token[0].length;
        continue;
      }
    }
    if (c === ':') {
      const name = /^:([a-z0-9_+'-]{1,40}):/.exec(text.slice(i, i + 43));
      if (name && emoji(name[1])) {
        push({ t: 'emoji', v: name[1] });
        i += name[0].length;
        continue;
      }
    }
    if (c === 'h' && !/[\p{L}\p{N}_]/u.test(text[i - 1] || ' ')) {
      const url = bareUrl(text, i);
      if (url) {
        push({ t: 'link', href: url, c: [{ t: 'text', v: url }] });
        i += url.length;
        continue;
      }
    }
    plain += c;
    i++;
  }
  flush();
  return emphasis(list, live);
}

// bareUrl returns the address that starts at i, without the punctuation after it.
export function bareUrl(text, i) {
  const match = /^https?:\/\/[^\s<>"`[\]\\]{3,}/.exec(text.slice(i, i + 3000));
  if (!match) return '';
  let url = match[0].replace(/[.,;:!?'*_~|]+$/, '');
  while (url.endsWith(')') && url.split(')').length > url.split('(').length) url = url.slice(0, -1).replace(/[.,;:!?'*_~|]+$/, '');
  return url;
}

function run(text, i, c) {
  let n = 1;
  while (text[i + n] === c) n++;
  return n;
}

function closingTicks(text, from, ticks) {
  for (let at = text.indexOf('`', from); at >= 0;) {
    const n = run(text, at, '`');
    if (n === ticks) return at;
    at = text.indexOf('`', at + n);
  }
  return -1;
}

function codeText(raw) {
  const flat = raw.replace(/\n/g, ' ');
  return flat.length > 2 && flat.startsWith(' ') && flat.endsWith(' ') && flat.trim() ? flat.slice(1, -1) : flat;
}

// linkTarget reads "(address "title")" after a "]".
function linkTarget(text, i, live) {
  if (text[i] !== '(') return null;
  const whole = /^\(\s*(?:<([^<>\n]*)>|((?:[^\s()\\]|\\.|\((?:[^\s()\\]|\\.)*\))*))(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/.exec(text.slice(i, i + 3400));
  if (whole) return { href: decodeEntities((whole[1] ?? whole[2] ?? '').replace(/\\([!-/:-@[-`{-~])/g, '$1')), end: i + whole[0].length };
  if (live && !/[\s)]/.test(text.slice(i))) return { href: '', end: text.length };
  return null;
}

function delimiter(text, i, c, n) {
  const before = i > 0 ? lastChar(text, i) : ' ';
  const next = text.codePointAt(i + n);
  const after = next === undefined ? ' ' : String.fromCodePoint(next);
  const left = !SPACE.test(after) && (!PUNCTUATION.test(after) || SPACE.test(before) || PUNCTUATION.test(before));
  const right = !SPACE.test(before) && (!PUNCTUATION.test(before) || SPACE.test(after) || PUNCTUATION.test(after));
  if (c === '_') {
    return { t: 'delim', ch: c, n, size: n, open: left && (!right || PUNCTUATION.test(before)), close: right && (!left || PUNCTUATION.test(after)) };
  }
  if (c === '~' && n !== 2) return { t: 'text', v: c.repeat(n) };
  return { t: 'delim', ch: c, n, size: n, open: left, close: right };
}

function lastChar(text, i) {
  const c = text[i - 1];
  return c >= '\udc00' && c <= '\udfff' && i > 1 ? text.slice(i - 2, i) : c;
}

// emphasis pairs the delimiters of a list and turns what is left of them into text.
function emphasis(list, live) {
  const openers = [];
  for (let i = 0; i < list.length; i++) {
    const closer = list[i];
    if (closer.t !== 'delim') continue;
    while (closer.close && closer.n > 0) {
      const k = findOpener(openers, list, closer);
      if (k < 0) break;
      const at = openers[k];
      const opener = list[at];
      const n = opener.n >= 2 && closer.n >= 2 ? 2 : 1;
      const inside = settle(list.slice(at + 1, i));
      opener.n -= n;
      closer.n -= n;
      openers.length = opener.n > 0 ? k + 1 : k;
      const keep = opener.n > 0 ? at + 1 : at;
      list.splice(keep, i - keep, { t: kind(opener.ch, n), c: inside });
      i = keep + 1;
    }
    if (closer.n === 0) { list.splice(i, 1); i--; }
    else if (closer.open) openers.push(i);
  }
  if (live) {
    for (const at of openers.reverse()) {
      const { ch, n } = list[at];
      if (n === 2 && ch !== '_' && at + 1 < list.length) list.splice(at, list.length, { t: kind(ch, 2), c: settle(list.slice(at + 1)) });
    }
  }
  return settle(list);
}

function findOpener(openers, list, closer) {
  for (let k = openers.length - 1; k >= 0; k--) {
    const o = list[openers[k]];
    if (o.ch !== closer.ch) continue;
    const three = (o.close || closer.open) && (o.size + closer.size) % 3 === 0 && (o.size % 3 !== 0 || closer.size % 3 !== 0);
    if (!three || closer.ch === '~') return k;
  }
  return -1;
}

const kind = (ch, n) => (ch === '~' ? 'del' : n === 2 ? 'strong' : 'em');

const settle = (list) => list.map((x) => (x.t === 'delim' ? { t: 'text', v: x.ch.repeat(x.n) } : x));
