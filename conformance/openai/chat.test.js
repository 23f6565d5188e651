import assert from 'node:assert/strict';
import { test } from 'node:test';
import { all, modelSandbox, name } from '../lib/model.js';

const here = modelSandbox();
const path = '/v1/chat/completions';
const messages = [{ role: 'system', content: 'Be kind.' }, { role: 'user', content: 'Hello' }];

const weather = {
  name: 'get_weather', strict: true,
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
};

test('a completion', async () => {
  await here.rule({ path, text: 'Good day.' });
  const done = await here.client.chat.completions.create({ model: name, messages });
  assert.equal(done.choices[0].message.content, 'Good day.');
  assert.equal(done.choices[0].finish_reason, 'stop');
  assert.equal(done.usage.total_tokens, done.usage.prompt_tokens + done.usage.completion_tokens);
});

test('a stream, with usage in its last chunk', async () => {
  await here.rule({ path, text: 'One two three.' });
  const chunks = await all(await here.client.chat.completions.create({ model: name, messages, stream: true, stream_options: { include_usage: true } }));
  assert.equal(chunks.map((c) => c.choices[0]?.delta.content ?? '').join(''), 'One two three.');
  assert.equal(chunks.at(-1).choices.length, 0);
  assert.ok(chunks.at(-1).usage.total_tokens > 0);
  assert.equal(chunks.filter((c) => c.choices[0]?.finish_reason === 'stop').length, 1);
});

test('the stream helper builds the message', async () => {
  await here.rule({ path, text: 'Well built.' });
  const final = await here.client.chat.completions.stream({ model: name, messages }).finalMessage();
  assert.equal(final.content, 'Well built.');
});

for (const stream of [false, true]) {
  test(`runTools goes round until there is an answer, ${stream ? 'streamed' : 'at once'}`, async () => {
    await here.rule(
      { path, after_tool: 'none', shape: 'S3', tool: 'get_weather', arguments: '{"city":"Lagos"}' },
      { path, after_tool: 'any', text: 'It is {{tool}}.' },
    );
    const asked = [];
    const runner = here.client.chat.completions.runTools({
      model: name, messages, stream,
      tools: [{ type: 'function', function: { ...weather, parse: JSON.parse, function: ({ city }) => { asked.push(city); return 'raining'; } } }],
    });
    assert.equal(await runner.finalContent(), 'It is raining.');
    assert.deepEqual(asked, ['Lagos']);
  });
}

test('structured output', async () => {
  const { z } = await import('zod');
  const { zodResponseFormat } = await import('openai/helpers/zod');
  await here.rule({ path, shape: 'S17' });
  const done = await here.client.chat.completions.parse({
    model: name, messages, response_format: zodResponseFormat(z.object({ city: z.string() }), 'weather'),
  });
  assert.equal(typeof done.choices[0].message.parsed.city, 'string');
});

test('an answer that is cut has finish_reason length', async () => {
  await here.rule({ path, shape: 'S15', text: 'This will not be finished.' });
  const done = await here.client.chat.completions.create({ model: name, messages, max_completion_tokens: 16 });
  assert.equal(done.choices[0].finish_reason, 'length');
});

test('refusals have the same classes as those of responses', async () => {
  await assert.rejects(here.client.chat.completions.create({ model: name, messages, no_such_field: 1 }), (err) => err.status === 400 && /no_such_field/.test(err.message));
  await here.rule({ path, fault: { kind: 'F11', code: 'insufficient_quota' } });
  await assert.rejects(here.newClient({ maxRetries: 0 }).chat.completions.create({ model: name, messages }), here.client.constructor.RateLimitError);
});
