import * as api from './calls.js';
import { perform } from './outcome.js';

// Slash commands, from the composer: "/name text" at the very start of a message.

const COMMAND = /^\/(\S*)(?:\s+([\s\S]*))?$/;

export const isCommand = (text) => text.startsWith('/');

// pendingCommand finds the command that is being typed at the caret.
export function pendingCommand(text, caret) {
  const m = /^\/(\S*)$/.exec(text.slice(0, caret));
  return m && !/^\S/.test(text.slice(caret)) ? { kind: '/', query: m[1], from: 0 } : null;
}

// offers lists the commands that begin with what was typed, then those that contain it.
export function offers(app, query) {
  const q = query.toLowerCase();
  const all = (Array.isArray(app.commands) ? app.commands : []).filter((c) => c?.command);
  const bare = (c) => c.command.slice(1).toLowerCase();
  return [...all.filter((c) => bare(c) === q), ...all.filter((c) => bare(c).startsWith(q) && bare(c) !== q), ...all.filter((c) => q && !bare(c).startsWith(q) && bare(c).includes(q))].slice(0, 8);
}

// hintFor is what may follow the command that stands in the text, while nothing does yet.
export function hintFor(app, text) {
  const m = /^(\/\S+) $/.exec(text);
  const c = m && (app.commands || []).find((x) => x.command === m[1]);
  return c?.usage_hint ? `${c.command} ${c.usage_hint}` : '';
}

// runCommand sends a command and waits for the app; it rejects with what to tell the person.
export async function runCommand(store, me, channel, typed, threadTs) {
  const [, name, text = ''] = COMMAND.exec(typed.trim()) || [];
  try {
    await perform(store, api.command(me, channel, '/' + name, text, threadTs));
  } catch (err) {
    if (err.code === 'command_not_found') throw new Error(`/${name} is not a command here. To send it as a message, begin with a space.`);
    throw err.outcome ? new Error(`/${name} failed: ${err.message}`) : err;
  }
}
