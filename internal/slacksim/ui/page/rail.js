import { html, useLayoutEffect, useRef, useState } from './vendor/htm-preact.js';
import * as api from './api.js';
import { Avatar, PlaceIcon } from './avatar.js';
import { useApp, useTopic } from './hooks.js';
import { Icon, Mark } from './icons.js';
import { KeyHelp } from './keyhelp.js';
import { channelName, isAssistantDm, isDirect, isMember, partner, userName, visibleTo } from './names.js';
import * as nav from './nav.js';
import { AddPerson, Browse, NewMessage } from './people.js';
import { RailSessions } from './sessions.js';
import { setTheme, theme } from './prefs.js';

// places lists what a person can open, in the order of the rail.
export function places(store, me) {
  const all = [...store.channels.values()].filter((c) => visibleTo(c, me));
  const named = (a, b) => channelName(store, a, me).localeCompare(channelName(store, b, me));
  const ims = all.filter(isDirect).sort(named);
  const channels = all.filter((c) => !isDirect(c)).sort((a, b) => Number(isMember(b, me)) - Number(isMember(a, me)) || named(a, b));
  return { assistant: ims.filter((c) => isAssistantDm(store, c, me)), channels, people: ims.filter((c) => !isAssistantDm(store, c, me)) };
}

export const ordered = (store, me) => { const p = places(store, me); return [...p.assistant, ...p.channels, ...p.people]; };

export function Rail({ openSwitcher }) {
  const { store, me, route, show } = useApp();
  useTopic(store, 'people', 'activity');
  const p = places(store, me);
  const entry = (c) => html`<${Entry} key=${c.id} channel=${c} current=${route.channel === c.id && !(isAssistantDm(store, c, me) && route.thread)} />`;
  const dialog = (View) => () => show(html`<${View} close=${() => show(null)} />`);
  const tool = (name, icon, View) => html`<button type="button" class="tool" title=${name} aria-label=${name} onClick=${dialog(View)}><${Icon} name=${icon} /></button>`;
  return html`<nav class="rail" aria-label="Workspace">
    <div class="rail-head"><span class="logo"><${Mark} /></span><div><div class="team">${store.team.name || 'Workspace'}</div><div class="simulated">simulated workspace</div></div></div>
    <button type="button" class="jump" onClick=${openSwitcher}><${Icon} name="search" /><span>Jump to…</span><kbd>Ctrl K</kbd></button>
    <div class="rail-scroll">
      <${Section} title="Assistant">${p.assistant.map((c) => [entry(c), html`<${RailSessions} key=${'s' + c.id} channel=${c} />`])}<//>
      <${Section} title="Channels" tool=${html`${tool('Browse channels', 'search', Browse)}<${NewChannel} />`}>${p.channels.map(entry)}<//>
      <${Section} title="Direct messages" tool=${tool('New message', 'compose', NewMessage)}>${p.people.map(entry)}<//>
    </div>
    <div class="rail-foot">
      ${store.note ? html`<p class="note">${store.note}</p>` : null}
      <div class="rail-me"><${WhoAmI} /><${Theme} />${tool('Keyboard help (?)', 'keys', KeyHelp)}</div>
    </div>
  </nav>`;
}

const Section = ({ title, tool, children }) => html`<div class="rail-section" role="group" aria-label=${title}><div class="rail-title"><span>${title}</span>${tool ? html`<span class="rail-tools">${tool}</span>` : null}</div>${children}</div>`;

function Entry({ channel, current }) {
  const { store, me, reads } = useApp();
  const { all, mine } = current && !document.hidden ? { all: 0, mine: 0 } : reads.unread(channel);
  const name = channelName(store, channel, me);
  const other = channel.is_im ? partner(store, channel, me) : '';
  const app = channel.is_im && other === store.app.bot_user_id;
  const live = app && [...store.sockets.values()].some((s) => s.state === 'live');
  const classes = ['entry', current && 'current', all && 'unread', !isMember(channel, me) && 'outside'].filter(Boolean).join(' ');
  return html`<a class=${classes} href=${nav.link(channel.id)} aria-current=${current ? 'page' : null}>
    <${PlaceIcon} store=${store} channel=${channel} me=${me} size="tiny" />
    <span class="entry-name">${name}</span>
    ${app ? html`<span class=${'lamp' + (live ? ' on' : '')} title=${live ? 'Connected' : 'Not connected'}></span>` : null}
    ${mine ? html`<span class="count" aria-label=${mine + ' unread'}>${mine > 99 ? '99+' : mine}</span>` : all ? html`<span class="sr">unread</span>` : null}
  </a>`;
}

