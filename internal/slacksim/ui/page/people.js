import { html, useMemo, useRef, useState } from './vendor/htm-preact.js';
import * as api from './api.js';
import { Avatar } from './avatar.js';
import { Confirm, Dialog, useDoing } from './dialog.js';
import { useApp, useTopic } from './hooks.js';
import { Icon } from './icons.js';
import { count, isDirect, isMember, placeName, userName } from './names.js';
import * as nav from './nav.js';

// Dialogs about people and channels.

const fits = (q, ...names) => names.some((n) => String(n || '').toLowerCase().split(/[\s._-]+/).some((w) => w.startsWith(q)) || String(n || '').toLowerCase().startsWith(q));

// everybody of the workspace, the assistant among them, by name.
function everybody(store) {
  return [...store.users.values()].filter((u) => !u.deleted && (!u.is_bot || u.id === store.app.bot_user_id))
    .map((u) => ({ id: u.id, name: userName(store, u.id), handle: u.name || '', app: u.id === store.app.bot_user_id, place: u.tz_label || u.tz || '' }))
    .sort((a, b) => Number(b.app) - Number(a.app) || a.name.localeCompare(b.name));
}

const Person = ({ p, note, children }) => html`<li class="person"><${Avatar} id=${p.id} name=${p.name} app=${p.app} size="small" />
  <span class="person-text"><strong>${p.name}</strong><small>${note || (p.app ? 'the assistant' : [p.handle, p.place].filter(Boolean).join(' · '))}</small></span>${children}</li>`;

const zones = () => { try { return Intl.supportedValuesOf('timeZone'); } catch { return ['UTC', 'Europe/London', 'America/New_York']; } };

const isZone = (name) => { try { return !!name && !!new Intl.DateTimeFormat('en', { timeZone: name }); } catch { return false; } };

