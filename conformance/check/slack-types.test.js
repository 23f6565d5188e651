// What the assistant sends to Slack against the official types of the arguments, and what slacksim answers and sends
// against the official types of answers, events and interactions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slackAnswers, slackCalls, slackPayloads, slackSkipped } from './allowed.js';
import { TypedValues } from './typescript.js';
import { Findings, lines } from './wire.js';

const imports = [
  "import type { WebClient } from '@slack/web-api';",
  "import type { AnyBlock, GenericMessageEvent, SlackEvent } from '@slack/types';",
  "import type * as Bolt from '@slack/bolt';",
  'type Args<F> = F extends (...args: infer A) => unknown ? NonNullable<A[0]> : never;',
  // The types of answers are made from samples: their enums are words that were seen, their blocks what was seen in
  // them. So words are strings here, and blocks are those of @slack/types. Unknown fields are refused at every depth.
  'type Plain<T> = T extends string ? string : T extends (infer E)[] ? Plain<E>[] : T extends object ? {'
    + " [K in keyof T as string extends K ? never : K]: K extends 'blocks' ? AnyBlock[] : Plain<T[K]> } : T;",
  'type Answer<F> = F extends (...args: never[]) => Promise<infer A> ? Plain<A> : never;',
];

const calls = [...lines('slack')].filter((l) => l.call).map((l) => ({ source: l.source, ...l.call }));
const envelopes = [...lines('slack')].filter((l) => l.envelope).map((l) => ({ source: l.source, ...l.envelope }));

const method = (name) => `WebClient${name.split('.').map((part) => `['${part}']`).join('')}`;

/** Arguments as they were before the form took their types away. */
function typed(args) {
  return Object.fromEntries(Object.entries(args).map(([name, v]) => {
    if (v === 'true' || v === 'false') return [name, v === 'true'];
    if (name === 'limit' || name === 'length') return [name, Number(v)];
    if (typeof v === 'string' && /^[[{]/.test(v)) return [name, JSON.parse(v)];
    return [name, v];
  }));
}

function fit(t, values) {
  t.diagnostic(`values: ${values.count}`);
  assert.ok(values.count > 0, 'the corpus has none');
  const found = new Findings();
  for (const { type, say, value } of values.check()) found.add(`${type}: ${say}`, value);
  assert.equal(found.size, 0, `\n${found}`);
  assert.deepEqual(values.unused(), [], 'on the allow-list, but nothing is like that');
}

test("the assistant's calls fit the types of their arguments", (t) => {
  const values = new TypedValues('slack-calls', imports, slackCalls);
  // response_url is an address to post to, and no method of the client.
  for (const c of calls) if (c.source === 'assistant' && c.method !== 'response_url') values.add(`Args<${method(c.method)}>`, typed(c.args));
  fit(t, values);
});

test("slacksim's answers fit the types of the answers", (t) => {
  const values = new TypedValues('slack-answers', imports, slackAnswers);
  for (const c of calls) if (c.ok && c.response && !c.fault) values.add(`Answer<${method(c.method)}>`, c.response);
  fit(t, values);
});

const interactions = {
  block_actions: 'Bolt.BlockAction', view_submission: 'Bolt.ViewSubmitAction', view_closed: 'Bolt.ViewClosedAction',
  shortcut: 'Bolt.GlobalShortcut', message_action: 'Bolt.MessageShortcut', block_suggestion: 'Bolt.BlockSuggestion',
};

test("slacksim's events, interactions and commands fit their types", (t) => {
  const values = new TypedValues('slack-payloads', imports, slackPayloads);
  for (const { source, type, payload } of envelopes) {
    if (source === 'assistant' || payload.type === 'url_verification') continue; // the scenarios forge some
    if (slackSkipped.some((s) => s.is(payload))) continue;
    if (type === 'events_api') {
      const { event, ...outer } = payload;
      // The type of a plain message wants a subtype that is undefined, which JSON cannot say.
      const plain = event.type === 'message' && !event.subtype;
      values.add(plain ? "Omit<GenericMessageEvent, 'subtype'>" : 'SlackEvent', event);
      values.add('Bolt.EnvelopedEvent', { ...outer, event: { type: event.type } });
    } else if (type === 'slash_commands') values.add('Bolt.SlashCommand', payload);
    else if (payload.type === 'block_actions' && payload.view) {
      values.add("Omit<Bolt.BlockAction, 'response_url'>", payload); // a view has none
    } else values.add(interactions[payload.type] ?? 'never', payload);
  }
  fit(t, values);
});
