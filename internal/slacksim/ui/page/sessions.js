import { html, useLayoutEffect, useRef, useState } from './vendor/htm-preact.js';
import * as api from './api.js';
import { useApp, useTopic } from './hooks.js';
import { Icon } from './icons.js';
import { decode } from './mentions.js';
import { copy, MenuButton } from './menu.js';
import { ago } from './names.js';
import * as nav from './nav.js';
import { load, save } from './prefs.js';
import { compare } from './ts.js';

// The conversations with the assistant: every thread of its direct message is one. Pins
// and the archive are this browser's own; Slack's sessions have neither.

const NAMES = { processing: 'working', suspended: 'waiting for you', active: '', closed: 'closed' };

const marksOf = (me) => load('sessions.' + me, { pinned: [], archived: [] });

function mark(store, me, kind, key) {
  const marks = marksOf(me);
  const has = marks[kind].includes(key);
  save('sessions.' + me, { ...marks, [kind]: has ? marks[kind].filter((k) => k !== key) : [...marks[kind], key] });
  store.poke('sessionmarks');
}

// titleOf is the session's title, else the beginning of what opened the conversation.
export function titleOf(store, channel, root) {
  const title = store.session(channel, root)?.title;
  if (title) return title;
  const m = store.log(channel).get(root);
  const text = decode(store, m?.text).replace(/\s+/g, ' ').trim() || m?.files?.[0]?.title || m?.files?.[0]?.name || '';
  return text ? '“' + [...text].slice(0, 48).join('') + ([...text].length > 48 ? '…”' : '”') : 'the last conversation';
}

// conversations lists them, the pinned first and then the newest activity first.
export function conversations(store, channel, me) {
  const log = store.log(channel);
  const { pinned, archived } = marksOf(me);
  return log.roots.map((root) => {
    const session = store.session(channel, root);
    return {
      root, status: session?.status || 'active', named: !!session, last: log.replies(root).at(-1) || root,
      pinned: pinned.includes(channel + root), archived: archived.includes(channel + root),
      get title() { return titleOf(store, channel, root); },   // only asked of those that are drawn
    };
  }).sort((a, b) => Number(b.pinned) - Number(a.pinned) || compare(b.last, a.last));
}

// RailSessions shows the latest conversations in the rail, below the assistant.
export function RailSessions({ channel }) {
  const { store, me, route } = useApp();
  useTopic(store, 'activity', 's:' + channel.id, 'sessionmarks');   // not each growth of an answer
  const all = conversations(store, channel.id, me).filter((c) => !c.archived);
  if (all.length === 0) return null;
  const at = (thread) => route.channel === channel.id && route.thread === thread;
  return html`<div class="railsessions" role="group" aria-label="Conversations">
    ${all.slice(0, 4).map((c) => html`<a key=${c.root} class=${'entry session' + (at(c.root) ? ' current' : '')} href=${nav.link(channel.id, c.root)} aria-current=${at(c.root) ? 'page' : null}>
      <span class=${'sessiondot ' + c.status}></span><span class="entry-name">${c.title}</span>${c.pinned ? html`<${Icon} name="pin" />` : null}</a>`)}
    <a class=${'entry session all' + (at('sessions') ? ' current' : '')} href=${nav.link(channel.id, 'sessions')}><${Icon} name="list" /><span class="entry-name">All conversations</span></a>
  </div>`;
}

