import { search } from './ts.js';

// Log holds the messages of one channel: all of them by ts, and the same ts sorted
// as top-level messages and as threads. Messages are replaced, never changed, so a
// view may compare them by identity.
export class Log {
  constructor(messages = []) {
    this.byTs = new Map();
    this.all = [];
    this.roots = [];
    this.threads = new Map();
    for (const m of messages) this.put(m);
  }

  get(ts) { return this.byTs.get(ts); }

  // replies returns the sorted ts of a thread's replies, without its root.
  replies(root) { return this.threads.get(root) || []; }

  // put adds or replaces; it says whether the message is new.
  put(message) {
    const old = this.byTs.get(message.ts);
    if (old && rootOf(old) !== rootOf(message)) this.#unlink(old);
    this.byTs.set(message.ts, message);
    if (old && rootOf(old) === rootOf(message)) return false;
    insert(this.all, message.ts);
    const root = rootOf(message);
    if (root === message.ts || message.subtype === 'thread_broadcast') insert(this.roots, message.ts);
    if (root !== message.ts) {
      if (!this.threads.has(root)) this.threads.set(root, []);
      insert(this.threads.get(root), message.ts);
    }
    return !old;
  }

  // remove takes a message away. A root that still has replies stays as a tombstone,
  // as its thread must remain readable.
  remove(ts) {
    const old = this.byTs.get(ts);
    if (!old) return;
    if (this.replies(ts).length > 0) {
      this.byTs.set(ts, { type: 'message', subtype: 'tombstone', ts, text: '' });
      return;
    }
    this.#unlink(old);
    const root = rootOf(old);
    if (root !== ts && this.byTs.get(root)?.subtype === 'tombstone') this.remove(root);
  }

  #unlink(message) {
    this.byTs.delete(message.ts);
    drop(this.all, message.ts);
    drop(this.roots, message.ts);
    const root = rootOf(message);
    const thread = this.threads.get(root);
    if (root !== message.ts && thread) {
      drop(thread, message.ts);
      if (thread.length === 0) this.threads.delete(root);
    }
  }
}

export const rootOf = (message) => message.thread_ts || message.ts;

function insert(sorted, ts) {
  const at = search(sorted, ts);
  if (sorted[at] !== ts) sorted.splice(at, 0, ts);
}

function drop(sorted, ts) {
  const at = search(sorted, ts);
  if (sorted[at] === ts) sorted.splice(at, 1);
}
