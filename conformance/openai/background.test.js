import assert from 'node:assert/strict';
import { test } from 'node:test';
import { all, modelSandbox, name } from '../lib/model.js';

const here = modelSandbox();

test('a background response is queued, and done when asked for again', async () => {
  await here.rule({ text: 'Done in the back.' });
  const { client } = here;
  const started = await client.responses.create({ model: name, input: 'work', background: true, store: true });
  assert.ok(['queued', 'in_progress'].includes(started.status), started.status);
  let now = started;
  while (['queued', 'in_progress'].includes(now.status)) now = await client.responses.retrieve(started.id);
  assert.equal(now.status, 'completed');
  assert.equal(now.output_text, 'Done in the back.');
});

test('a cut background stream goes on with retrieve and starting_after', async () => {
  await here.rule({ text: 'alpha beta gamma delta epsilon zeta eta theta' });
  const { client } = here;
  const stream = await client.responses.create({ model: name, input: '[[sim tps=100]] go', background: true, store: true, stream: true });
  let id;
  let last;
  let text = '';
  for await (const e of stream) {
    if (e.type === 'response.created') id = e.response.id;
    if (e.type === 'response.output_text.delta') text += e.delta;
    last = e.sequence_number;
    if (text.split(' ').length > 3) break; // leaves the stream, and so its connection
  }
  const rest = await client.responses.retrieve(id, { stream: true, starting_after: last });
  const events = await all(rest);
  assert.equal(events[0].sequence_number, last + 1);
  for (const e of events) if (e.type === 'response.output_text.delta') text += e.delta;
  assert.equal(text, 'alpha beta gamma delta epsilon zeta eta theta');
  assert.equal(events.at(-1).type, 'response.completed');
});

test('the stream helper replays a response by its id', async () => {
  await here.rule({ text: 'Once more.' });
  const { client } = here;
  const first = client.responses.stream({ model: name, input: 'go', background: true, store: true });
  const { id } = await first.finalResponse();
  const again = await client.responses.stream({ response_id: id, starting_after: 3 }).finalResponse();
  assert.equal(again.output_text, 'Once more.');
});

test('a background response is cancelled, and cancelling again changes nothing', async () => {
  const { client } = here;
  const { id } = await client.responses.create({ model: name, input: '[[sim ttft=1h]] long', background: true, store: true });
  assert.equal((await client.responses.cancel(id)).status, 'cancelled');
  assert.equal((await client.responses.cancel(id)).status, 'cancelled');
  assert.equal((await client.responses.retrieve(id)).status, 'cancelled');
});

test('a response that is not in the background cannot be cancelled', async () => {
  const { client } = here;
  const { id } = await client.responses.create({ model: name, input: 'x' });
  await assert.rejects(client.responses.cancel(id), client.constructor.BadRequestError);
  await assert.rejects(client.responses.cancel('resp_unknown'), client.constructor.NotFoundError);
});

test('leaving a foreground stream ends the response', async () => {
  await here.rule({ text: 'a b c d e f g h' });
  const { client } = here;
  const stream = await client.responses.create({ model: name, input: '[[sim tps=5]] x', stream: true });
  let id;
  for await (const e of stream) {
    id ??= e.response?.id;
    if (e.type === 'response.output_text.delta') break;
  }
  await assert.rejects(client.responses.retrieve(id), client.constructor.NotFoundError);
});
