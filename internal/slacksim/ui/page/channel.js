import { html, useCallback, useEffect, useRef, useState } from './vendor/htm-preact.js';
import * as api from './api.js';
import { Composer } from './composer.js';
import { Header } from './header.js';
import { useApp, useTopic } from './hooks.js';
import { isNotice, rows, withEphemerals } from './items.js';
import { channelName, day, isDirect, isMember, placeName } from './names.js';
import { Message } from './message.js';
import * as nav from './nav.js';
import { Scroller } from './scroller.js';

// ChannelView is a channel, or a direct message with a person: top-level messages, with
// a line below those that have a thread.
export function ChannelView({ channel }) {
  const { store, me, read, say, route } = useApp();
  useTopic(store, 'm:' + channel.id, 's:' + channel.id, 'people');
  const [editing, setEditing] = useState('');
  const unreadAfter = useUnreadLine(channel);
  const onThread = useCallback((ts) => nav.go(channel.id, ts), [channel.id]);

  useEffect(() => { read(channel.id); }, [store.version('m:' + channel.id), me]);

  const log = store.log(channel.id);
  const messages = withEphemerals(store, channel.id, me, log.roots.map((ts) => log.get(ts)), '');
  const list = rows(store, messages, { me, unreadAfter });
  const draw = (r) => drawRow(r, (m) => html`<${Message} key=${m.ts} m=${m} channel=${channel.id} compact=${r.compact} editing=${editing === m.ts} onEdit=${setEditing} onThread=${onThread} ...${threadProps(store, channel.id, m)} />`);
  const name = channelName(store, channel, me);
  const label = placeName(store, channel, me);
  const member = isMember(channel, me);

  // Opening a channel is what gives the app its context. Direct messages between people do not.
  useEffect(() => { if (member && !isDirect(channel)) api.open(me, channel.id).catch(() => { /* only a signal to the app */ }); }, [me, channel.id, member]);

  return html`<section class="pane main" aria-label=${label}>
    <${Header} channel=${channel} />
    <${Scroller} rows=${list} draw=${draw} label=${'Messages in ' + label} head=${html`<${Beginning} channel=${channel} name=${name} />`} goal=${route.thread ? '' : route.message} visit=${route} />
    ${channel.is_archived ? html`<${Archived} channel=${channel} label=${label} />` : member
      ? html`<${Composer} channel=${channel} place="" placeholder=${'Message ' + label} focus=${channel.id} above=${html`<${Invite} channel=${channel} />`} up=${() => setEditing(lastOwn(messages, me))} />`
      : html`<div class="composer joinbar"><span>You are not a member of ${label}.</span>
          <button type="button" class="button main" onClick=${() => api.join(me, channel.id).catch((err) => say(err.message))}>Join the channel</button></div>`}
  </section>`;
}

// Invite tells, before somebody mentions it in vain, that the assistant is not in a channel.
function Invite({ channel }) {
  const { store, say } = useApp();
  const app = store.app.bot_user_id;
  if (!app || isDirect(channel) || isMember(channel, app)) return null;
  return html`<div class="target"><span class="target-text">${store.app.name} is not in #${channel.name} and does not hear what is said here.</span>
    <button type="button" class="quietbutton invite" onClick=${() => api.join(app, channel.id).catch((err) => say(err.message))}>Invite ${store.app.name}</button></div>`;
}

// Archived stands where the composer would: nothing is written there any more.
function Archived({ channel, label }) {
  const { say } = useApp();
  return html`<div class="composer joinbar"><span>${label} is archived.</span>
    <button type="button" class="button" onClick=${() => api.archive(channel.id, true).catch((err) => say(err.message))}>Take it back</button></div>`;
}

// drawRow draws the rows that every list has in common, and messages as told.
export function drawRow(r, message) {
  switch (r.kind) {
    case 'day': return html`<div class="divider" key=${r.key} role="separator"><span>${day(r.ts)}</span></div>`;
    case 'new': return html`<div class="divider new" key=${r.key} role="separator"><span>New</span></div>`;
    case 'msg': return message(r.m);
  }
  return null;
}

// threadProps is what a message shows of its thread, in values that compare well.
export function threadProps(store, channel, m) {
  if (m.thread_ts && m.thread_ts !== m.ts) return {};
  const log = store.log(channel);
  const replies = log.replies(m.ts);
  const working = store.session(channel, m.ts)?.status === 'processing';
  if (replies.length === 0) return { working };
  const users = new Set(replies.map((ts) => log.get(ts).user).filter(Boolean));
  return { replies: replies.length, lastReply: replies.at(-1), repliers: [...users].join(','), working };
}

export const lastOwn = (messages, me) => messages.findLast((m) => m.user === me && !m.bot_id && !m.ephemeral && !isNotice(m))?.ts || '';

// useUnreadLine remembers where the "New" line goes: what was read when this person came
// here, or left the window.
export function useUnreadLine(channel) {
  const { store, reads } = useApp();
  const line = useRef({});
  const key = reads.user + channel.id;
  if (line.current.key !== key) line.current = { key, ts: reads.unread(channel).all > 0 ? reads.last(channel.id) : '' };
  useEffect(() => {
    const hidden = () => { if (document.hidden) line.current = { key, ts: store.log(channel.id).all.at(-1) || '' }; };
    document.addEventListener('visibilitychange', hidden);
    return () => document.removeEventListener('visibilitychange', hidden);
  }, [key]);
  return line.current.ts;
}

function Beginning({ channel, name }) {
  return html`<div class="beginning">
    <h2>${isDirect(channel) ? name : '#' + name}</h2>
    <p class="quiet">${isDirect(channel) ? `This is where you and ${name} write to each other.` : channel.topic || 'This is the very beginning of the channel.'}</p>
  </div>`;
}
