import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toFile } from 'openai';
import { all, modelSandbox, name } from '../lib/model.js';

const here = modelSandbox();

test('a file: create, list page by page, retrieve, content, use, delete', async () => {
  const { client } = here;
  const upload = (text) => toFile(Buffer.from(text), `${text}.txt`, { type: 'text/plain' });
  const made = [];
  for (const text of ['one', 'two', 'three']) made.push(await client.files.create({ file: await upload(text), purpose: 'user_data' }));
  const [file] = made;
  assert.deepEqual([file.object, file.bytes, file.filename, file.purpose], ['file', 3, 'one.txt', 'user_data']);
  const listed = (await all(client.files.list({ limit: 2, order: 'asc' }))).map((f) => f.id);
  assert.deepEqual(listed, made.map((f) => f.id));
  assert.equal((await client.files.retrieve(file.id)).id, file.id);
  assert.equal(await (await client.files.content(file.id)).text(), 'one');
  const used = await client.responses.create({
    model: name, input: [{ role: 'user', content: [{ type: 'input_file', file_id: file.id }, { type: 'input_text', text: 'Read it' }] }],
  });
  assert.equal(used.status, 'completed');
  assert.equal((await client.files.delete(file.id)).deleted, true);
  await assert.rejects(client.files.retrieve(file.id), client.constructor.NotFoundError);
});

test('a file that expires says when', async () => {
  const file = await here.client.files.create({
    file: await toFile(Buffer.from('x'), 'x.txt'), purpose: 'user_data', expires_after: { anchor: 'created_at', seconds: 3600 },
  });
  assert.equal(file.expires_at, file.created_at + 3600);
});

test('moderations of text, of several, and of pictures', async () => {
  const { client } = here;
  const model = 'omni-moderation-latest';
  const one = await client.moderations.create({ model, input: 'hello' });
  assert.equal(one.results[0].flagged, false);
  assert.ok('violence/graphic' in one.results[0].categories);
  const many = await client.moderations.create({ model, input: ['a', 'b'] });
  assert.equal(many.results.length, 2);
  const mixed = await client.moderations.create({
    model, input: [{ type: 'text', text: 'look' }, { type: 'image_url', image_url: { url: 'https://example.com/a.png' } }],
  });
  assert.deepEqual(mixed.results[0].category_applied_input_types.violence, ['text', 'image']);
});

test('moderation beside a response', async () => {
  const response = await here.client.responses.create({ model: name, input: 'hello', moderation: { model: 'omni-moderation-latest' } });
  assert.equal(response.moderation.input.type, 'moderation_result');
});
