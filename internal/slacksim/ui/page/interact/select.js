import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../vendor/htm-preact.js';
import { Avatar } from '../avatar.js';
import { useApp, useTopic } from '../hooks.js';
import { Icon } from '../icons.js';
import { channelName, isDirect, partner, placeName, userName, visibleTo } from '../names.js';
import { bare, textOf } from '../text/textobject.js';
import { giveBack, Popover } from './popover.js';
import { Spinner, useElement } from './surface.js';
import { arr, isEmpty, isMulti } from './values.js';

// Select is every kind of menu: of given options, of options that the app finds, of people,
// channels and conversations; one choice, or several as chips.

const SHOWN = 100;           // entries drawn at once; the rest is found by typing
const PAUSE = 250;           // milliseconds after a key, before the app is asked

export function Select({ block, e }) {
  const { store, me } = useApp();
  useTopic(store, 'people');
  const el = useElement(block, e);
  const [open, setOpen] = useState(false);
  const [query, setQuery] = useState('');
  const anchor = useRef(null);
  const multi = isMulti(e);
  const kind = e.type.replace(/^multi_/, '').replace(/_select$/, '');
  const chosen = multi ? arr(el.value) : isEmpty(el.value) ? [] : [el.value];
  const most = Number(e.max_selected_items) || Infinity;
  const name = (v) => nameOf(store, me, v);
  const found = useExternal(el, block, e, open && kind === 'external', query);
  const groups = kind === 'external' ? found.groups : groupsOf(store, me, kind, e);

  const shut = giveBack(anchor, setOpen);
  const close = (back) => { shut(back); setQuery(''); };
  const show = (typed = '') => { if (!el.rests) { setQuery(typed); setOpen(true); } };
  const pick = (item) => {
    if (!multi) { close(true); el.choose(item.value); return; }
    const has = chosen.some((v) => keyOf(v) === item.key);
    if (!has && chosen.length >= most) return;
    setQuery('');
    el.choose(has ? chosen.filter((v) => keyOf(v) !== item.key) : [...chosen, item.value]);
  };
  const drop = (v) => el.choose(multi ? chosen.filter((x) => keyOf(x) !== keyOf(v)) : null);
  // A letter on the closed menu opens it with that letter typed.
  const onKeyDown = (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') { event.preventDefault(); show(); }
    else if (event.key === 'Backspace' && multi && chosen.length) { event.preventDefault(); drop(chosen.at(-1)); }
    else if (event.key.length === 1 && event.key !== ' ' && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); show(event.key); }
  };
  const clearable = !multi && chosen.length > 0 && block.type === 'input' && block.optional;
  const face = chosen.length && !multi ? html`<span class="face">${labelOf(store, me, chosen[0])}</span>` : html`<span class="face quiet">${e.placeholder ? textOf(e.placeholder) : PLACE[kind]}</span>`;

  return html`<div class="el">
    <div class=${'select' + (multi ? ' multi' : '') + (open ? ' open' : '')} ref=${anchor}>
      ${multi ? chosen.map((v) => html`<span class="chip" key=${keyOf(v)}><span>${labelOf(store, me, v)}</span><button type="button" aria-label=${'Remove ' + name(v)} disabled=${el.rests} onClick=${() => drop(v)}><${Icon} name="close" /></button></span>`) : null}
      <button type="button" id=${el.id} class="select-face" role="combobox" aria-haspopup="listbox" aria-expanded=${open} aria-labelledby=${el.labelled ? `${el.labelled} ${el.id}` : null} aria-label=${el.labelled ? null : bare(e.placeholder) || PLACE[kind]} aria-busy=${el.busy} disabled=${el.rests}
        onClick=${() => (open ? close(true) : show())} onKeyDown=${onKeyDown}>${multi && chosen.length ? html`<span class="face quiet">Add</span>` : face}${el.busy ? html`<${Spinner} />` : html`<${Icon} name="chevron" />`}</button>
      ${clearable ? html`<button type="button" class="clear" aria-label="Clear the choice" onClick=${() => drop(chosen[0])}><${Icon} name="close" /></button>` : null}
    </div>
    ${open ? html`<${Popover} anchor=${anchor} close=${close} label=${bare(e.placeholder) || PLACE[kind]} wide=${240}>
      <${Options} groups=${groups} query=${kind === 'external' ? '' : query} typed=${query} type=${setQuery} has=${(key) => chosen.some((v) => keyOf(v) === key)} pick=${pick} multi=${multi}
        full=${chosen.length >= most ? `No more than ${most} can be chosen.` : ''} busy=${found.busy} problem=${found.error} hint=${found.hint} again=${found.again}
        back=${() => chosen.length && multi && drop(chosen.at(-1))} leave=${() => close(true)} /><//>` : null}${el.after}
  </div>`;
}

const PLACE = { static: 'Choose an option', external: 'Search for an option', users: 'Choose a person', channels: 'Choose a channel', conversations: 'Choose a conversation' };

// keyOf names a value: an option by its value, a person or channel by the id that it is.
const keyOf = (v) => (typeof v === 'object' && v ? String(v.value) : String(v));

function nameOf(store, me, v) {
  if (typeof v === 'object' && v) return bare(v.text);
  if (store.channels.has(v)) return placeName(store, store.channels.get(v), me);
  return userName(store, v);
}

function labelOf(store, me, v) {
  if (typeof v === 'object' && v) return textOf(v.text);
  const c = store.channels.get(v);
  const person = c ? c.is_im && partner(store, c, me) : v;
  return html`${person ? html`<${Avatar} id=${person} name=${userName(store, person)} app=${person === store.app.bot_user_id} size="tiny" />` : null}${nameOf(store, me, v)}`;
}

const items = (options) => arr(options).filter(Boolean).map((o) => ({ key: String(o.value), value: o, text: bare(o.text) + ' ' + bare(o.description) }));

// groupsOf lists what a menu offers, in groups of {label, items}.
function groupsOf(store, me, kind, e) {
  if (kind === 'static') return arr(e.option_groups).length ? e.option_groups.map((g) => ({ label: bare(g?.label), items: items(g?.options) })) : [{ items: items(e.options) }];
  const entry = (id, text) => ({ key: id, value: id, text });
  const sorted = (list) => [{ items: list.sort((a, b) => a.text.localeCompare(b.text)) }];
  if (kind === 'users') return sorted([...store.users.values()].filter((u) => !u.deleted).map((u) => entry(u.id, userName(store, u.id) + ' ' + (u.name || ''))));
  const all = [...store.channels.values()].filter((c) => visibleTo(c, me));
  if (kind === 'channels') return sorted(all.filter((c) => !isDirect(c) && !c.is_private).map((c) => entry(c.id, c.name || c.id)));
  const wanted = arr(e.filter?.include);
  const sort = (c) => (c.is_mpim ? 'mpim' : c.is_im ? 'im' : c.is_private ? 'private' : 'public');
  return sorted(all.filter((c) => (!wanted.length || wanted.includes(sort(c))) && !(e.filter?.exclude_bot_users && c.is_im && partner(store, c, me) === store.app.bot_user_id))
    .map((c) => entry(c.id, channelName(store, c, me))));
}

// useExternal asks the app for options while the menu is open.
function useExternal(el, block, e, on, query) {
  const [state, setState] = useState({ groups: [], busy: false, error: '' });
  const [round, again] = useState(0);
  const least = Number.isInteger(e.min_query_length) ? e.min_query_length : 3;   // Slack: three letters unless told otherwise
  const short = query.trim().length < least;
  const first = useRef(true);
  useEffect(() => {
    if (!on) { first.current = true; return undefined; }
    const pause = first.current ? 0 : PAUSE;
    first.current = false;
    if (short) { setState({ groups: [], busy: false, error: '' }); return undefined; }
    let current = true;
    setState((s) => ({ ...s, busy: true, error: '' }));
    const timer = setTimeout(async () => {
      let next;
      try {
        const data = await el.surface.suggest(block, e, query);
        next = { groups: arr(data.option_groups).length ? data.option_groups.map((g) => ({ label: bare(g?.label), items: items(g?.options) })) : [{ items: items(data.options) }], error: '' };
      } catch (err) {
        next = { groups: [], error: err.message };
      }
      if (current) setState({ ...next, busy: false });
    }, pause);
    return () => { current = false; clearTimeout(timer); };
  }, [on, query, short, round]);
  return { ...state, hint: short && on ? `Type at least ${least} ${least === 1 ? 'letter' : 'letters'}.` : '', again: () => again(round + 1) };
}

// Options is the open menu: a field to type into and the list that fits.
function Options({ groups, query, typed, type, has, pick, multi, full, busy, problem, hint, again, back, leave }) {
  const { store, me } = useApp();
  const [at, setAt] = useState(0);
  const list = useRef(null);
  const [id] = useState(() => 'opt' + Math.random().toString(36).slice(2, 8));
  const shown = useMemo(() => fitting(groups, query), [groups, query]);
  const flat = shown.flatMap((g) => g.items);
  const here = Math.min(at, Math.max(flat.length - 1, 0));
  useLayoutEffect(() => {
    const first = flat.findIndex((x) => has(x.key));
    if (first > 0 && !typed) setAt(first);
  }, []);
  useLayoutEffect(() => { list.current?.querySelector('.option.on')?.scrollIntoView({ block: 'nearest' }); }, [here]);
  const onKeyDown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.isComposing) return;
    if (step && flat.length) { event.preventDefault(); setAt((here + step + flat.length) % flat.length); }
    else if (event.key === 'Enter') { event.preventDefault(); event.stopPropagation(); if (flat[here]) pick(flat[here]); }
    else if (event.key === 'Tab') { event.preventDefault(); leave(); }
    else if (event.key === 'Backspace' && !typed && multi) back();
  };
  let n = -1;
  return html`<div class="options" onKeyDown=${onKeyDown}>
    <input type="text" role="combobox" autocomplete="off" aria-expanded="true" aria-controls=${id} aria-activedescendant=${flat.length ? `${id}-${here}` : null} placeholder="Type to search" aria-label="Search" value=${typed} onInput=${(ev) => { type(ev.target.value); setAt(0); }} />
    ${full ? html`<p class="options-note">${full}</p>` : null}
    <div class="optionlist" role="listbox" id=${id} ref=${list} aria-multiselectable=${multi || null} aria-busy=${!!busy}>
      ${shown.map((g, gi) => html`<div key=${gi} role="group" aria-label=${g.label || null}>${g.label ? html`<div class="optiongroup">${g.label}</div>` : null}
        ${g.items.map((x) => { n++; const i = n; const on = has(x.key); return html`<div role="option" key=${x.key} id=${`${id}-${i}`} class=${'option' + (i === here ? ' on' : '') + (full && !on ? ' off' : '')} aria-selected=${on} aria-disabled=${!!full && !on} data-value=${x.key}
            onMouseMove=${() => here !== i && setAt(i)} onMouseDown=${(ev) => ev.preventDefault()} onClick=${() => pick(x)}>
          <span>${labelOf(store, me, x.value)}${x.value?.description ? html`<small>${textOf(x.value.description)}</small>` : null}</span>${on ? html`<${Icon} name="check" />` : null}</div>`; })}</div>`)}
    </div>
    ${problem ? html`<p class="options-note bad" role="alert">${problem} <button type="button" class="quietbutton" onClick=${again}>Try again</button></p>`
      : busy ? html`<p class="options-note"><${Spinner} /> Asking the app…</p>`
      : hint ? html`<p class="options-note">${hint}</p>`
      : flat.length === 0 ? html`<p class="options-note">Nothing fits.</p>` : null}
  </div>`;
}

// fitting keeps what contains all the typed words, what begins with them first.
function fitting(groups, query) {
  const words = query.trim().toLowerCase().replace(/^[#@]/, '').split(/\s+/).filter(Boolean);
  let room = SHOWN;
  return groups.map((g) => {
    const kept = words.length ? g.items.filter((x) => words.every((w) => x.text.toLowerCase().includes(w))).sort((a, b) => Number(!a.text.toLowerCase().startsWith(words[0])) - Number(!b.text.toLowerCase().startsWith(words[0]))) : g.items;
    const list = kept.slice(0, room);
    room -= list.length;
    return { ...g, items: list };
  }).filter((g) => g.items.length);
}
