import { html } from './vendor/htm-preact.js';
import { Avatar } from './avatar.js';
import { useApp, useTopic } from './hooks.js';
import { Icon } from './icons.js';
import { channelName, count, isAssistantDm, partner } from './names.js';
import * as nav from './nav.js';

// Header names the place on top of the main pane.
export function Header({ channel, children }) {
  const { store, me, inspector, toggleInspector } = useApp();
  useTopic(store, 'people', 'link');
  const name = channelName(store, channel, me);
  const other = channel.is_im ? partner(store, channel, me) : '';
  const assistant = isAssistantDm(store, channel, me);
  return html`<header class="head">
    <button type="button" class="tool only-narrow" aria-label="Back to the list" onClick=${() => nav.go('list')}><${Icon} name="back" /></button>
    ${channel.is_im ? html`<${Avatar} id=${other} name=${name} app=${assistant} size="small" />` : html`<span class="head-hash"><${Icon} name=${channel.is_private ? 'lock' : 'hash'} /></span>`}
    <div class="head-text">
      <h1>${name}${assistant ? html` <span class="badge">app</span>` : null}</h1>
      <div class="head-sub">${assistant ? html`<${Presence} />` : channel.is_im ? 'Direct message' : html`${count((channel.members || []).length, 'member')}${channel.topic ? html`<span> · ${channel.topic}</span>` : null}`}</div>
    </div>
    <div class="head-tools">${children}
      <button type="button" class=${'button inspect' + (inspector ? ' on' : '')} aria-pressed=${inspector} title="What Slack and the assistant say to each other" onClick=${toggleInspector}><${Icon} name="pulse" /><span class="wide-only">Inspector</span></button>
    </div>
  </header>`;
}

// Presence tells whether the assistant's process is connected to this workspace.
export function Presence() {
  const { store } = useApp();
  useTopic(store, 'people');
  const live = [...store.sockets.values()].filter((s) => s.state === 'live').length;
  return live ? html`<span class="presence on">Connected</span>` : html`<span class="presence">Not connected: is the assistant running?</span>`;
}
