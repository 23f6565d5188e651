import { html, render, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from './vendor/htm-preact.js';
import { AssistantView } from './assistant.js';
import { CanvasPane } from './canvas.js';
import { ChannelView } from './channel.js';
import { AppContext, useTopic } from './hooks.js';
import { Inspector } from './inspector.js';
import { tabOf } from './interact/home.js';
import { Modals } from './interact/modal.js';
import { decode } from './mentions.js';
import { authorName, isAssistantDm, isDirect, mayOpen, placeName, visibleTo } from './names.js';
import * as nav from './nav.js';
import { load, save } from './prefs.js';
import { ordered, places, Rail } from './rail.js';
import { Reads } from './reads.js';
import { SessionsPane } from './sessions.js';
import { KeyHelp } from './keyhelp.js';
import { Store } from './store.js';
import { Switcher } from './switcher.js';
import { follow } from './sync.js';
import { ThreadPane } from './thread.js';
import { after } from './ts.js';

const store = new Store();

function App() {
  useTopic(store, 'people', 'link');
  if (!store.team.id && store.channels.size === 0) {
    return html`<p class="boot" role="status">${store.link === 'lost' ? 'The sandbox does not answer. This page tries again by itself.' : 'Opening the workspace…'}</p>`;
  }
  return html`<${Workspace} />`;
}

// whoAmI: the address decides, then this browser's memory, then the first person.
function whoAmI() {
  const people = [...store.users.values()].filter((u) => !u.is_bot && !u.deleted);
  return [nav.asUser(), load('me', '')].find((id) => store.users.has(id)) || people[0]?.id || '';
}

function Workspace() {
  const [me, setMe] = useState(whoAmI);
  const [route, setRoute] = useState(() => nav.parse(location.hash));
  const [inspector, setInspector] = useState(() => load('inspector.open', false));
  const [view, setView] = useState(() => load('inspector.view', 'traffic'));   // of the inspector
  const [switcher, setSwitcher] = useState(false);
  const [said, setSaid] = useState(null);        // {text, tone}
  const [dialog, show] = useState(null);         // what lies over the page
  const [probe, setProbe] = useState({ text: '' }); // what the inspector was asked to find
  const switcherOpen = useRef(false);   // for the key listener, which outlives drawings
  switcherOpen.current = switcher;
  useTopic(store, 'people', 'link');

  const reads = useMemo(() => new Reads(store, me), [me]);
  const read = useCallback((channel) => { if (!document.hidden && reads.mark(channel)) store.poke('activity'); }, [reads]);

  // become keeps a place that the new person has too, and else opens theirs.
  const become = useCallback((id) => {
    save('me', id);
    nav.becomeUser(id);
    setMe(id);
    const here = store.channels.get(nav.parse(location.hash).channel);
    if (here && (isDirect(here) || !visibleTo(here, id))) nav.replace(places(store, id).assistant[0]?.id || ordered(store, id)[0]?.id || '');
  }, []);
  const say = useCallback((text, tone = 'bad') => setSaid(text ? { text, tone } : null), []);
  const choose = useCallback((name) => { save('inspector.view', name); setView(name); }, []);
  const openInspector = useCallback((name) => { choose(name); save('inspector.open', true); setInspector(true); }, []);
  const inspect = useCallback((text) => { setProbe({ text }); openInspector('traffic'); }, []);
  const toggleInspector = useCallback(() => setInspector((on) => { save('inspector.open', !on); return !on; }), []);

  useLayoutEffect(() => {
    const moved = () => setRoute(nav.parse(location.hash));
    const told = (event) => say(event.detail);
    addEventListener('hashchange', moved);
    addEventListener('holdfast:say', told);
    return () => { removeEventListener('hashchange', moved); removeEventListener('holdfast:say', told); };
  }, []);
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => setSaid(null), said.tone === 'bad' ? 10_000 : 6000);
    return () => clearTimeout(timer);
  }, [said]);

  useEffect(() => {
    const seen = () => { if (!document.hidden) read(nav.parse(location.hash).channel); };
    document.addEventListener('visibilitychange', seen);
    return () => document.removeEventListener('visibilitychange', seen);
  }, [read]);

  useEffect(() => {
    const elsewhere = (e) => { if (e.key === 'holdfast.' + reads.name) { reads.refresh(); store.poke('activity'); } };
    addEventListener('storage', elsewhere);
    return () => removeEventListener('storage', elsewhere);
  }, [reads]);

  // A file dropped beside a conversation must not replace the page.
  useEffect(() => {
    const keep = (e) => { if (e.dataTransfer?.types?.includes('Files')) e.preventDefault(); };
    addEventListener('dragover', keep);
    addEventListener('drop', keep);
    return () => { removeEventListener('dragover', keep); removeEventListener('drop', keep); };
  }, []);

  // A reset may take away the person that this window belongs to.
  const lost = !store.users.has(me);
  useEffect(() => { if (lost && whoAmI()) become(whoAmI()); }, [lost]);

  // An address that names no place of this person opens the assistant.
  const home = places(store, me).assistant[0]?.id || ordered(store, me)[0]?.id || '';
  useEffect(() => {
    if (!nav.asUser() && me) nav.becomeUser(me);
    if (!route.channel && home) nav.replace(home);
  }, [route.channel, home]);

  useLayoutEffect(() => {
    const onKey = (event) => {
      if (document.querySelector('dialog:modal')) return;   // the page behind it is inert
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
      if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setSwitcher(true);
      } else if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        setSwitcher(true);
      } else if (event.key === '?' && !typing && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        show(html`<${KeyHelp} close=${() => show(null)} />`);
      } else if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
        event.preventDefault();
        const list = ordered(store, me);
        const at = list.findIndex((c) => c.id === nav.parse(location.hash).channel);
        const next = list[(Math.max(at, 0) + (event.key === 'ArrowUp' ? -1 : 1) + list.length) % list.length];
        if (next) nav.go(next.id);
      } else if (event.key === 'Escape' && !event.defaultPrevented) {
        setSwitcher(false);
        const here = nav.parse(location.hash);
        if (here.thread && !switcherOpen.current) nav.go(here.channel);
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [me]);

  const listOnly = route.channel === 'list' || !route.channel;
  const wanted = listOnly ? home : route.channel;
  const channel = store.channels.get(wanted);
  const may = channel && mayOpen(channel, me);
  const Side = route.thread === 'sessions' ? SessionsPane : /^F/.test(route.thread) ? CanvasPane : ThreadPane;
  const app = useMemo(() => ({ store, me, reads, read, route, say, show, become, inspector: inspector ? view : '', toggleInspector, openInspector, inspect }), [me, reads, read, route, inspector, view]);
  const side = tabOf(route) === 'messages' ? route.thread : '';
  const shown = inspector ? 'inspector' : listOnly ? 'rail' : side ? 'thread' : 'main';

  return html`<${AppContext.Provider} value=${app}>
    <${Title} me=${me} reads=${reads} channel=${may ? channel : null} />
    <div class=${'shell show-' + shown + (side && may && !listOnly ? ' with-thread' : '') + (inspector ? ' with-inspector' : '')}>
      <${Rail} openSwitcher=${() => setSwitcher(true)} />
      ${!may ? html`<section class="pane main"><div class="empty"><h1>Nothing here</h1><p>${`There is no such place for this person: ${wanted || '(none)'}.`}</p><p><a class="link" href=${nav.link(home)}>Open the assistant</a></p></div></section>`
        : isAssistantDm(store, channel, me) ? html`<${AssistantView} key=${me + channel.id} channel=${channel} />`
        : html`<${ChannelView} key=${me + channel.id} channel=${channel} />`}
      ${may && side && !listOnly ? html`<${Side} key=${me + channel.id + route.thread} channel=${channel} root=${route.thread} id=${route.thread} />` : null}
      ${may ? html`<${Announcer} key=${channel.id} me=${me} channel=${channel.id} />` : null}
      ${inspector ? html`<${Inspector} close=${toggleInspector} probe=${probe} wanted=${view} choose=${choose} />` : null}
    </div>
    ${store.link === 'lost' ? html`<div class="banner" role="status">The connection to the sandbox is lost. Trying again…</div>` : null}
    ${said ? html`<div class=${'banner ' + said.tone} role=${said.tone === 'bad' ? 'alert' : 'status'}>${said.text} <button type="button" class="quietbutton" onClick=${() => say('')}>Close</button></div>` : null}
    ${dialog}
    <${Modals} key=${me} />
    ${switcher ? html`<${Switcher} close=${() => setSwitcher(false)} />` : null}
  <//>`;
}

