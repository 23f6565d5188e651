import { userName } from './names.js';
import { escape, unescape } from './text/mrkdwn.js';

// Between what a person types ("@Ada Marsh, look") and what Slack stores
// ("<@U1>, look"), both ways.

const BROADCASTS = ['here', 'channel', 'everyone'];

// people lists everybody that can be mentioned, the members of the channel first.
export function people(store, channel) {
  const members = new Set(channel?.members || []);
  const all = [...store.users.values()].filter((u) => !u.deleted && u.id !== store.app.bot_user_id)
    .map((u) => ({ id: u.id, label: userName(store, u.id), handle: u.name || '', member: members.has(u.id) }));
  if (store.app.bot_user_id) all.push({ id: store.app.bot_user_id, label: userName(store, store.app.bot_user_id), handle: 'app', member: members.has(store.app.bot_user_id), app: true });
  return all.sort((a, b) => Number(b.member) - Number(a.member) || Number(!!b.app) - Number(!!a.app) || a.label.localeCompare(b.label));
}

// encode escapes typed text and turns @names into mentions. picked maps labels to the ids
// that were chosen from the list, as two people may have one name.
export function encode(text, everyone, picked = new Map()) {
  const names = everyone.flatMap((p) => [[p.label, picked.get(p.label) || p.id], p.app ? null : [p.handle, p.id]].filter(Boolean))
    .filter(([label]) => label).sort((a, b) => b[0].length - a[0].length);
  let out = '', i = 0;
  while (i < text.length) {
    if (text[i] === '@' && !/[\p{L}\p{N}_.@-]/u.test(text[i - 1] || ' ')) {
      const found = names.find(([label]) => starts(text, i + 1, label));
      if (found) {
        out += `<@${found[1]}>`;
        i += 1 + found[0].length;
        continue;
      }
      const all = BROADCASTS.find((b) => starts(text, i + 1, b));
      if (all) {
        out += `<!${all}>`;
        i += 1 + all.length;
        continue;
      }
    }
    out += escape(text[i]);
    i++;
  }
  return out;
}

function starts(text, at, label) {
  return text.slice(at, at + label.length).toLowerCase() === label.toLowerCase() && !/[\p{L}\p{N}_]/u.test(text[at + label.length] || ' ');
}

// decode is the text of a message as its author would type it again.
export function decode(store, text) {
  return unescape(String(text ?? '').replace(/<([^<>]*)>/g, (whole, inner) => {
    const [head, label] = inner.split('|');
    if (head.startsWith('@')) return '@' + userName(store, head.slice(1));
    if (head.startsWith('!')) return '@' + (label || head.slice(1)).replace(/^@/, '');
    if (head.startsWith('#')) return '#' + (label || store.channels.get(head.slice(1))?.name || head.slice(1));
    return head;
  }));
}

// pending finds what is being typed at the caret: {kind: '@' | ':', query, from}.
export function pending(text, caret) {
  const before = text.slice(Math.max(0, caret - 40), caret);
  const at = /(?:^|[\s([{"'/])@([\p{L}\p{N}._-]*(?: [\p{L}\p{N}._-]*)?)$/u.exec(before);
  if (at) return { kind: '@', query: at[1], from: caret - at[1].length - 1 };
  const colon = /(?:^|[\s([{"'])(:([a-z0-9_+-]{2,}))$/.exec(before);
  if (colon) return { kind: ':', query: colon[2], from: caret - colon[1].length };
  return null;
}

// matches orders the people that fit a query: names that begin with it, then words that do.
export function matches(everyone, query, limit) {
  const q = query.toLowerCase();
  const rank = (p) => {
    const label = p.label.toLowerCase();
    if (label.startsWith(q) || p.handle.toLowerCase().startsWith(q)) return 0;
    return label.split(/\s+/).some((w) => w.startsWith(q)) ? 1 : 2;
  };
  return everyone.map((p) => [rank(p), p]).filter(([r]) => r < 2).sort((a, b) => a[0] - b[0]).slice(0, limit).map(([, p]) => p);
}
