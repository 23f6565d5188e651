import { createContext, html, useContext, useLayoutEffect, useMemo, useReducer, useState } from '../vendor/htm-preact.js';
import { useApp } from '../hooks.js';
import * as api from './calls.js';
import { Confirm } from './confirm.js';
import { perform } from './outcome.js';
import { elementsOf, holds, initial, input, keyOf } from './values.js';

// Surface is what elements live on: a message, a modal or a Home tab, for one person. It
// keeps what they chose and typed, what is on its way to the app, and what went wrong.
export class Surface {
  values = new Map();        // key -> value, of what was touched
  busy = new Set();          // keys whose action is on its way
  troubles = new Map();      // key -> sentence
  errors = {};               // block_id -> text, as a submission brings them back
  blocks = [];
  before = new Map();        // key -> something to wait for before submitting (uploads)
  #next = new Map();         // key -> what to send once the present action is done
  #wakes = new Set();

  constructor(store, user, where, here = '') {
    Object.assign(this, { store, user, where, here });
  }

  listen(wake) {
    this.#wakes.add(wake);
    return () => this.#wakes.delete(wake);
  }

  changed() { for (const wake of this.#wakes) wake(); }

  // show takes the blocks that are drawn. Values survive while both ids stay.
  show(blocks) {
    if (this.blocks === blocks) return;
    this.blocks = blocks;
    const kept = new Set();
    for (const [b, e] of elementsOf(blocks)) kept.add(keyOf(b, e));
    for (const key of this.values.keys()) if (!kept.has(key)) this.values.delete(key);
    for (const key of this.troubles.keys()) if (!kept.has(key)) this.troubles.delete(key);
  }

  value(block, element) {
    const key = keyOf(block, element);
    return this.values.has(key) ? this.values.get(key) : initial(element, this.here);
  }

  set(block, element, value) {
    this.values.set(keyOf(block, element), value);
    if (this.errors[block.block_id]) this.errors = { ...this.errors, [block.block_id]: '' };
    this.changed();
  }

  unset(block, element) {
    this.values.delete(keyOf(block, element));
    this.changed();
  }

  // state is what all inputs hold now.
  state() {
    const out = {};
    for (const [b, e] of elementsOf(this.blocks)) {
      if (holds(e) && b.block_id && e.action_id) (out[b.block_id] ||= {})[e.action_id] = input(e, this.value(b, e));
    }
    return out;
  }

  // act sends a click or choice. A second click while one is on its way is the same click;
  // a later choice (again) follows when the first is through.
  async act(block, element, chosen, again = false) {
    const key = keyOf(block, element);
    if (this.busy.has(key)) {
      if (again) this.#next.set(key, chosen);
      return false;
    }
    this.busy.add(key);
    this.troubles.delete(key);
    this.changed();
    let done = true;
    try {
      await perform(this.store, api.action({ user: this.user, ...this.where, block_id: block.block_id, action_id: element.action_id, input: chosen, state: this.state() }));
    } catch (err) {
      done = false;
      this.troubles.set(key, err.message);
    }
    this.busy.delete(key);
    this.changed();
    if (!this.#next.has(key)) return done;
    const later = this.#next.get(key);
    this.#next.delete(key);
    return this.act(block, element, later, true);
  }

  suggest(block, element, query) {
    return api.suggestions({ user: this.user, ...this.where, block_id: block.block_id, action_id: element.action_id, query });
  }
}

// Surfaces are kept while the page lives: a message may be drawn twice (in its channel and
// beside it as a thread), and again after its channel was left.
const kept = new WeakMap();

export function surfaceFor(store, user, where, here) {
  if (!kept.has(store)) kept.set(store, new Map());
  const all = kept.get(store);
  const name = [user, where.view_id || '', where.channel || '', where.ts || ''].join(' ');
  if (!all.has(name)) {
    if (all.size > 500) all.delete(all.keys().next().value);
    all.set(name, new Surface(store, user, where, here));
  }
  return all.get(name);
}

export const SurfaceContext = createContext(null);

// OnMessage makes the elements of one message work.
export function OnMessage({ m, channel, children }) {
  const { store, me } = useApp();
  const surface = useMemo(() => surfaceFor(store, me, { channel, ts: m.ts }, channel), [store, me, channel, m.ts]);
  surface.show(m.blocks || NONE);
  return html`<${SurfaceContext.Provider} value=${surface}>${children}<//>`;
}

const NONE = [];

export function useSurface() {
  const surface = useContext(SurfaceContext);
  const [, wake] = useReducer((n) => n + 1, 0);
  useLayoutEffect(() => surface?.listen(wake), [surface]);
  return surface;
}

let serial = 0;

// useElement is the life of one element: its value, its click, its trouble.
export function useElement(block, element) {
  const surface = useSurface();
  const [id] = useState(() => 'el' + ++serial);
  const [asking, setAsking] = useState(null);
  const key = keyOf(block, element);
  const ask = () => (element.confirm ? new Promise((answer) => setAsking({ answer })) : Promise.resolve(true));
  const dispatches = block.type !== 'input' || !!block.dispatch_action;

  // choose keeps a value and tells the app, where it wants to be told. Refusing the
  // question takes the choice back.
  const choose = async (value) => {
    if (!surface) return;
    const before = surface.value(block, element);
    surface.set(block, element, value);
    if (!dispatches) return;
    if (await ask()) surface.act(block, element, input(element, value), true);
    else surface.set(block, element, before);
  };
  // click sends what has no value to keep.
  const click = async (chosen = {}) => {
    if (!surface || surface.busy.has(key) || !(await ask())) return false;
    return surface.act(block, element, chosen);
  };
  const answer = (yes) => { asking.answer(yes); setAsking(null); };
  return {
    id, surface, dispatches, choose, click, key,
    rests: !surface,
    value: surface ? surface.value(block, element) : initial(element),
    set: (value) => surface?.set(block, element, value),
    send: (value) => surface?.act(block, element, input(element, value), true),
    busy: !!surface?.busy.has(key),
    error: surface?.errors[block.block_id] || '',
    labelled: block.type === 'input' ? (block.block_id || '') + '-label' : undefined,
    after: html`${asking ? html`<${Confirm} confirm=${element.confirm} answer=${answer} />` : null}${surface?.troubles.get(key) ? html`<${Trouble} text=${surface.troubles.get(key)} />` : null}`,
  };
}

const Trouble = ({ text }) => html`<span class="trouble" role="alert"><span class="trouble-sign" aria-hidden="true">!</span>${text}</span>`;

export const Spinner = () => html`<span class="spinner" role="status" aria-label="Waiting for the app"></span>`;