export function AddPerson({ close }) {
  const { become } = useApp();
  const { busy, problem, run } = useDoing();
  const [name, setName] = useState('');
  const [tz, setTz] = useState(() => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC');
  const [be, setBe] = useState(false);
  const list = useMemo(zones, []);
  const handle = name.trim().toLowerCase().normalize('NFKD').replace(/[^a-z0-9]+/g, '.').replace(/^\.+|\.+$/g, '') || 'person';
  const add = (e) => {
    e.preventDefault();
    return run(async () => {
      if (!isZone(tz.trim())) throw new Error(`There is no time zone ${tz.trim() || '(empty)'}: choose one from the list, such as Europe/Warsaw.`);
      const made = await api.createUser(handle, name.trim(), tz.trim());
      close();
      if (be && made.id) become(made.id);
    });
  };
  return html`<${Dialog} title="Add a person" close=${close}>
    <form class="form" onSubmit=${add}>
      <label class="field"><span>Full name</span><input type="text" data-first required maxlength="80" value=${name} onInput=${(e) => setName(e.target.value)} placeholder="Carla Nowak" /></label>
      <label class="field"><span>Time zone</span><input type="text" list="zones" value=${tz} onInput=${(e) => setTz(e.target.value)} /></label>
      <datalist id="zones">${list.map((z) => html`<option key=${z} value=${z} />`)}</datalist>
      <label class="check"><input type="checkbox" checked=${be} onChange=${(e) => setBe(e.target.checked)} /><span>Be this person in this window</span></label>
      ${problem}
      <div class="form-foot"><button type="button" class="button" onClick=${close}>Cancel</button><button type="submit" class="button main" disabled=${busy || !name.trim()}>Add</button></div>
    </form><//>`;
}

// NewMessage opens a direct message with one person, or with several.
export function NewMessage({ close }) {
  const { store, me } = useApp();
  const { busy, problem, run } = useDoing();
  const [typed, setTyped] = useState('');
  const [chosen, setChosen] = useState([]);
  const q = typed.trim().toLowerCase();
  const others = everybody(store).filter((p) => p.id !== me);
  const found = others.filter((p) => !chosen.includes(p.id) && (!q || fits(q, p.name, p.handle)));
  const field = useRef(null);
  const take = (id) => { setChosen([...chosen, id]); setTyped(''); field.current.focus(); };
  const go = () => run(async () => {
    const only = chosen.length === 1 && chosen[0] === store.app.bot_user_id;
    const own = only && [...store.channels.values()].find((c) => c.is_im && isMember(c, me) && c.members?.includes(store.app.bot_user_id));
    const id = own ? own.id : (await api.createDm(me, chosen)).id;
    close();
    if (id) nav.go(id);
  });
  const onKeyDown = (e) => {
    if (e.key === 'Enter') { e.preventDefault(); if (q && found[0]) take(found[0].id); else if (!q && chosen.length) go(); }
    if (e.key === 'Backspace' && !typed) setChosen(chosen.slice(0, -1));
  };
  return html`<${Dialog} title="New message" close=${close} foot=${html`<button type="button" class="button" onClick=${close}>Cancel</button>
      <button type="button" class="button main" disabled=${busy || chosen.length === 0} onClick=${go}>${chosen.length > 1 ? `Write to ${chosen.length} people` : 'Write'}</button>`}>
    <div class="tokens">${chosen.map((id) => html`<button type="button" class="token" key=${id} aria-label=${'Remove ' + userName(store, id)} onClick=${() => setChosen(chosen.filter((x) => x !== id))}>${userName(store, id)}<${Icon} name="close" /></button>`)}
      <input type="text" data-first ref=${field} aria-label="Search people" placeholder=${chosen.length ? 'and…' : 'To: a name'} value=${typed} onInput=${(e) => setTyped(e.target.value)} onKeyDown=${onKeyDown} /></div>
    ${problem}
    <ul class="people">${found.map((p) => html`<li key=${p.id}><button type="button" class="person pick" onClick=${() => take(p.id)}><${Avatar} id=${p.id} name=${p.name} app=${p.app} size="small" /><span class="person-text"><strong>${p.name}</strong><small>${p.app ? 'the assistant' : p.handle}</small></span></button></li>`)}
      ${found.length === 0 ? html`<li class="quiet nothing">Nobody by that name</li>` : null}</ul>
  <//>`;
}

// Members lists who is in a channel, and brings others in.
export function Members({ channel: given, close }) {
  const { store, me } = useApp();
  useTopic(store, 'people');
  const { problem, run } = useDoing();
  const [typed, setTyped] = useState('');
  const field = useRef(null);
  const channel = store.channels.get(given.id) || given;
  const q = typed.trim().toLowerCase();
  const found = everybody(store).filter((p) => !q || fits(q, p.name, p.handle));
  const inside = found.filter((p) => isMember(channel, p.id)), outside = found.filter((p) => !isMember(channel, p.id));
  const direct = isDirect(channel);
  // The button that was pressed goes away; the focus must not.
  const act = (what) => run(what).then(() => field.current?.focus());
  const may = !direct && !channel.is_archived && isMember(channel, me);
  const write = (id) => run(async () => { const made = await api.createDm(me, [id]); close(); if (made.id) nav.go(made.id); });
  return html`<${Dialog} title=${direct ? 'People' : 'Members of ' + placeName(store, channel, me)} close=${close}>
    <input type="search" data-first ref=${field} placeholder="Find somebody" aria-label="Find somebody" value=${typed} onInput=${(e) => setTyped(e.target.value)} />
    ${problem}
    <h3 class="people-title">${count(inside.length, 'member')}</h3>
    <ul class="people inside">${inside.map((p) => html`<${Person} key=${p.id} p=${p} note=${p.id === me ? 'you' : ''}>
      ${p.id !== me && !p.app && !channel.is_im ? html`<button type="button" class="quietbutton" onClick=${() => write(p.id)}>Message</button>` : null}
      ${may && p.id !== me ? html`<button type="button" class="quietbutton" aria-label=${'Remove ' + p.name} onClick=${() => act(() => api.leave(p.id, channel.id))}>Remove</button>` : null}<//>`)}</ul>
    ${may && outside.length ? html`<h3 class="people-title">Not in this channel</h3>
    <ul class="people outside">${outside.map((p) => html`<${Person} key=${p.id} p=${p}><button type="button" class="button" aria-label=${'Add ' + p.name} onClick=${() => act(() => api.join(p.id, channel.id))}><${Icon} name="invite" /> Add</button><//>`)}</ul>` : null}
  <//>`;
}

// Browse lists the channels of the workspace, those put away too.
export function Browse({ close }) {
  const { store, me } = useApp();
  useTopic(store, 'people');
  const { problem, run } = useDoing();
  const [typed, setTyped] = useState('');
  const q = typed.trim().toLowerCase().replace(/^#/, '');
  const all = [...store.channels.values()].filter((c) => !isDirect(c) && (!c.is_private || isMember(c, me)) && c.name.includes(q))
    .sort((a, b) => Number(!!a.is_archived) - Number(!!b.is_archived) || a.name.localeCompare(b.name));
  const open = (c) => { close(); nav.go(c.id); };
  return html`<${Dialog} title="Channels" close=${close}>
    <input type="search" data-first placeholder="Find a channel" aria-label="Find a channel" value=${typed} onInput=${(e) => setTyped(e.target.value)} />
    ${problem}
    <ul class="people">${all.map((c) => html`<li class="person" key=${c.id} data-channel=${c.id}><span class="head-hash"><${Icon} name=${c.is_archived ? 'box' : c.is_private ? 'lock' : 'hash'} /></span>
      <span class="person-text"><strong>${c.name}</strong><small>${[count((c.members || []).length, 'member'), c.is_archived ? 'archived' : isMember(c, me) ? 'you are in' : '', c.topic].filter(Boolean).join(' · ')}</small></span>
      ${c.is_archived || isMember(c, me) ? null : html`<button type="button" class="button" onClick=${() => run(async () => { await api.join(me, c.id); open(c); })}>Join</button>`}
      <button type="button" class="quietbutton" aria-label=${'Open #' + c.name} onClick=${() => open(c)}>Open</button></li>`)}
      ${all.length === 0 ? html`<li class="quiet nothing">No channel by that name</li>` : null}</ul>
  <//>`;
}

export const Leave = ({ channel, close }) => {
  const { store, me } = useApp();
  const place = placeName(store, channel, me);
  return html`<${Confirm} title=${`Leave ${place}?`} yes="Leave" close=${close} act=${() => api.leave(me, channel.id)}>
    <p>${channel.is_private ? 'The channel is private: somebody inside would have to let you in again.' : 'You can join again whenever you like.'}</p><//>`;
};

export const Archive = ({ channel, close }) => {
  const { store, me } = useApp();
  return html`<${Confirm} title=${`Archive ${placeName(store, channel, me)}?`} yes="Archive" close=${close} act=${() => api.archive(channel.id)}>
    <p>Nobody writes there any more. It can be read, and taken back, through the list of channels.</p><//>`;
};
