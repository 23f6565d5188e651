import { Log } from './log.js';
import { load, save } from './prefs.js';

// Store is the page's copy of the workspace. It changes only through load (a whole
// state) and apply (one event), and tells subscribers by topic, at most once a frame:
//
//   people          users, channels, the app, sockets
//   link            whether the event stream is up
//   activity        a message came or went anywhere (for unread marks)
//   m:CHANNEL       the messages of a channel
//   s:CHANNEL       its agent sessions
//   journal         envelopes, Web API calls and interactions
//   files           files and canvases
//   viewing         which channel each person last looked at
//   sessionmarks    what this browser remembers of sessions (pinned, archived)
//   views           open modals and Home tabs
//   outcomes        interactions that changed (acked or failed)
//   around          what surrounds the simulator: the sandbox, the assistant's process
//   faults          what is armed in this Slack
export class Store {
  users = new Map();
  channels = new Map();
  logs = new Map();
  sessions = new Map();      // "channel ts" -> Session
  ephemerals = new Map();    // channel -> [Ephemeral]
  sockets = new Map();
  journal = { envelopes: [], calls: [] };
  interactions = new Map();  // newest last
  outcomes = new Map();      // the same, for whoever waits; clearing the journal leaves them
  generation = 0;            // counts whole states
  views = new Map();         // person -> [OpenView], the top one last
  homes = new Map();         // person -> published view
  files = new Map();
  canvases = new Map();
  viewing = {};              // person -> channel, what the app may see as context
  around = {};               // sandbox, assistant: as they were announced
  skew = 0;                  // milliseconds that the simulator's clock is ahead of ours
  team = {};
  app = {};
  note = '';
  link = 'opening';          // opening | live | lost
  seq = 0;

  #subscribers = new Map();
  #versions = new Map();
  #dirty = new Set();
  #scheduled = false;

