import { html, useEffect } from './vendor/htm-preact.js';
import { Avatar, PlaceIcon } from './avatar.js';
import { useApp, useTopic } from './hooks.js';
import { Icon } from './icons.js';
import { copy, MenuButton } from './menu.js';
import { channelName, count, isAssistantDm, isDirect, isMember, userName } from './names.js';
import * as nav from './nav.js';
import { Archive, Leave, Members } from './people.js';
import { load, save } from './prefs.js';

// Header names the place on top of the main pane.
export function Header({ channel, children }) {
  const { store, me, inspector, show } = useApp();
  useTopic(store, 'people', 'link', 'files');
  const name = channelName(store, channel, me);
  const assistant = isAssistantDm(store, channel, me);
  const direct = isDirect(channel);
  const members = () => show(html`<${Members} channel=${channel} close=${() => show(null)} />`);
  return html`<header class="head">
    <button type="button" class="tool only-narrow" aria-label="Back to the list" onClick=${() => nav.go('list')}><${Icon} name="back" /></button>
    ${direct ? html`<${PlaceIcon} store=${store} channel=${channel} me=${me} size="small" />` : html`<span class="head-hash"><${PlaceIcon} store=${store} channel=${channel} me=${me} /></span>`}
    <div class="head-text">
      <h1>${name}${assistant ? html` <span class="badge">app</span>` : null}</h1>
      <div class="head-sub">${assistant ? html`<${Presence} /><${Context} />` : channel.is_mpim ? 'Group message' : direct ? 'Direct message' : html`${count((channel.members || []).length, 'member')}${channel.topic ? html`<span> · ${channel.topic}</span>` : null}`}</div>
    </div>
    <div class="head-tools">${children}
      ${assistant || channel.is_im ? null : html`<${Faces} channel=${channel} open=${members} />`}
      <${Drawers} />
      <${More} channel=${channel} assistant=${assistant} members=${members} />
    </div>
  </header>`;
}

// Drawers open the inspector, at what goes on or at what can be broken.
function Drawers() {
  const { inspector, toggleInspector, openInspector } = useApp();
  const breaking = inspector === 'break', looking = !!inspector && !breaking;
  const last = load('inspector.look', 'traffic');
  useEffect(() => { if (looking) save('inspector.look', inspector); }, [inspector]);
  const button = (on, kind, name, title, icon, view) => html`<button type="button" class=${'button ' + kind + (on ? ' on' : '')} aria-pressed=${on} aria-label=${name} title=${title} onClick=${() => (on ? toggleInspector() : openInspector(view))}><${Icon} name=${icon} /><span class="wide-only">${name}</span></button>`;
  return [button(breaking, 'breakit', 'Break it', 'Try to lose a message', 'bolt', 'break'),
    button(looking, 'inspect', 'Inspector', 'What Slack and the assistant say to each other', 'pulse', last)];
}

// Faces shows a few of the members, and leads to all of them.
function Faces({ channel, open }) {
  const { store } = useApp();
  const ids = channel.members || [];
  return html`<button type="button" class="button faces" aria-label=${count(ids.length, 'member')} title="Members" onClick=${open}>
    <span class="stack wide-only">${ids.slice(0, 3).map((id) => html`<${Avatar} key=${id} id=${id} name=${userName(store, id)} app=${id === store.app.bot_user_id} size="tiny" />`)}</span>
    <span class="only-narrow"><${Icon} name="people" /></span>${ids.length}</button>`;
}

function More({ channel, assistant, members }) {
  const { store, me, say, show } = useApp();
  const dialog = (View) => () => show(html`<${View} channel=${channel} close=${() => show(null)} />`);
  const inside = isMember(channel, me) && !isDirect(channel);
  const items = () => [
    assistant && { label: 'All conversations', icon: 'list', on: () => nav.go(channel.id, 'sessions') },
    !assistant && !channel.is_im && { label: 'Members', icon: 'people', on: members },
    ...[...store.canvases.values()].filter((c) => c.channel === channel.id).map((c) => ({ label: c.title || 'Canvas', icon: 'canvas', hint: 'canvas', on: () => nav.go(channel.id, c.id) })),
    { label: 'Copy link', icon: 'link', on: () => copy(nav.address(channel.id), say, 'The link is') },
    inside && null,
    inside && { label: 'Leave', icon: 'leave', on: dialog(Leave) },
    inside && !channel.is_archived && { label: 'Archive', icon: 'box', danger: true, on: dialog(Archive) },
  ];
  return html`<${MenuButton} label="More about this place" items=${items} />`;
}

// Context says which channel the app is told of: what this person looked at last.
function Context() {
  const { store, me } = useApp();
  useTopic(store, 'viewing');
  const channel = store.channels.get(store.viewing[me]);
  if (!channel || isDirect(channel)) return null;
  return html`<span class="context" title=${`Slack tells ${store.app.name} which channel you looked at last`}> · sees <a class="link" href=${nav.link(channel.id)}>#${channel.name}</a></span>`;
}

// Presence tells whether the assistant's process is connected to this workspace.
export function Presence() {
  const { store } = useApp();
  useTopic(store, 'people', 'around');
  const live = [...store.sockets.values()].filter((s) => s.state === 'live').length;
  const it = store.around.assistant;
  if (!live && (it?.phase === 'down' || it?.phase === 'waiting')) return html`<span class="presence">${it.name[0].toUpperCase() + it.name.slice(1)} is down${it.phase === 'waiting' ? ', and comes back' : ''}</span>`;
  return live ? html`<span class="presence on">Connected</span>` : html`<span class="presence">Not connected: is the assistant running?</span>`;
}