function NewChannel() {
  const { store, me, say } = useApp();
  const [open, setOpen] = useState(false);
  const [name, setName] = useState('');
  const create = async (event) => {
    event.preventDefault();
    const clean = name.trim().toLowerCase().replace(/[^\p{L}\p{N}_-]+/gu, '-').replace(/^-+|-+$/g, '').slice(0, 80);
    if (!clean) return;
    try {
      const made = await api.createChannel(clean, [me, store.app.bot_user_id].filter(Boolean));
      setOpen(false);
      setName('');
      if (made.id) nav.go(made.id);
    } catch (err) {
      say(err.message);
    }
  };
  return html`<button type="button" class="tool" title="New channel" aria-label="New channel" aria-expanded=${open} onClick=${() => setOpen(!open)}><${Icon} name="plus" /></button>
    ${open ? html`<form class="newchannel" onSubmit=${create} onKeyDown=${(e) => { if (e.key === 'Escape') { e.stopPropagation(); setOpen(false); } }}>
      <input type="text" maxlength="80" placeholder="name of the channel" aria-label="Name of the new channel" value=${name} onInput=${(e) => setName(e.target.value)} ref=${(el) => el && !el.value && el.focus()} />
      <button type="submit" class="button main">Create</button></form>` : null}`;
}

// WhoAmI switches the person that this window belongs to.
function WhoAmI() {
  const { store, me, become, show } = useApp();
  const [open, setOpen] = useState(false);
  const box = useRef(null);
  useLayoutEffect(() => {
    if (!open) return;
    box.current.querySelector('[aria-checked=true]')?.focus();
    const outside = (e) => { if (!box.current.contains(e.target)) setOpen(false); };
    addEventListener('pointerdown', outside, true);
    return () => removeEventListener('pointerdown', outside, true);
  }, [open]);
  const onKeyDown = (e) => {
    if (!open) return;
    if (e.key === 'Escape') { e.stopPropagation(); setOpen(false); box.current.querySelector('.whoami').focus(); }
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (step) {
      e.preventDefault();
      const all = [...box.current.querySelectorAll('[role=menuitemradio]')];
      all[(all.indexOf(document.activeElement) + step + all.length) % all.length]?.focus();
    }
  };
  const users = [...store.users.values()].filter((u) => !u.is_bot && !u.deleted);
  return html`<div class="who" ref=${box} onKeyDown=${onKeyDown}>
    ${open ? html`<div class="menu" role="menu" aria-label="Be somebody else">
      <div class="menu-title">You are…</div>
      ${users.map((u) => html`<div class="menu-row" key=${u.id}>
        <button type="button" role="menuitemradio" aria-checked=${u.id === me} data-user=${u.id} onClick=${() => { setOpen(false); become(u.id); }}>
          <${Avatar} id=${u.id} name=${userName(store, u.id)} size="small" /><span>${userName(store, u.id)}<small>${u.tz_label || u.tz || ''}</small></span>${u.id === me ? html`<${Icon} name="check" />` : null}</button>
        <a class="window" href=${'?as=' + encodeURIComponent(u.id)} target="_blank" rel="noopener" title=${'Open a second window as ' + userName(store, u.id)} aria-label=${'Open a second window as ' + userName(store, u.id)}><${Icon} name="panel" /></a>
      </div>`)}
      <button type="button" class="menu-add" onClick=${() => { setOpen(false); show(html`<${AddPerson} close=${() => show(null)} />`); }}><${Icon} name="invite" /><span>Add a person</span></button>
      <p class="quiet">Open a second window to talk with yourself as somebody else.</p>
    </div>` : null}
    <button type="button" class="whoami" aria-haspopup="menu" aria-expanded=${open} onClick=${() => setOpen(!open)}>
      <${Avatar} id=${me} name=${userName(store, me)} size="small" /><span class="whoami-name">${userName(store, me)}</span><${Icon} name="chevron" /></button>
  </div>`;
}

const NEXT = { auto: 'light', light: 'dark', dark: 'auto' };
const THEMES = { auto: ['auto', 'as the system has it'], light: ['sun', 'light'], dark: ['moon', 'dark'] };

function Theme() {
  const [now, setNow] = useState(theme);
  const [icon, label] = THEMES[now];
  return html`<button type="button" class="tool" title=${'Colours: ' + label} aria-label=${`Colours: ${label}. Change`} onClick=${() => { setTheme(NEXT[now]); setNow(NEXT[now]); }}><${Icon} name=${icon} /></button>`;
}
