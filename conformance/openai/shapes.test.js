// Every form that an answer of modelsim can have, through the client's own accumulator.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { all, modelSandbox, name } from '../lib/model.js';

const here = modelSandbox();

const tools = [
  { type: 'function', name: 'get_weather', strict: true, parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false } },
  { type: 'web_search' },
  { type: 'code_interpreter', container: { type: 'auto' } },
  { type: 'image_generation', partial_images: 2, size: '1024x1024', quality: 'low' },
  { type: 'file_search', vector_store_ids: ['vs_1'] },
  { type: 'mcp', server_label: 'docs', server_url: 'https://mcp.example.com', require_approval: 'never' },
];

// Calls with arguments that are no JSON, which the helper reads for strict tools.
const broken = ['S7', 'S7-empty'];

test('each shape: the helper builds from the events what the last event says', async (t) => {
  const shapes = (await (await fetch(`${here.control}/shapes`)).json()).map((s) => s.shape);
  assert.ok(shapes.length > 20);
  for (const shape of shapes) {
    await t.test(shape, async () => {
      const request = { model: name, input: [{ role: 'user', content: `[[sim shape=${shape} think=10ms]] go on` }], tools, context_management: [{ type: 'compaction', compact_threshold: 1_000_000 }] };
      const events = [];
      const built = here.client.responses.stream(request).on('event', (e) => events.push(e)).finalResponse();
      if (broken.includes(shape)) {
        await assert.rejects(built, /invalid structured output JSON/);
        return;
      }
      const final = await built;
      assert.deepEqual(events.map((e) => e.sequence_number), events.map((_, i) => i));
      const last = events.at(-1);
      assert.ok(['response.completed', 'response.incomplete'].includes(last.type), last.type);
      assert.deepEqual(final.output.map((o) => [o.type, o.id]), last.response.output.map((o) => [o.type, o.id]));
      for (const [i, item] of last.response.output.entries()) {
        const done = events.find((e) => e.type === 'response.output_item.done' && e.output_index === i);
        assert.deepEqual(done?.item, item, `item ${i}`);
      }
      const plain = await here.client.responses.create(request);
      assert.deepEqual(plain.output.map((o) => o.type), last.response.output.map((o) => o.type));
    });
  }
});

test('an image comes with partial ones, as PNG, of the size that was asked for', async () => {
  const events = await all(await here.client.responses.create({
    model: name, input: '[[sim shape=S10]] a lighthouse', tools, stream: true,
  }));
  const partial = events.filter((e) => e.type === 'response.image_generation_call.partial_image');
  assert.deepEqual(partial.map((e) => e.partial_image_index), [0, 1]);
  const { result } = events.at(-1).response.output.find((o) => o.type === 'image_generation_call');
  const png = Buffer.from(result, 'base64');
  assert.equal(png.subarray(1, 4).toString(), 'PNG');
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1024, 1024]);
});

test('code leaves files that can be fetched from their container', async () => {
  const { client } = here;
  const response = await client.responses.create({
    model: name, input: '[[sim shape=S9]] plot', tools, include: ['code_interpreter_call.outputs'],
  });
  const call = response.output.find((o) => o.type === 'code_interpreter_call');
  assert.ok(call.code && call.outputs.some((o) => o.type === 'logs'));
  const cited = response.output.flatMap((o) => o.content ?? []).flatMap((p) => p.annotations)
    .filter((a) => a.type === 'container_file_citation');
  assert.ok(cited.length > 0);
  for (const { container_id, file_id } of cited) {
    const res = await client.containers.files.content.retrieve(file_id, { container_id });
    assert.ok((await res.arrayBuffer()).byteLength > 0);
  }
});

test('a remote tool that needs approval: the question, and the answer', async () => {
  const mcp = [{ ...tools[5], require_approval: 'always' }];
  const { client } = here;
  const first = await client.responses.create({ model: name, input: '[[sim shape=S13]] look it up', tools: mcp });
  const question = first.output.find((o) => o.type === 'mcp_approval_request');
  assert.ok(question);
  const second = await client.responses.create({
    model: name, tools: mcp, previous_response_id: first.id,
    input: [{ type: 'mcp_approval_response', approval_request_id: question.id, approve: true }],
  });
  assert.ok(second.output.some((o) => o.type === 'mcp_call' && o.output !== null));
});

test('compaction: the result is the input of what follows', async () => {
  const { client } = here;
  const compacted = await client.responses.compact({ model: name, input: [{ role: 'user', content: 'a long story' }] });
  assert.equal(compacted.object, 'response.compaction');
  const next = await client.responses.create({ model: name, input: [...compacted.output, { role: 'user', content: 'and then?' }] });
  assert.equal(next.status, 'completed');
});
