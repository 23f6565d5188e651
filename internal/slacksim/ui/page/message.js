import { html, useErrorBoundary, useLayoutEffect, useRef, useState } from './vendor/htm-preact.js';
import * as api from './api.js';
import { Avatar } from './avatar.js';
import { memo, useApp, useTopic } from './hooks.js';
import { Icon } from './icons.js';
import { isNotice } from './items.js';
import { ago, authorName, clock, count, full, isApp, userName } from './names.js';
import { Picker } from './picker.js';
import { Editor } from './editor.js';
import { Files } from './files.js';
import { messageShortcuts } from './interact/shortcuts.js';
import { OnMessage } from './interact/surface.js';
import { copy, MenuList } from './menu.js';
import * as nav from './nav.js';
import { Attachments } from './text/attachments.js';
import { Blocks } from './text/blocks.js';
import { Emoji } from './text/entity.js';
import { Markdown } from './text/markdown_view.js';
import { Mrkdwn } from './text/mrkdwn.js';
import { Tasks } from './text/tasks.js';

// Message is one row. It is drawn again only when its own message object changed (or one
// of the few other props), however fast the rest of the channel moves.
export const Message = memo(({ m, channel, compact, editing, onEdit, onThread, replies = 0, lastReply, repliers = '', working = false }) => {
  const { store, me, say, inspect } = useApp();
  useTopic(store, 'people');
  const [hot, setHot] = useState(false);
  const [pane, setPane] = useState('');         // '' | 'react' | 'delete' | 'more'
  const row = useRef(null);

  if (isNotice(m)) return html`<div class="notice" data-ts=${m.ts}><${Mrkdwn} text=${m.text} /> <time title=${full(m.ts)}>${clock(m.ts)}</time></div>`;
  if (m.subtype === 'tombstone') {
    return html`<div class="msg tombstone" data-ts=${m.ts} tabindex="-1"><div class="gutter"></div>
      <div class="content"><p class="quiet">This message was deleted.</p>${summary(store, { replies, lastReply, repliers, working, open: () => onThread(m.ts) })}</div></div>`;
  }

  const app = isApp(store, m);
  const mine = m.user === me && !app;
  const name = authorName(store, m);
  const leave = (event) => { if (row.current && !row.current.contains(event.relatedTarget)) { setHot(false); } };
  const close = (back) => { setPane(''); if (back === true) row.current.focus({ preventScroll: true }); };
  const classes = ['msg', compact && 'compact', app && 'byapp', m.ephemeral && 'ephemeral', pane && 'open', editing && 'editing'].filter(Boolean).join(' ');

  return html`<article class=${classes} ref=${row} data-ts=${m.ts} tabindex="-1" aria-label=${`${name}, ${clock(m.ts)}`}
      onMouseEnter=${() => setHot(true)} onMouseLeave=${() => { if (!row.current.contains(document.activeElement)) setHot(false); }}
      onfocusin=${() => setHot(true)} onfocusout=${leave}>
    <div class="gutter">${compact ? html`<time class="mini" title=${full(m.ts)}>${clock(m.ts)}</time>` : html`<${Avatar} id=${m.user || name} name=${name} app=${app} />`}</div>
    <div class="content">
      ${compact ? null : html`<header class="byline"><span class="author">${name}</span>${app ? html`<span class="badge">app</span>` : null}<time title=${full(m.ts)}>${clock(m.ts)}</time></header>`}
      ${m.ephemeral ? html`<div class="only">Only visible to you · <button type="button" class="quietbutton dismiss" onClick=${() => store.dismiss(channel, m.ts)}>Dismiss</button></div>` : null}
      ${m.subtype === 'thread_broadcast' ? html`<div class="only">Also sent to the channel from a thread</div>` : null}
      ${editing ? html`<${Editor} m=${m} channel=${channel} done=${() => onEdit('')} />` : html`<${Body} key="body" m=${m} channel=${channel} />`}
      ${reactions(store, m, me, channel)}
      ${summary(store, { replies, lastReply, repliers, working, open: () => onThread(m.ts) })}
    </div>
    ${(hot || pane) && !editing && !m.ephemeral ? html`<div class="tools" role="toolbar" aria-label="Message actions">
      <${Tool} icon="smile" label="Add a reaction" on=${() => setPane(pane === 'react' ? '' : 'react')} />
      ${onThread ? html`<${Tool} icon="reply" label="Reply in thread" on=${() => onThread(m.thread_ts || m.ts)} />` : null}
      ${mine ? html`<${Tool} icon="edit" label="Edit" on=${() => onEdit(m.ts)} />` : null}
      <${Tool} icon="more" label="More" on=${() => setPane(pane === 'more' ? '' : 'more')} />
      ${pane === 'more' ? html`<${MenuList} label="More" close=${close} items=${more(m, { mine, channel, say, inspect, onThread, setPane, shortcuts: messageShortcuts(store, me, channel, m, say) })} />` : null}
    </div>` : null}
    ${pane === 'react' ? html`<${Picker} close=${close} pick=${(emoji) => { close(); toggle(channel, m, me, emoji); }} />` : null}
    ${pane === 'delete' ? html`<${Confirm} close=${close} yes=${() => { close(); api.remove(me, channel, m.ts).catch(complain); }} />` : null}
  </article>`;
});

