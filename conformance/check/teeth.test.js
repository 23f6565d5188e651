// The checks bite: small mistakes in values that are right otherwise.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetchSpec } from '../lib/spec.js';
import { Document } from './document.js';
import { TypedValues } from './typescript.js';

const request = {
  model: 'gpt-6-luna', stream: true, input: [{ role: 'user', content: [{ type: 'input_text', text: 'hi' }] }],
  tools: [{ type: 'function', name: 'f', strict: true, parameters: {} }], reasoning: { effort: 'low' },
};
const event = {
  type: 'response.output_text.delta', sequence_number: 4, item_id: 'msg_1', output_index: 0, content_index: 0, delta: 'x', logprobs: [],
};

test('the document: a value that is right, and its mistakes', () => {
  const doc = new Document(fetchSpec());
  const body = doc.operation('POST', '/v1/responses').request;
  const of = (schema, value) => [...doc.misfits(schema, value), ...doc.unknown(schema, value)].map((f) => `${f.kind} ${f.path}`);
  assert.deepEqual(of(body, request), []);
  assert.deepEqual(of(body, { ...request, max_output_token: 5 }), ['unknown /max_output_token']);
  assert.deepEqual(of(body, { ...request, reasoning: { effort: 'little' } }), ['wrong /reasoning/effort']);
  assert.deepEqual(of(body, { ...request, reasoning: { effort: 'low', sumary: 'auto' } }), ['unknown /reasoning/sumary']);
  assert.ok(of(body, { ...request, tools: [{ type: 'function', strict: true, parameters: {} }] }).some((f) => /missing .*\/name$/.test(f)));
  const events = doc.schema('ResponseStreamEvent');
  assert.deepEqual(of(events, event), []);
  const { delta, ...bare } = event;
  assert.deepEqual(of(events, bare), ['missing <response.output_text.delta>/delta']);
  assert.deepEqual(of(events, { ...event, output_index: '0' }), ['wrong /output_index']);
  assert.deepEqual(of(events, { ...event, text: delta }), ['unknown <response.output_text.delta>/text']);
  assert.equal(of(events, { ...event, type: 'response.output_text.dleta' })[0], 'wrong <response.output_text.dleta>');
});

test('the types: a value that is right, and its mistakes', () => {
  const type = 'OpenAI.Responses.ResponseStreamEvent';
  const values = new TypedValues('teeth', [
    "import type OpenAI from 'openai';",
    "import type { WebClient } from '@slack/web-api';",
    'type Post = Parameters<WebClient["chat"]["postMessage"]>[0];',
  ], []);
  const post = { channel: 'C1', text: 'x', blocks: [{ type: 'divider' }] };
  values.add(type, event);
  values.add('Post', post);
  assert.deepEqual(values.check(), []);
  const { delta, ...bare } = event;
  const wrong = [
    [type, bare, /'delta' is missing/],
    [type, { ...event, text: delta }, /'"text"' does not exist/],
    [type, { ...event, output_index: '0' }, /'string' is not assignable to type 'number'/],
    ['Post', { ...post, thread: '1.2' }, /'"thread"' does not exist/],
    ['Post', { ...post, blocks: [{ type: 'section', text: { type: 'markdown', text: 'x' } }] }, /markdown/],
  ];
  for (const [t, value] of wrong) values.add(t, value);
  const found = values.check();
  assert.equal(found.length, wrong.length, JSON.stringify(found));
  for (const [, value, say] of wrong) assert.match(found.find((f) => JSON.stringify(f.value) === JSON.stringify(value))?.say ?? 'nothing', say);
});
