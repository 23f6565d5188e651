import { html, useEffect, useMemo } from '../vendor/htm-preact.js';
import { Avatar } from '../avatar.js';
import { useApp, useTopic } from '../hooks.js';
import { Presence } from '../header.js';
import * as nav from '../nav.js';
import { Blocks } from '../text/blocks.js';
import * as api from './calls.js';
import { SurfaceContext, surfaceFor } from './surface.js';

// The app's direct message has tabs: its messages, its Home, and what it is.

export const TABS = ['home', 'about'];
export const tabOf = (route) => (TABS.includes(route.thread) ? route.thread : 'messages');

export function Tabs({ channel }) {
  const { store, route } = useApp();
  useTopic(store, 'people');
  const here = tabOf(route);
  const tab = (name, label) => html`<a class=${'pane-tab' + (here === name ? ' on' : '')} href=${nav.link(channel.id, name === 'messages' ? '' : name)} aria-current=${here === name ? 'page' : null}>${label}</a>`;
  return html`<nav class="pane-tabs" aria-label=${'Parts of ' + store.app.name}>
    ${tab('messages', 'Messages')}${store.app.home_tab === false ? null : tab('home', 'Home')}${tab('about', 'About')}</nav>`;
}

// Home is what the app published for this person.
export function Home({ channel }) {
  const { store, me, say } = useApp();
  useTopic(store, 'views', 'people');
  useEffect(() => { api.openTab(me, channel.id, 'home').catch((err) => say(err.message)); }, [me, channel.id]);
  const view = store.homes.get(me);
  return html`<div class="scroller home" tabindex="0" role="region" aria-label=${'Home of ' + store.app.name}>
    ${view?.blocks?.length ? html`<${Published} key=${view.id} view=${view} />`
      : html`<div class="empty"><${Avatar} app size="big" /><h2>A quiet home</h2><p>${store.app.name} has not put anything here for you yet. ${'It hears that you came; what it publishes appears at once.'}</p></div>`}
  </div>`;
}

function Published({ view }) {
  const { store, me, route } = useApp();
  const surface = useMemo(() => surfaceFor(store, me, { view_id: view.id }, route.channel), [store, me, view.id]);
  surface.show(view.blocks);
  return html`<div class="home-in"><${SurfaceContext.Provider} value=${surface}><${Blocks} blocks=${view.blocks} /><//></div>`;
}

// About tells what the app can be asked for.
export function About() {
  const { store } = useApp();
  useTopic(store, 'people');
  const { app } = store;
  const list = (title, entries) => (entries?.length ? html`<h3>${title}</h3><dl class="about-list">${entries.map(([name, hint, text]) => html`<div key=${name}><dt><strong>${name}</strong>${hint ? html` <code>${hint}</code>` : null}</dt><dd class="quiet">${text || ''}</dd></div>`)}</dl>` : null);
  return html`<div class="scroller home" tabindex="0" role="region" aria-label=${'About ' + app.name}><div class="home-in about body">
    <div class="about-head"><${Avatar} app size="big" /><div><h2>${app.name}</h2><p class="quiet"><${Presence} /></p></div></div>
    ${app.description ? html`<p>${app.description}</p>` : null}
    ${list('Commands', app.commands?.map((c) => [c.command, c.usage_hint, c.description]))}
    ${list('Shortcuts', app.shortcuts?.map((s) => [s.name, s.type === 'message' ? 'on a message' : '', s.description]))}
    <h3>Identity</h3>
    <dl class="about-list ids">${[['App', app.id], ['Bot', app.bot_id], ['User', app.bot_user_id]].filter(([, v]) => v).map(([k, v]) => html`<div key=${k}><dt>${k}</dt><dd><code>${v}</code></dd></div>`)}</dl>
  </div></div>`;
}
