import { load, save } from './prefs.js';
import { after } from './ts.js';

// Reads remembers, for one person in this browser, up to which ts each channel was
// read. A channel never seen before counts as read up to what it holds at that time:
// a newcomer is not greeted with a wall of unread marks.
export class Reads {
  constructor(store, user) {
    this.store = store;
    this.user = user;
    this.name = 'reads.' + (store.team.id || '') + '.' + user;
    this.marks = load(this.name, {});
    let grew = false;
    for (const id of store.channels.keys()) {
      if (this.marks[id] !== undefined) continue;
      this.marks[id] = store.log(id).all.at(-1) || '0';
      grew = true;
    }
    if (grew) save(this.name, this.marks);
  }

  last(channel) { return this.marks[channel] || '0'; }

  // mark says that everything up to now is read; it returns whether that changed anything.
  mark(channel) {
    const newest = this.store.log(channel).all.at(-1);
    if (!newest || !after(newest, this.last(channel))) return false;
    this.marks = { ...this.marks, [channel]: newest };
    save(this.name, this.marks);
    return true;
  }

  // refresh takes over what another window of this person has read.
  refresh() { this.marks = load(this.name, this.marks); }

  // unread counts what others wrote since: all of it, and what is meant for this person.
  unread(channel) {
    const log = this.store.log(channel.id);
    const last = this.last(channel.id);
    let all = 0, mine = 0;
    for (let i = log.all.length - 1; i >= 0 && after(log.all[i], last); i--) {
      const m = log.get(log.all[i]);
      if (m.user === this.user || m.subtype === 'tombstone') continue;
      const named = channel.is_im || channel.is_mpim || String(m.text || '').includes(`<@${this.user}>`);
      if (named) mine++;
      if (named || !m.thread_ts || m.thread_ts === m.ts) all++;
    }
    return { all, mine };
  }
}
