import { dayKey, isApp } from './names.js';
import { after } from './ts.js';

// A list of messages as the rows of a view: {kind: 'day' | 'new' | 'msg' | …, key, ts, …}.

const GAP = 5 * 60;          // seconds; later than this, the author is named again

// rows adds day dividers, the line above what is new, and marks messages that go on from
// the one before. unreadAfter is the ts up to which this person had read, or ''.
export function rows(store, messages, { me, unreadAfter = '', days = true } = {}) {
  const out = [];
  let last = null, lineDrawn = !unreadAfter;
  for (const m of messages) {
    const newDay = !last || dayKey(last.ts) !== dayKey(m.ts);
    if (days && newDay) out.push({ kind: 'day', key: 'day' + m.ts, ts: m.ts });
    let broken = newDay;
    if (!lineDrawn && after(m.ts, unreadAfter) && m.user !== me) {
      lineDrawn = broken = true;
      out.push({ kind: 'new', key: 'new', ts: m.ts });
    }
    out.push({ kind: 'msg', key: m.ts, ts: m.ts, m, mine: m.user === me, compact: !broken && goesOn(store, last, m) });
    last = m;
  }
  return out;
}

const NOTICE = /^(channel_(join|leave|topic|purpose|name|archive|unarchive)|group_(join|leave)|bot_add|bot_remove)$/;
export const isNotice = (m) => !!m.subtype && NOTICE.test(m.subtype);

function goesOn(store, last, m) {
  return last && !last.ephemeral && !m.ephemeral && !isNotice(last) && !isNotice(m)
    && last.subtype !== 'tombstone' && m.subtype !== 'tombstone'
    && last.user === m.user && isApp(store, last) === isApp(store, m) && (last.username || '') === (m.username || '')
    && Number(m.ts) - Number(last.ts) < GAP;
}

// withEphemerals mixes in what only this person sees: of one thread (root, '' for none) or
// what a function picks.
export function withEphemerals(store, channel, me, messages, root) {
  const own = (store.ephemerals.get(channel) || []).filter((e) => e.user === me && (typeof root === 'function' ? root(e) : root === undefined || (e.thread_ts || '') === root));
  if (own.length === 0) return messages;
  return [...messages, ...own.map((e) => asMessage(store, e))].sort((a, b) => (after(a.ts, b.ts) ? 1 : -1));
}

// One message for each ephemeral, so that its row is drawn again only when it changed.
const made = new WeakMap();
function asMessage(store, e) {
  if (!made.has(e)) made.set(e, { type: 'message', ephemeral: true, user: store.app.bot_user_id, bot_id: store.app.bot_id, ...pick(e) });
  return made.get(e);
}

const pick = ({ ts, text, blocks, attachments, thread_ts, markdown_text }) => ({ ts, text, blocks, attachments, thread_ts, markdown_text });
