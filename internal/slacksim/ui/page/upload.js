import { useEffect, useReducer } from './vendor/htm-preact.js';
import * as api from './api.js';

// Files on their way into a message. A tray belongs to one person and place, as drafts
// do, and outlives its composer; a reload of the page empties it.

const MOST = 10;             // Slack: files in one message
let serial = 0;

// send puts one file to the sandbox. XMLHttpRequest, as fetch tells no progress.
function send(user, blob, name, alt, progress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    const query = new URLSearchParams({ user, name, title: name, ...(alt && { alt }) });
    request.open('POST', '/sim/files?' + query);
    request.upload.onprogress = (e) => { if (e.lengthComputable && e.total) progress(e.loaded / e.total); };
    request.onload = () => {
      let data = {};
      try { data = JSON.parse(request.responseText); } catch { /* told below */ }
      if (request.status === 200 && data.id) resolve(data);
      else reject(new Error(data.message || data.error || `The sandbox answered with HTTP ${request.status}.`));
    };
    request.onerror = () => reject(new Error('The file could not be sent. Is the sandbox still running?'));
    request.onabort = () => reject(new Error('Cancelled.'));
    request.send(blob);
  });
  return { done, abort: () => request.abort() };
}

class Tray {
  list = [];                 // {key, blob, name, size, type, alt, state: 'sending'|'ready'|'failed', progress, error, file}
  wakes = new Set();

  constructor(user) { this.user = user; }

  // add takes files of a drop, a paste or a choice; it returns what was refused, as text.
  add(blobs) {
    const refused = [];
    for (const blob of blobs) {
      const name = blob.name || 'pasted.' + (blob.type.split('/')[1] || 'bin');
      if (this.list.length >= MOST) { refused.push(`A message carries at most ${MOST} files: ${name} was left out.`); continue; }
      if (blob.size === 0) { refused.push(`${name} is empty, or a folder: there is nothing to send.`); continue; }
      const item = { key: ++serial, blob, name, size: blob.size, type: blob.type, alt: '', state: 'sending', progress: 0 };
      this.list = [...this.list, item];
      this.#begin(item);
    }
    this.#wake();
    return refused;
  }

  remove(key) {
    const item = this.#find(key);
    if (!item) return;
    this.list = this.list.filter((x) => x.key !== key);
    item.job?.abort();
    this.#forget(item);
    this.#wake();
  }

  // describe sets the alt text. It goes with the upload, so a file already sent is sent anew.
  describe(key, alt) {
    const item = this.#find(key);
    if (!item || item.alt === alt) return;
    item.job?.abort();
    this.#forget(item);
    this.#change(key, { alt });
    this.retry(key);
  }

  retry(key) { this.#begin(this.#find(key)); }

  // settled waits for the uploads under way; it rejects when a file cannot go.
  async settled() {
    while (this.list.some((x) => x.state === 'sending')) await Promise.all(this.list.map((x) => x.job?.done.catch(() => null)));
    const bad = this.list.find((x) => x.state === 'failed');
    if (bad) throw new Error(`${bad.name}: ${bad.error}`);
    return this.list.map((x) => x.file.id);
  }

  // clear takes out the files that were shared, by their ids; others may have come meanwhile.
  clear(ids) { this.list = this.list.filter((x) => !ids.includes(x.file?.id)); this.#wake(); }

  #find(key) { return this.list.find((x) => x.key === key); }

  async #begin(item) {
    if (!item) return;
    const job = send(this.user, item.blob, item.name, item.alt, (progress) => this.#change(item.key, { progress }));
    this.#change(item.key, { job, state: 'sending', progress: 0, error: '', file: null });
    let next;
    try {
      next = { state: 'ready', progress: 1, file: await job.done };
    } catch (err) {
      next = { state: 'failed', error: err.message };
    }
    const now = this.#find(item.key);
    if (now?.job === job) this.#change(item.key, next);
    else if (next.file && !now) this.#forget(next);      // removed just as it arrived
  }

  #forget(item) {
    if (item.file) api.deleteFile(this.user, item.file.id).catch(() => { /* an upload nobody sees does no harm */ });
  }

  #change(key, more) {
    this.list = this.list.map((x) => (x.key === key ? { ...x, ...more } : x));
    this.#wake();
  }

  #wake() { for (const wake of this.wakes) wake(); }
}

const trays = new Map();

export function useTray(user, place) {
  const name = user + ' ' + place;
  if (!trays.has(name)) trays.set(name, new Tray(user));
  const tray = trays.get(name);
  const [, wake] = useReducer((n) => n + 1, 0);
  useEffect(() => {
    tray.wakes.add(wake);
    wake();
    return () => tray.wakes.delete(wake);
  }, [tray]);
  return tray;
}
