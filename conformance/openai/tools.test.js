import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { zodResponsesFunction } from 'openai/helpers/zod';
import { ResponsesToolRunner } from 'openai/helpers/responses-tool-runner';
import { all, modelSandbox, name } from '../lib/model.js';

const here = modelSandbox();

const weather = {
  type: 'function', name: 'get_weather', description: 'The weather of a city', strict: true,
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
};

test('function calls in rounds, until there is an answer', async () => {
  await here.rule(
    { after_tool: 'none', shape: 'S4', tool: 'get_weather' },
    { after_tool: 'any', text: 'It is {{tool}}.' },
  );
  const input = [{ role: 'user', content: 'Weather in three places?' }];
  let response;
  let calls = 0;
  for (let round = 0; round < 5; round += 1) {
    response = await here.client.responses.create({ model: name, input, tools: [weather], store: false });
    input.push(...response.output);
    const wanted = response.output.filter((item) => item.type === 'function_call');
    if (!wanted.length) break;
    for (const call of wanted) {
      assert.equal(typeof JSON.parse(call.arguments).city, 'string');
      input.push({ type: 'function_call_output', call_id: call.call_id, output: 'sunny' });
      calls += 1;
    }
  }
  assert.equal(calls, 3);
  assert.equal(response.output_text, 'It is sunny.');
});

test('function calls stream: arguments add up, for interleaved calls too', async () => {
  await here.rule({ shape: 'S4', tool: 'get_weather' });
  const stream = await here.client.responses.create({ model: name, input: 'go', tools: [weather], stream: true });
  const args = {};
  for await (const e of stream) {
    if (e.type === 'response.function_call_arguments.delta') args[e.item_id] = (args[e.item_id] ?? '') + e.delta;
    if (e.type === 'response.function_call_arguments.done') assert.equal(args[e.item_id], e.arguments);
    if (e.type === 'response.completed') {
      assert.deepEqual(e.response.output.map((o) => o.arguments), Object.values(args));
    }
  }
  assert.equal(Object.keys(args).length, 3);
});

test("the client's own tool runner drives the loop to its end", async () => {
  await here.rule(
    { after_tool: 'none', shape: 'S3', tool: 'get_weather', arguments: '{"city":"Lagos"}' },
    { after_tool: 'any', text: 'It is {{tool}}.' },
  );
  const asked = [];
  const runner = new ResponsesToolRunner({
    functions: [{ tool: weather, execute: async ({ city }) => { asked.push(city); return 'raining'; } }],
  });
  const final = await runner.run(here.client, { model: name, input: 'Weather?' }, { stream: true });
  assert.deepEqual(asked, ['Lagos']);
  assert.equal(final.output.at(-1).content[0].text, 'It is raining.');
});

test('zod function tools are parsed', async () => {
  await here.rule({ shape: 'S3' });
  const tool = zodResponsesFunction({ name: 'add', parameters: z.object({ a: z.number(), b: z.number() }) });
  const response = await here.client.responses.parse({ model: name, input: 'add', tools: [tool] });
  const [call] = response.output.filter((o) => o.type === 'function_call');
  assert.equal(typeof call.parsed_arguments.a, 'number');
});

test('a call without its output is refused', async () => {
  await here.rule({ shape: 'S3', tool: 'get_weather' });
  const first = await here.client.responses.create({ model: name, input: 'x', tools: [weather], store: false });
  await assert.rejects(
    here.client.responses.create({
      model: name, tools: [weather], store: false, input: [{ role: 'user', content: 'x' }, ...first.output, { role: 'user', content: 'y' }],
    }),
    (err) => err.status === 400 && /No tool output found/.test(err.message),
  );
});

test('web search: its events, citations in code points, sources', async () => {
  await here.rule({ shape: 'S8', text: 'There.' });
  const stream = await here.client.responses.create({
    model: name, input: 'News?', tools: [{ type: 'web_search' }], include: ['web_search_call.action.sources'], stream: true,
  });
  const events = await all(stream);
  const types = events.map((e) => e.type);
  for (const type of ['in_progress', 'searching', 'completed']) assert.ok(types.includes(`response.web_search_call.${type}`), type);
  assert.equal(events.filter((e) => e.type === 'response.output_text.annotation.added').length, 2);
  const { output } = events.at(-1).response;
  assert.equal(output[0].action.type, 'search');
  assert.ok(output[0].action.sources.length > 0);
  const [part] = output.find((o) => o.type === 'message').content;
  const cited = part.annotations.map((a) => [...part.text].slice(a.start_index, a.end_index).join(''));
  assert.deepEqual(cited, ['the Example Times reports it', 'so does Sample Weekly']);
});

test('custom tools take free text', async () => {
  await here.rule({ items: [{ type: 'custom_tool_call', name: 'shout', arguments: 'HEY' }] });
  const stream = await here.client.responses.create({ model: name, input: 'x', tools: [{ type: 'custom', name: 'shout' }], stream: true });
  const events = await all(stream);
  assert.equal(events.find((e) => e.type === 'response.custom_tool_call_input.done').input, 'HEY');
});
