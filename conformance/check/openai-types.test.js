// The same corpus against the types of the npm package openai, which are made from a newer document than the one that
// is published.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openaiTypes as allowed } from './allowed.js';
import { TypedValues } from './typescript.js';
import { exchanges, Findings } from './wire.js';

const R = 'OpenAI.Responses';
const list = (type) => `{ object: 'list'; data: ${type}[]; first_id?: string | null; last_id?: string | null; has_more?: boolean }`;

// endpoint, type of the request, of the answer, of each event
const endpoints = [
  [/^POST \/v1\/responses$/, `${R}.ResponseCreateParams`, `${R}.Response`, `${R}.ResponseStreamEvent`],
  [/^(GET|POST) \/v1\/responses\/resp_\w+(\/cancel)?$/, null, `${R}.Response`, `${R}.ResponseStreamEvent`],
  [/^GET \/v1\/responses\/\w+\/input_items$/, null, list(`${R}.ResponseItem`)],
  [/^POST \/v1\/responses\/input_tokens$/, `${R}.InputTokenCountParams`, `${R}.InputTokenCountResponse`],
  [/^POST \/v1\/responses\/compact$/, `${R}.ResponseCompactParams`, `Omit<${R}.CompactedResponse, 'output'>`],
  [/^POST \/v1\/chat\/completions$/, 'OpenAI.Chat.ChatCompletionCreateParams', 'OpenAI.Chat.ChatCompletion', 'OpenAI.Chat.ChatCompletionChunk'],
  [/^POST \/v1\/images\/generations$/, 'OpenAI.Images.ImageGenerateParams', 'OpenAI.Images.ImagesResponse', 'OpenAI.Images.ImageGenStreamEvent'],
  [/^POST \/v1\/images\/edits$/, null, 'OpenAI.Images.ImagesResponse', 'OpenAI.Images.ImageEditStreamEvent'],
  [/^POST \/v1\/moderations$/, 'OpenAI.ModerationCreateParams', 'OpenAI.ModerationCreateResponse'],
  [/^GET \/v1\/models$/, null, list('OpenAI.Model')],
  [/^GET \/v1\/models\/[^/]+$/, null, 'OpenAI.Model'],
  [/^POST \/v1\/files$/, null, 'OpenAI.Files.FileObject'],
  [/^GET \/v1\/files$/, null, list('OpenAI.Files.FileObject')],
  [/^GET \/v1\/files\/[^/]+$/, null, 'OpenAI.Files.FileObject'],
  [/^DELETE \/v1\/files\/[^/]+$/, null, 'OpenAI.Files.FileDeleted'],
];

test('requests, answers and events fit the types of the openai package', (t) => {
  const values = new TypedValues('openai', ["import type OpenAI from 'openai';"], allowed);
  for (const x of exchanges()) {
    const name = `${x.method} ${x.path}`;
    const [, request, answer, event] = endpoints.find(([re]) => re.test(name)) ?? [];
    if (x.source === 'assistant' && request && x.request !== null) values.add(request, x.request);
    if (x.wrong || x.status >= 400) continue;
    if (answer && x.response !== null && x.events.length === 0) values.add(answer, asParsed(x.response));
    for (const e of x.events) if (event && e !== '[DONE]') values.add(event, asParsed(e));
  }
  t.diagnostic(`values: ${values.count}`);
  const found = new Findings();
  for (const { type, say, value } of values.check()) found.add(`${type}: ${say}`, value);
  assert.equal(found.size, 0, `\n${found}`);
  assert.deepEqual(values.unused(), [], 'on the allow-list, but nothing is like that');
});

/** A Response as the client hands it on: it adds output_text itself. */
function asParsed(x) {
  if (x.response) return { ...x, response: asParsed(x.response) };
  return x.object === 'response' ? { ...x, output_text: '' } : x;
}
