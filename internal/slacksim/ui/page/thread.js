import { html, useCallback, useEffect, useState } from './vendor/htm-preact.js';
import { drawRow, lastOwn } from './channel.js';
import { Composer } from './composer.js';
import { useApp, useTopic } from './hooks.js';
import { Icon } from './icons.js';
import { rows, withEphemerals } from './items.js';
import { Message } from './message.js';
import { channelName, count, isDirect, isMember } from './names.js';
import * as nav from './nav.js';
import { Scroller } from './scroller.js';
import { Status } from './status.js';

// ThreadPane is one thread, beside its channel.
export function ThreadPane({ channel, root }) {
  const { store, me, read, route } = useApp();
  useTopic(store, 'm:' + channel.id, 's:' + channel.id, 'people');
  const [editing, setEditing] = useState('');
  const close = useCallback(() => nav.go(channel.id), [channel.id]);
  useEffect(() => { read(channel.id); }, [store.version('m:' + channel.id), me]);

  const log = store.log(channel.id);
  const session = store.session(channel.id, root);
  const replies = withEphemerals(store, channel.id, me, log.replies(root).map((ts) => log.get(ts)), root);
  const first = log.get(root);
  const all = first ? [first, ...replies] : replies;
  const list = rows(store, replies, { me, days: false });
  if (first) {
    list.unshift({ kind: 'msg', key: root, ts: root, m: first, mine: first.user === me, compact: false });
    if (replies.length) list.splice(1, 0, { kind: 'count', key: 'count', n: replies.length, ts: root });
    if (list[2]) list[2].compact = false;
  }
  const draw = (r) => (r.kind === 'count'
    ? html`<div class="divider plain" key="count" role="separator"><span>${count(r.n, 'reply', 'replies')}</span></div>`
    : drawRow(r, (m) => html`<${Message} key=${m.ts} m=${m} channel=${channel.id} compact=${r.compact} editing=${editing === m.ts} onEdit=${setEditing} />`));
  const name = channelName(store, channel, me);

  return html`<aside class="pane thread" aria-label="Thread">
    <header class="head">
      <button type="button" class="tool only-narrow" aria-label="Back" onClick=${close}><${Icon} name="back" /></button>
      <div class="head-text"><h1>${session?.title || 'Thread'}</h1><div class="head-sub">${isDirect(channel) ? 'with ' + name : '#' + name}</div></div>
      <div class="head-tools"><button type="button" class="tool only-wide" title="Close (Esc)" aria-label="Close the thread" onClick=${close}><${Icon} name="close" /></button></div>
    </header>
    ${all.length ? html`<${Scroller} rows=${list} draw=${draw} label="Thread" goal=${route.message} visit=${route} />`
      : html`<div class="empty"><p>This thread is not here (any more).</p></div>`}
    <${Status} session=${session} />
    ${first && isMember(channel, me) && !channel.is_archived ? html`<${Composer} channel=${channel} threadTs=${root} place=${root} placeholder="Reply…" canBroadcast=${!isDirect(channel)} focus=${root} up=${() => setEditing(lastOwn(all, me))} />` : null}
  </aside>`;
}
