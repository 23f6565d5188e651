import { date } from './ts.js';

// What people, channels and times are called on the page.

export function userName(store, id) {
  if (id && id === store.app.bot_user_id) return store.app.name || 'Assistant';
  const user = store.users.get(id);
  return user ? user.real_name || user.name || id : id || 'Someone';
}

export const isApp = (store, m) => !!m.bot_id || (!!m.user && m.user === store.app.bot_user_id);

export function authorName(store, m) {
  return m.username || m.bot_profile?.name || userName(store, m.user || store.app.bot_user_id);
}

// partner is the other side of a direct message.
export function partner(store, channel, me) {
  const other = (channel.members || []).find((id) => id !== me);
  if (other) return other;
  return channel.user && channel.user !== me ? channel.user : store.app.bot_user_id;
}

export const isAssistantDm = (store, channel, me) =>
  !!channel?.is_im && partner(store, channel, me) === store.app.bot_user_id;

export function channelName(store, channel, me) {
  if (!channel) return 'Unknown channel';
  if (channel.is_mpim) return (channel.members || []).filter((id) => id !== me).map((id) => userName(store, id)).join(', ');
  return channel.is_im ? userName(store, partner(store, channel, me)) : channel.name || channel.id;
}

// isDirect: a conversation between people (two, or a few), which has no name of its own.
export const isDirect = (channel) => !!(channel?.is_im || channel?.is_mpim);

// placeName is how a sentence names a channel or direct message.
export const placeName = (store, channel, me) => (isDirect(channel) ? '' : '#') + channelName(store, channel, me);

// visibleTo says which channels a person sees in the rail; mayOpen, which ones a link may show.
export const visibleTo = (channel, me) => !channel.is_archived && mayOpen(channel, me);

export const mayOpen = (channel, me) => isMember(channel, me) || (!isDirect(channel) && !channel.is_private);

export const isMember = (channel, me) => channel.user === me || (channel.members || []).includes(me);

export function initials(name) {
  const words = String(name).trim().split(/[\s._-]+/).filter(Boolean);
  const letters = [...(words[0] || '?')][0] + (words.length > 1 ? [...words.at(-1)][0] : '');
  return letters.toUpperCase();
}

// tone picks one of eight avatar colours; the same id always gets the same one.
export function tone(id) {
  let hash = 7;
  for (const c of String(id)) hash = (hash * 31 + c.codePointAt(0)) >>> 0;
  return hash % 8;
}

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const yearFormat = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const fullFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

export const clock = (ts) => safe(clockFormat, date(ts));
export const full = (ts) => safe(fullFormat, date(ts));

// dayKey names the local day of a ts. It is asked for every message at every drawing, and
// a Date is slow to make, so the answers are kept.
const days = new Map();
export function dayKey(ts) {
  let key = days.get(ts);
  if (key === undefined) {
    if (days.size > 50000) days.clear();
    days.set(ts, key = date(ts).toDateString());
  }
  return key;
}

export function day(ts) {
  const d = date(ts), now = new Date();
  const days = Math.round((midnight(now) - midnight(d)) / 86400000);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  return safe(d.getFullYear() === now.getFullYear() ? dayFormat : yearFormat, d);
}

export function ago(ts) {
  const minutes = Math.floor((Date.now() - date(ts)) / 60000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  return dayKey(ts) === new Date().toDateString() ? `today at ${clock(ts)}` : `${day(ts)} at ${clock(ts)}`;
}

const midnight = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
const safe = (format, d) => (isNaN(d) ? '' : format.format(d));

export const count = (n, one, many = one + 's') => `${n} ${n === 1 ? one : many}`;
