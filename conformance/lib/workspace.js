// The people of the simulated workspace, moved through the control API as its page does it.
import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How long a test waits for what must happen. */
export const patience = 60_000;

export class Workspace {
  constructor(apiURL) {
    this.origin = new URL(apiURL).origin;
  }

  async get(path) {
    const res = await fetch(this.origin + path);
    const body = await res.json();
    if (!res.ok) throw new Error(`GET ${path}: ${res.status} ${JSON.stringify(body)}`);
    return body;
  }

  async post(path, body = {}) {
    const answer = await this.tryPost(path, body);
    if (answer.error) throw new Error(`POST ${path} ${JSON.stringify(body)}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Like post, but a refusal is the answer: {error, message, …}. */
  async tryPost(path, body = {}) {
    const res = await fetch(this.origin + path, { method: 'POST', body: JSON.stringify(body) });
    const answer = await res.json();
    if (!res.ok) assert.ok(answer.error, `POST ${path}: ${res.status} without an error code`);
    return answer;
  }

  state() {
    return this.get('/sim/state?ephemerals=all');
  }

  calls(method) {
    return this.get(`/sim/calls?method=${method}`);
  }

  /** Leaves the journal in the folder HOLDFAST_WIRE, for the checks of it. */
  async keepJournal() {
    const folder = process.env.HOLDFAST_WIRE;
    if (!folder) return;
    const rows = [
      ...(await this.get('/sim/calls')).map((call) => ({ call })),
      ...(await this.get('/sim/envelopes')).map((envelope) => ({ envelope })),
    ];
    await appendFile(join(folder, `slack-${process.pid}.jsonl`), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  }

  /** Reads who is there. Every test begins with it, in an empty workspace. */
  async reset(settings = {}) {
    await this.keepJournal(); // a reset empties it
    this.started ??= await this.get('/sim/settings');
    await this.post('/sim/settings', { ...this.started, ...settings });
    await fetch(`${this.origin}/sim/faults`, { method: 'DELETE' });
    await this.post('/sim/limits', { enabled: false });
    await this.post('/sim/reset');
    const state = await this.state();
    this.team = state.team.id;
    this.app = state.app;
    this.ada = state.users.find((u) => u.real_name.startsWith('Ada')).id;
    this.ben = state.users.find((u) => u.real_name.startsWith('Ben')).id;
    this.general = state.channels.find((c) => c.name === 'general').id;
    this.random = state.channels.find((c) => c.name === 'random').id;
    this.dm = state.channels.find((c) => c.is_im && c.user === this.ada).id;
    return this;
  }

  /** A person writes. Returns {channel, ts}. */
  say(channel, text, more = {}) {
    return this.post('/sim/messages', { user: this.ada, channel, text, ...more });
  }

  mention(text) {
    return `<@${this.app.bot_user_id}> ${text}`;
  }

  /** Waits until look(state) gives something, looking again after each change. */
  async until(what, look) {
    const late = AbortSignal.timeout(patience);
    for (;;) {
      const state = await this.state();
      const found = await look(state);
      if (found) return found;
      await this.#change(state.seq, late).catch((err) => {
        throw new Error(`${what}: did not happen within ${patience / 1000} s`, { cause: err });
      });
    }
  }

  async #change(after, late) {
    const enough = new AbortController();
    try {
      const res = await fetch(`${this.origin}/sim/events?after=${after}`, { signal: AbortSignal.any([late, enough.signal]) });
      for await (const part of res.body) if (Buffer.from(part).includes('event: ')) return;
    } finally {
      enough.abort();
    }
  }

  message(channel, ts) {
    return this.until(`message ${ts}`, (s) => s.messages[channel]?.find((m) => m.ts === ts));
  }

  /** Waits for a message in channel that fits. */
  shown(channel, fits, what = `a message like ${fits}`) {
    return this.until(what, (s) => s.messages[channel]?.findLast((m) => fits(m)));
  }

  ephemeral(fits) {
    return this.until(`an ephemeral message like ${fits}`, (s) => s.ephemerals.findLast((m) => fits(m)));
  }

  /** Waits for an interaction to be answered, and returns it. */
  interaction(id) {
    return this.until(`the end of interaction ${id}`, async () => {
      const all = await this.get('/sim/interactions');
      return all.find((i) => i.id === id && i.status !== 'sent');
    });
  }

  /** Does something and returns the interaction that it became. */
  async act(path, body) {
    const { id } = await this.post(path, { user: this.ada, ...body });
    return this.interaction(id);
  }

  /** The modal that a person sees, once it fits. */
  modal(fits = () => true, user = this.ada) {
    return this.until(`a modal like ${fits}`, (s) => {
      const top = s.views.filter((v) => v.user === user).sort((a, b) => b.depth - a.depth)[0];
      return top && fits(top.view) && top.view;
    });
  }
}