  on(topic, wake) {
    if (!this.#subscribers.has(topic)) this.#subscribers.set(topic, new Set());
    this.#subscribers.get(topic).add(wake);
    return () => this.#subscribers.get(topic).delete(wake);
  }

  version(topic) { return this.#versions.get(topic) || 0; }

  load(state) {
    this.team = state.team || {};
    this.app = state.app || {};
    this.note = typeof state.note === 'string' ? state.note : '';
    this.users = byId(state.users);
    this.channels = byId(state.channels);
    this.sockets = byId(state.sockets);
    this.sessions = new Map((state.sessions || []).map((s) => [sessionKey(s.channel, s.thread_ts), s]));
    this.ephemerals = new Map();
    const gone = new Set(load('dismissed', []));
    for (const e of state.ephemerals || []) if (!gone.has(e.channel + e.ts)) this.#addEphemeral(e);
    this.views = new Map();
    for (const v of state.views || []) this.#addView(v);
    this.homes = new Map(Object.entries(state.homes || {}));
    this.generation++;
    this.files = byId(state.files);
    this.canvases = byId(state.canvases);
    this.viewing = state.viewing || {};
    this.around = state.announced || {};
    this.setNow(state.now);
    this.logs = new Map(Object.entries(state.messages || {}).map(([id, list]) => [id, new Log(list || [])]));
    if ((state.seq || 0) < this.seq) { this.journal = { envelopes: [], calls: [] }; this.interactions = new Map(); }   // another server: its numbers begin anew
    this.seq = state.seq || 0;
    for (const topic of this.#subscribers.keys()) this.#touch(topic);
  }

  // apply takes one event of /sim/events. Unknown types are ignored: a newer server
  // may send more than this page knows.
  apply(type, data) {
    switch (type) {
      case 'message': {
        const fresh = this.log(data.channel).put(data.message);
        this.#touch('m:' + data.channel);
        if (fresh) this.#touch('activity');
        break;
      }
      case 'deleted':
        this.log(data.channel).remove(data.ts);
        this.#touch('m:' + data.channel);
        this.#touch('activity');
        break;
      case 'session':
        this.sessions.set(sessionKey(data.channel, data.thread_ts), data);
        this.#touch('s:' + data.channel);
        break;
      case 'ephemeral':
        this.#addEphemeral(data);
        this.#touch('m:' + data.channel);
        break;
      case 'ephemeral_deleted':
        this.dropEphemeral(data.channel, data.ts);
        break;
      case 'view':
        this.#addView(data);
        this.#touch('views');
        break;
      case 'view_closed':
        this.views.set(data.user, (this.views.get(data.user) || []).filter((v) => v.view.id !== data.view_id));
        this.#touch('views');
        break;
      case 'home':
        this.homes.set(data.user, data.view);
        this.#touch('views');
        break;
      case 'app':
        this.app = data;
        this.#touch('people');
        break;
      case 'channel':
        this.channels.set(data.id, data);
        this.#touch('people');
        break;
      case 'user':
        this.users.set(data.id, data);
        this.#touch('people');
        break;
      case 'socket':
        this.sockets.set(data.id, data);
        this.#touch('people');
        break;
      case 'file':
        this.files.set(data.id, data);
        this.#touch('files');
        break;
      case 'file_deleted':
        this.files.set(data.id, { ...this.files.get(data.id), id: data.id, mode: 'tombstone' });
        this.#touch('files');
        break;
      case 'canvas':
        this.canvases.set(data.id, data);
        this.#touch('files');
        break;
      case 'viewing':
        this.viewing = { ...this.viewing, [data.user]: data.channel };
        this.#touch('viewing');
        break;
      case 'assistant':
      case 'sandbox':
        this.around = { ...this.around, [type]: data };
        this.#touch('around');
        this.#touch('journal');
        break;
      case 'fault':
      case 'faults':
        this.#touch('faults');
        break;
      case 'interaction':
        this.addInteractions([data]);
        this.outcomes.delete(data.id);
        this.outcomes.set(data.id, data);
        if (this.outcomes.size > 500) this.outcomes.delete(this.outcomes.keys().next().value);
        this.#touch('outcomes');
        break;
      case 'envelope':
        this.addJournal('envelopes', [data]);
        break;
      case 'call':
        this.addJournal('calls', [data]);
        break;
    }
  }

  setLink(link) {
    if (this.link === link) return;
    this.link = link;
    this.#touch('link');
  }

  // poke wakes a topic whose cause lies outside the store (what was read, say).
  poke(topic) { this.#touch(topic); }

  log(channel) {
    if (!this.logs.has(channel)) this.logs.set(channel, new Log());
    return this.logs.get(channel);
  }

  session(channel, root) { return this.sessions.get(sessionKey(channel, root)); }

  // addJournal merges entries by their running number and keeps the newest thousand.
  addJournal(kind, entries) {
    const list = this.journal[kind].slice();
    for (const entry of entries) {
      const known = findNumber(list, entry.n);
      if (known >= 0) list[known] = entry;
      else if (list.length === 0 || list[list.length - 1].n < entry.n) list.push(entry);
      else list.splice(list.findIndex((e) => e.n > entry.n), 0, entry);
    }
    this.journal = { ...this.journal, [kind]: list.slice(-1000) };
    this.#touch('journal');
  }

  // addInteractions keeps the newest two hundred; a changed one keeps its place.
  addInteractions(list) {
    for (const x of list) this.interactions.set(x.id, x);
    for (const id of this.interactions.keys()) {
      if (this.interactions.size <= 200) break;
      this.interactions.delete(id);
    }
    this.#touch('journal');
  }

  // setNow takes the simulator's time, which its controls can move ahead of ours.
  setNow(now) {
    const at = Date.parse(now);
    if (!isNaN(at)) this.skew = at - Date.now();
  }

  clearJournal() {
    this.journal = { envelopes: [], calls: [] };
    this.interactions = new Map();
    this.#touch('journal');
  }

  dropEphemeral(channel, ts) {
    this.ephemerals.set(channel, (this.ephemerals.get(channel) || []).filter((e) => e.ts !== ts));
    this.#touch('m:' + channel);
  }

  // dismiss hides an ephemeral message for good, in this browser.
  dismiss(channel, ts) {
    save('dismissed', [...load('dismissed', []).slice(-200), channel + ts]);
    this.dropEphemeral(channel, ts);
  }

  // #addView puts a view into its person's stack: in place of the one with its id, else at
  // its depth, with nothing above it.
  #addView(v) {
    const stack = this.views.get(v.user) || [];
    const at = stack.findIndex((x) => x.view.id === v.view.id);
    const next = at >= 0 ? stack.with(at, v) : [...stack.filter((x) => x.depth < v.depth), v];
    this.views.set(v.user, next.sort((a, b) => a.depth - b.depth));
  }

  #addEphemeral(e) {
    const list = this.ephemerals.get(e.channel) || [];
    this.ephemerals.set(e.channel, [...list.filter((x) => x.ts !== e.ts), e]);
  }

  #touch(topic) {
    this.#versions.set(topic, this.version(topic) + 1);
    this.#dirty.add(topic);
    if (this.#scheduled) return;
    this.#scheduled = true;
    // A hidden window gets no animation frames, yet its title should count on.
    let done = false;
    const flush = () => { if (!done) { done = true; this.#flush(); } };
    requestAnimationFrame(flush);
    setTimeout(flush, 150);
  }

  #flush() {
    this.#scheduled = false;
    const wakes = new Set();
    for (const topic of this.#dirty) for (const wake of this.#subscribers.get(topic) || []) wakes.add(wake);
    this.#dirty.clear();
    for (const wake of wakes) wake();
  }
}

const sessionKey = (channel, root) => channel + ' ' + root;

const byId = (list) => new Map((list || []).map((x) => [x.id, x]));

function findNumber(list, n) {
  for (let i = list.length - 1; i >= 0 && list[i].n >= n; i--) if (list[i].n === n) return i;
  return -1;
}
