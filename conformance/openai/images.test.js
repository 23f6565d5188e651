import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toFile } from 'openai';
import { all, modelSandbox } from '../lib/model.js';

const here = modelSandbox();
const model = 'gpt-image-2';

/** Width and height of a PNG. */
function sizeOf(base64) {
  const png = Buffer.from(base64, 'base64');
  assert.equal(png.subarray(1, 4).toString(), 'PNG');
  return `${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`;
}

test('images.generate gives as many pictures as were asked for', async () => {
  const made = await here.client.images.generate({ model, prompt: 'two boats', n: 2, size: '1024x1536', quality: 'low' });
  assert.deepEqual(made.data.map((d) => sizeOf(d.b64_json)), ['1024x1536', '1024x1536']);
  assert.equal(made.usage.total_tokens, made.usage.input_tokens + made.usage.output_tokens);
  assert.equal(made.size, '1024x1536');
});

test('images.generate streams partial pictures and then the whole', async () => {
  const stream = await here.client.images.generate({ model, prompt: 'a boat', size: '1024x1024', stream: true, partial_images: 2 });
  const events = await all(stream);
  assert.deepEqual(events.map((e) => e.type), ['image_generation.partial_image', 'image_generation.partial_image', 'image_generation.completed']);
  assert.equal(sizeOf(events.at(-1).b64_json), '1024x1024');
});

test('images.edit takes pictures and a mask, streamed and not', async () => {
  const { data: [{ b64_json }] } = await here.client.images.generate({ model, prompt: 'a boat', size: '1024x1024' });
  const picture = () => toFile(Buffer.from(b64_json, 'base64'), 'boat.png', { type: 'image/png' });
  const edited = await here.client.images.edit({ model, prompt: 'make it red', image: [await picture(), await picture()], mask: await picture() });
  assert.ok(edited.data[0].b64_json);
  assert.notEqual(edited.data[0].b64_json, b64_json);
  const events = await all(await here.client.images.edit({ model, prompt: 'and blue', image: await picture(), stream: true, partial_images: 1 }));
  assert.deepEqual(events.map((e) => e.type), ['image_edit.partial_image', 'image_edit.completed']);
});

test('webp and transparency, and what does not go together', async () => {
  const made = await here.client.images.generate({ model, prompt: 'x', output_format: 'webp', output_compression: 50 });
  assert.equal(Buffer.from(made.data[0].b64_json, 'base64').subarray(8, 12).toString(), 'WEBP');
  await assert.rejects(here.client.images.generate({ model, prompt: 'x', size: '17x17' }), here.client.constructor.BadRequestError);
  await assert.rejects(here.client.images.generate({ model: 'gpt-image-1', prompt: 'x' }), (err) => err.status === 404 || err.status === 400);
});

test('what the safety system refuses is a BadRequestError with its code', async () => {
  await here.rule({ path: '/v1/images/generations', fault: { kind: 'F18' } });
  await assert.rejects(here.client.images.generate({ model, prompt: 'x' }), (err) => err.status === 400 && err.code === 'moderation_blocked');
});