// more is the menu of a message.
function more(m, { mine, channel, say, inspect, onThread, setPane, shortcuts }) {
  const thread = m.thread_ts && m.thread_ts !== m.ts ? m.thread_ts : '';
  return [
    { label: 'Copy link', icon: 'link', on: () => copy(nav.address(channel, thread || (onThread ? '' : m.ts), m.ts), say, 'The link is') },
    !!m.text && { label: 'Copy text', icon: 'file', on: () => copy(m.text, say, 'The text is') },
    { label: 'Inspect', icon: 'pulse', hint: 'calls and events', on: () => inspect(m.ts) },
    ...shortcuts,
    mine && null,
    mine && { label: 'Delete', icon: 'bin', danger: true, on: () => setPane('delete') },
  ];
}

const complain = (err) => dispatchEvent(new CustomEvent('holdfast:say', { detail: err.message }));

const Tool = ({ icon, label, on }) => html`<button type="button" class="tool" title=${label} aria-label=${label} onClick=${on}><${Icon} name=${icon} /></button>`;

function Confirm({ yes, close }) {
  const keep = useRef(null);
  useLayoutEffect(() => keep.current.focus(), []);
  return html`<div class="confirm" role="alertdialog" aria-label="Delete this message?" onKeyDown=${(e) => { if (e.key === 'Escape') { e.stopPropagation(); close(); } }}>
    <span>Delete this message?</span>
    <button type="button" class="button danger" onClick=${yes}>Delete</button>
    <button type="button" class="button" ref=${keep} onClick=${close}>Keep</button>
  </div>`;
}

// Body falls back to the bare text when a drawing fails: a message is never lost to a
// block that nobody foresaw.
function Body({ m, channel }) {
  const [failed] = useErrorBoundary();
  if (failed) return html`<div class="mrkdwn">${String(m.text ?? '')}</div>`;
  const edited = m.edited ? html`<span class="edited" title=${'Edited ' + full(m.edited.ts)}>(edited)</span>` : null;
  return html`<div class="body"><${OnMessage} m=${m} channel=${channel}>${content(m)}<${Attachments} list=${m.attachments} /><//>${edited}${m.files?.length ? html`<${Files} list=${m.files} channel=${channel} />` : null}</div>`;
}

function content(m) {
  const s = m.stream;
  if (s && (s.text || s.plan || s.tasks?.length || m.streaming_state === 'in_progress')) {
    const live = m.streaming_state === 'in_progress';
    return html`
      <${Tasks} tasks=${s.tasks || []} mode=${s.mode} plan=${s.plan} />
      ${s.text || live ? html`<${Markdown} text=${s.text || ''} live=${live} />` : null}
      <${Blocks} blocks=${m.blocks} />
      ${m.streaming_state === 'errored' ? html`<p class="broken" role="note">This answer broke off before its end.</p>` : null}`;
  }
  if (m.blocks?.length) return html`<${Blocks} blocks=${m.blocks} />`;
  if (m.markdown_text) return html`<${Markdown} text=${m.markdown_text} />`;
  return html`<${Mrkdwn} text=${m.text} />`;
}

function reactions(store, m, me, channel) {
  if (!m.reactions?.length) return null;
  return html`<div class="reactions">${m.reactions.map((r) => {
    const users = r.users || [];
    const own = users.includes(me);
    const who = users.map((id) => (id === me ? 'you' : userName(store, id))).join(', ');
    return html`<button type="button" key=${r.name} class=${'reaction' + (own ? ' own' : '')} aria-pressed=${own} title=${`${who} reacted with :${r.name}:`}
      onClick=${() => toggle(channel, m, me, r.name)}><${Emoji} name=${r.name} /> <span>${r.count ?? users.length}</span></button>`;
  })}</div>`;
}

function toggle(channel, m, me, name) {
  const own = m.reactions?.find((r) => r.name === name)?.users?.includes(me);
  api.react(me, channel, m.ts, name, !!own).catch(complain);
}

function summary(store, { replies, lastReply, repliers, working, open }) {
  if (!replies && !working) return null;
  const ids = repliers ? repliers.split(',').slice(0, 4) : [];
  return html`<button type="button" class=${'summary' + (working ? ' working' : '')} onClick=${open}>
    <span class="stack">${ids.map((id) => html`<${Avatar} key=${id} id=${id} name=${userName(store, id)} app=${id === store.app.bot_user_id} size="tiny" />`)}</span>
    ${replies ? html`<strong>${count(replies, 'reply', 'replies')}</strong>` : null}
    ${working ? html`<span class="quiet">${store.app.name || 'The assistant'} is working…</span>` : html`<span class="quiet">last ${ago(lastReply)}</span>`}
  </button>`;
}