// SessionsPane lists all of them, to search, rename, pin and put away.
export function SessionsPane({ channel }) {
  const { store, me } = useApp();
  useTopic(store, 'activity', 's:' + channel.id, 'sessionmarks', 'people');
  const [typed, setTyped] = useState('');
  const [archive, setArchive] = useState(false);
  const [renaming, setRenaming] = useState('');
  const close = () => nav.go(channel.id);
  const all = conversations(store, channel.id, me);
  const q = typed.trim().toLowerCase();
  const found = all.filter((c) => c.archived === archive && (!q || c.title.toLowerCase().includes(q) || said(store, channel.id, c.root).includes(q)));
  const away = all.filter((c) => c.archived).length;
  return html`<aside class="pane thread sessions" aria-label="Conversations">
    <header class="head">
      <button type="button" class="tool only-narrow" aria-label="Back" onClick=${close}><${Icon} name="back" /></button>
      <div class="head-text"><h1>${archive ? 'Archived conversations' : 'Conversations'}</h1><div class="head-sub">with ${store.app.name}</div></div>
      <div class="head-tools"><button type="button" class="tool only-wide" title="Close (Esc)" aria-label="Close the list" onClick=${close}><${Icon} name="close" /></button></div>
    </header>
    <div class="sessions-bar"><input type="search" placeholder="Search titles and messages" aria-label="Search conversations" value=${typed} onInput=${(e) => setTyped(e.target.value)} /></div>
    <ul class="sessions-list">
      ${found.map((c) => html`<li key=${c.root} class=${c.pinned ? 'pinned' : ''} data-root=${c.root}>${renaming === c.root
        ? html`<${Rename} channel=${channel.id} c=${c} done=${() => setRenaming('')} />`
        : html`<${Row} channel=${channel.id} c=${c} rename=${() => setRenaming(c.root)} />`}</li>`)}
      ${found.length === 0 ? html`<li class="quiet nothing">${q ? 'Nothing fits.' : archive ? 'Nothing was archived in this browser.' : 'No conversation yet.'}</li>` : null}
    </ul>
    ${away || archive ? html`<div class="sessions-foot"><button type="button" class="quietbutton" aria-pressed=${archive} onClick=${() => setArchive(!archive)}><${Icon} name=${archive ? 'back' : 'box'} /> ${archive ? 'Back to the others' : `Archived (${away})`}</button></div>` : null}
  </aside>`;
}

// said is what was written in a conversation, for the search.
function said(store, channel, root) {
  const log = store.log(channel);
  return [root, ...log.replies(root)].map((ts) => log.get(ts)).map((m) => m?.stream?.text || m?.markdown_text || m?.text || '').join('\n').toLowerCase();
}

function Row({ channel, c, rename }) {
  const { store, me, say } = useApp();
  const key = channel + c.root;
  const items = () => [
    c.named && { label: 'Rename', icon: 'edit', on: rename },
    { label: c.pinned ? 'Unpin' : 'Pin', icon: 'pin', on: () => mark(store, me, 'pinned', key) },
    { label: c.archived ? 'Take out of the archive' : 'Archive', icon: 'box', on: () => mark(store, me, 'archived', key) },
    { label: 'Copy link', icon: 'link', on: () => copy(nav.address(channel, c.root), say, 'The link is') },
  ];
  return html`<a class="session-row" href=${nav.link(channel, c.root)}><span class=${'sessiondot ' + c.status}></span>
      <span class="session-text"><strong>${c.title}</strong><small>${[NAMES[c.status] ?? c.status, ago(c.last)].filter(Boolean).join(' · ')}</small></span>
      ${c.pinned ? html`<span class="pinmark" title="Pinned"><${Icon} name="pin" /></span>` : null}</a>
    <${MenuButton} label=${'More about ' + c.title} items=${items} />`;
}

function Rename({ channel, c, done }) {
  const { store, me, say } = useApp();
  const [title, setTitle] = useState(() => store.session(channel, c.root)?.title || '');
  const field = useRef(null);
  const over = useRef(false);   // Enter takes the field away, which blurs it
  useLayoutEffect(() => field.current.select(), []);
  const keep = async () => {
    if (over.current) return;
    over.current = true;
    const next = title.trim();
    try {
      if (next && next !== store.session(channel, c.root)?.title) await api.rename(me, channel, c.root, next);
    } catch (err) {
      say(err.message);
    }
    done();
  };
  const onKeyDown = (e) => {
    if (e.key === 'Enter') { e.preventDefault(); keep(); }
    if (e.key === 'Escape') { e.preventDefault(); e.stopPropagation(); over.current = true; done(); }
  };
  return html`<input class="session-rename" type="text" maxlength="200" ref=${field} aria-label="New title" value=${title} onInput=${(e) => setTitle(e.target.value)} onKeyDown=${onKeyDown} onBlur=${keep} />`;
}
