import assert from 'node:assert/strict';
import { test } from 'node:test';
import { all, modelSandbox, name } from '../lib/model.js';

const here = modelSandbox();

test('responses.create gives the text, the usage and a request id', async () => {
  await here.rule({ text: 'Good day.' });
  const { data, response, request_id: id } = await here.client.responses.create({
    model: name, input: 'Hello', instructions: 'Be short.', metadata: { turn: '1' }, safety_identifier: 'u1',
  }).withResponse();
  assert.equal(data.output_text, 'Good day.');
  assert.equal(data.status, 'completed');
  assert.equal(data.model, name);
  assert.equal(data.object, 'response');
  assert.deepEqual(data.metadata, { turn: '1' });
  assert.equal(data.usage.total_tokens, data.usage.input_tokens + data.usage.output_tokens);
  assert.ok(data.completed_at >= data.created_at);
  assert.match(id, /^req_/);
  for (const header of ['openai-processing-ms', 'openai-version', 'x-ratelimit-remaining-requests', 'x-ratelimit-reset-tokens']) {
    assert.ok(response.headers.get(header), header);
  }
});

test('iterating a stream: every event once, in order, and the text', async () => {
  await here.rule({ text: 'One two three.' });
  const stream = await here.client.responses.create({ model: name, input: 'Count', stream: true });
  const events = await all(stream);
  assert.deepEqual(events.map((e) => e.sequence_number), events.map((_, i) => i));
  const types = events.map((e) => e.type);
  assert.deepEqual(types.slice(0, 4), ['response.created', 'response.in_progress', 'response.output_item.added', 'response.content_part.added']);
  assert.deepEqual(types.slice(-4), ['response.output_text.done', 'response.content_part.done', 'response.output_item.done', 'response.completed']);
  const text = events.filter((e) => e.type === 'response.output_text.delta').map((e) => e.delta).join('');
  assert.equal(text, 'One two three.');
});

test('the stream helper builds the final response from the events', async () => {
  await here.rule({ text: 'Well, well.' });
  const deltas = [];
  const stream = here.client.responses.stream({ model: name, input: 'Talk' })
    .on('response.output_text.delta', (e) => deltas.push([e.delta, e.snapshot]));
  const final = await stream.finalResponse();
  assert.equal(final.output_text, 'Well, well.');
  assert.equal(deltas.at(-1)[1], 'Well, well.');
  assert.equal(final.status, 'completed');
});

test('reasoning items and their summary stream, and can be sent back', async () => {
  await here.rule({ shape: 'S2', text: 'Thought out.' });
  const events = await all(await here.client.responses.create({
    model: name, input: 'Think', stream: true, store: false, reasoning: { effort: 'medium', summary: 'auto' }, include: ['reasoning.encrypted_content'],
  }));
  const kinds = new Set(events.map((e) => e.type));
  const final = events.at(-1).response;
  assert.ok(kinds.has('response.reasoning_summary_text.delta'));
  assert.ok(kinds.has('response.reasoning_summary_part.done'));
  const [reasoning, message] = final.output;
  assert.equal(reasoning.type, 'reasoning');
  assert.ok(reasoning.encrypted_content);
  assert.equal(message.type, 'message');
  const again = await here.client.responses.create({
    model: name, store: false, input: [{ role: 'user', content: 'Think' }, ...final.output, { role: 'user', content: 'And?' }],
  });
  assert.equal(again.status, 'completed');
});

test('an answer that is cut says why', async () => {
  await here.rule({ shape: 'S15', text: 'This will not be finished.' });
  const response = await here.client.responses.create({ model: name, input: 'x', max_output_tokens: 16 });
  assert.equal(response.status, 'incomplete');
  assert.equal(response.incomplete_details.reason, 'max_output_tokens');
});

test('a refusal streams as one', async () => {
  await here.rule({ shape: 'S14' });
  const stream = await here.client.responses.create({ model: name, input: 'x', stream: true });
  const events = await all(stream);
  assert.ok(events.some((e) => e.type === 'response.refusal.delta'));
  assert.equal(events.at(-1).response.output[0].content[0].type, 'refusal');
});

test('pictures and files in the input are taken', async () => {
  await here.rule({ text: 'A dot.' });
  const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  const response = await here.client.responses.create({
    model: name,
    input: [{
      role: 'user',
      content: [
        { type: 'input_text', text: 'What is this?' },
        { type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${dot}` },
        { type: 'input_file', filename: 'a.txt', file_data: `data:text/plain;base64,${Buffer.from('hello').toString('base64')}` },
      ],
    }],
  });
  assert.equal(response.output_text, 'A dot.');
});

test('previous_response_id goes on with what was said', async () => {
  await here.rule({ text: '{{count}} messages' });
  const { client } = here;
  const first = await client.responses.create({ model: name, input: 'one' });
  const second = await client.responses.create({ model: name, input: 'two', previous_response_id: first.id });
  assert.equal(second.previous_response_id, first.id);
  assert.equal(second.output_text, '2 messages');
  await assert.rejects(client.responses.create({ model: name, input: 'x', previous_response_id: 'resp_none' }), (err) => err.code === 'previous_response_not_found');
});

test('retrieve, input items page by page, delete', async () => {
  const { client } = here;
  await here.rule({ text: 'Kept.' });
  const made = await client.responses.create({
    model: name, input: [1, 2, 3, 4, 5].map((n) => ({ role: 'user', content: `part ${n}` })),
  });
  assert.equal((await client.responses.retrieve(made.id)).output_text, 'Kept.');
  const items = await all(client.responses.inputItems.list(made.id, { limit: 2, order: 'asc' }));
  assert.deepEqual(items.map((i) => i.content[0].text), ['part 1', 'part 2', 'part 3', 'part 4', 'part 5']);
  await client.responses.delete(made.id);
  await assert.rejects(client.responses.retrieve(made.id), client.constructor.NotFoundError);
});

test('input tokens are counted', async () => {
  const count = await here.client.responses.inputTokens.count({ model: name, input: 'How long is a piece of string?' });
  assert.equal(count.object, 'response.input_tokens');
  assert.ok(count.input_tokens > 0);
});

test('structured output is parsed with zod, streamed and not', async () => {
  const { z } = await import('zod');
  const { zodTextFormat } = await import('openai/helpers/zod');
  const Weather = z.object({ city: z.string(), degrees: z.number(), words: z.array(z.string()) });
  await here.rule({ shape: 'S17' });
  const request = { model: name, input: 'Weather?', text: { format: zodTextFormat(Weather, 'weather') } };
  const parsed = (await here.client.responses.parse(request)).output_parsed;
  assert.equal(typeof parsed.city, 'string');
  assert.equal(typeof parsed.degrees, 'number');
  const streamed = await here.client.responses.stream(request).finalResponse();
  assert.equal(typeof streamed.output_parsed.city, 'string');
});

test('models are listed and found', async () => {
  const ids = (await all(here.client.models.list())).map((m) => m.id);
  assert.ok(ids.includes(name));
  assert.equal((await here.client.models.retrieve(name)).id, name);
  await assert.rejects(here.client.models.retrieve('gpt-nothing'), (err) => err.status === 404 && err.code === 'model_not_found');
});