// Announcer reads to a screen reader what was written here, and an answer once it is whole.
function Announcer({ me, channel }) {
  const log = store.log(channel);
  useTopic(store, 'm:' + channel);
  const heard = useRef(log.all.at(-1) || '0');
  const [line, setLine] = useState('');
  useEffect(() => {
    const fresh = log.all.slice(-20).map((ts) => log.get(ts)).filter((m) => after(m.ts, heard.current));
    const whole = fresh.findIndex((m) => m.streaming_state === 'in_progress');
    const ready = whole < 0 ? fresh : fresh.slice(0, whole);
    if (ready.length === 0) return;
    heard.current = ready.at(-1).ts;
    const last = ready.findLast((m) => m.user !== me);
    if (last) setLine(`${authorName(store, last)}: ${decode(store, last.stream?.text || last.markdown_text || last.text).slice(0, 300)}`);
  });
  return html`<div class="sr" aria-live="polite">${line}</div>`;
}

// Title keeps the window's title: where, and how much is unread.
function Title({ me, reads, channel }) {
  useTopic(store, 'activity', 'people');
  const mine = ordered(store, me).reduce((n, c) => n + reads.unread(c).mine, 0);
  useEffect(() => {
    const place = channel ? placeName(store, channel, me) + ' · ' : '';
    document.title = `${mine ? `(${mine}) ` : ''}${place}${store.team.name || 'Workspace'} (simulated)`;
  });
  return null;
}

const root = document.getElementById('root');
root.textContent = '';
render(html`<${App} />`, root);
follow(store);
