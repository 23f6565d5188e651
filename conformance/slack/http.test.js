import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import bolt from '@slack/bolt';
import { quiet, slackSandbox } from '../lib/bolt.js';
import { Mailbox } from '../lib/mailbox.js';

const here = slackSandbox();

const plain = (text) => ({ type: 'plain_text', text });

/** A Bolt app that listens on HTTP. */
async function httpApp(t, listen, { signingSecret = here.env.SLACK_SIGNING_SECRET, settings = {}, connect = true, ...options } = {}) {
  const { ws } = here;
  await ws.reset({ events_url: '', interactivity_url: '', ...settings });
  const logger = quiet();
  const receiver = new bolt.HTTPReceiver({ signingSecret, logger, ...options.receiver });
  const app = new bolt.App({
    token: here.env.SLACK_BOT_TOKEN, receiver, logger, clientOptions: { slackApiUrl: here.env.SLACK_API_URL },
  });
  await listen(app);
  const server = await app.start({ port: 0, host: '127.0.0.1' });
  t.after(() => app.stop());
  t.after(() => ws.post('/sim/settings', { events_url: '', interactivity_url: '' }));
  const url = `http://127.0.0.1:${server.address().port}/slack/events`;
  if (connect) await ws.post('/sim/settings', { events_url: url, interactivity_url: url });
  return { app, url, logger };
}

test('url_verification before events go there; a wrong address is refused', async (t) => {
  const { url } = await httpApp(t, () => {}, { connect: false });
  const { ws } = here;
  const dead = await ws.tryPost('/sim/settings', { events_url: url.replace('/slack/events', '/nowhere') });
  assert.ok(dead.error, 'the handshake fails there');
  await ws.post('/sim/settings', { events_url: url });
  assert.equal((await ws.get('/sim/settings')).events_url, url);
});

test('an event, answered', async (t) => {
  await httpApp(t, (app) => app.message('hello', async ({ say }) => { await say('over HTTP'); }));
  const { ws } = here;
  await ws.say(ws.general, 'hello');
  await ws.shown(ws.general, (m) => m.text === 'over HTTP');
  const [envelope] = (await ws.get('/sim/envelopes')).filter((e) => e.event_type === 'message');
  assert.equal(envelope.connection, 'http');
  assert.ok(envelope.acked_at);
});

test('a command, an action, a modal with errors', async (t) => {
  const heard = new Mailbox();
  const view = {
    type: 'modal', callback_id: 'form', title: plain('Form'), submit: plain('Send'),
    blocks: [{ type: 'input', block_id: 'name', label: plain('Name'), element: { type: 'plain_text_input', action_id: 'it' } }],
  };
  const { app } = await httpApp(t, (app) => {
    app.command('/form', async ({ ack, command, client }) => {
      await ack({ text: 'Opening' });
      await client.views.open({ trigger_id: command.trigger_id, view });
    });
    app.action('go', async ({ ack, action, respond }) => {
      await ack();
      await respond({ text: 'pressed', replace_original: false });
      heard.put(action);
    });
    app.view('form', async ({ ack, view }) => {
      const { value } = view.state.values.name.it;
      await (value === 'bad' ? ack({ response_action: 'errors', errors: { name: 'No' } }) : ack());
      heard.put(value);
    });
  }, { settings: { commands: [{ command: '/form', description: 'x' }] } });
  const { ws } = here;
  await ws.act('/sim/commands', { channel: ws.general, command: '/form', text: '' });
  await ws.ephemeral((m) => m.text === 'Opening');
  const modal = await ws.modal();
  const submit = (value) => ws.act('/sim/views/submit', { view_id: modal.id, state: { name: { it: { value } } } });
  assert.deepEqual((await submit('bad')).errors, { name: 'No' });
  assert.equal((await submit('good')).status, 'acked');
  assert.deepEqual([await heard.next(), await heard.next()], ['bad', 'good']);
  const { ts } = await app.client.chat.postMessage({
    channel: ws.general, text: 'x', blocks: [{ type: 'actions', block_id: 'b', elements: [{ type: 'button', action_id: 'go', text: plain('Go') }] }],
  });
  await ws.act('/sim/actions', { channel: ws.general, ts, block_id: 'b', action_id: 'go', input: {}, state: {} });
  assert.equal((await heard.next()).action_id, 'go');
  await ws.ephemeral((m) => m.text === 'pressed');
});

test('a wrong signature is refused by Bolt, and so is a right one under another secret', async (t) => {
  const heard = new Mailbox();
  await httpApp(t, (app) => app.message(async ({ message }) => heard.put(message.text)), { settings: { redelivery_ms: [0, 0, 0] } });
  const { ws } = here;
  await ws.post('/sim/settings', { sign: 'wrong' });
  await ws.say(ws.general, 'forged');
  await ws.until('four refusals', async () => (await ws.get('/sim/envelopes')).filter((e) => e.event_type === 'message' && e.gave_up).length === 4);
  await ws.post('/sim/settings', { sign: '' });
  await ws.say(ws.general, 'true');
  assert.equal(await heard.next(), 'true');
  assert.equal(heard.size, 0);
});

test('a stale signature is refused by Bolt', async (t) => {
  const heard = new Mailbox();
  await httpApp(t, (app) => app.message(async ({ message }) => heard.put(message.text)), { settings: { redelivery_ms: [0, 0, 0] } });
  const { ws } = here;
  await ws.post('/sim/settings', { sign: 'stale' });
  await ws.say(ws.general, 'replayed');
  await ws.until('the refusals', async () => (await ws.get('/sim/envelopes')).filter((e) => e.event_type === 'message' && e.gave_up).length === 4);
  assert.equal(heard.size, 0);
});

test('an event that fails comes again, with the same event_id', async (t) => {
  await here.ws.reset({ events_url: '', interactivity_url: '', redelivery_ms: [0, 20, 20] });
  const { ws } = here;
  const seen = new Mailbox();
  // A plain server, as Bolt has no way to fail before its ack.
  const server = createServer((req, res) => {
    let body = '';
    req.on('data', (b) => { body += b; });
    req.on('end', () => {
      const event = JSON.parse(body);
      if (event.type === 'url_verification') return res.end(event.challenge);
      const num = req.headers['x-slack-retry-num'];
      seen.put({ id: event.event_id, num, reason: req.headers['x-slack-retry-reason'] });
      res.statusCode = num === '2' ? 200 : 500;
      return res.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => { server.close(); server.closeAllConnections(); });
  t.after(() => ws.post('/sim/settings', { events_url: '' }));
  await ws.post('/sim/settings', { events_url: `http://127.0.0.1:${server.address().port}/` });
  await ws.say(ws.general, 'again');
  const got = [await seen.next(), await seen.next(), await seen.next()];
  assert.deepEqual(got.map((x) => x.num), [undefined, '1', '2']);
  assert.deepEqual(got.map((x) => x.reason), [undefined, 'http_error', 'http_error']);
  assert.equal(new Set(got.map((x) => x.id)).size, 1);
});

test("Bolt's signature check: the simulator's requests pass a receiver with the secret and no other", async (t) => {
  const heard = new Mailbox();
  const { url } = await httpApp(t, (app) => app.message(async ({ message }) => heard.put(message.text)), { signingSecret: 'another', connect: false });
  const refused = await here.ws.tryPost('/sim/settings', { events_url: url });
  assert.ok(refused.error, 'even url_verification is signed, so the handshake fails');
});
