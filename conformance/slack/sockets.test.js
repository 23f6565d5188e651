import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebClient } from '@slack/web-api';
import { SocketModeClient } from '@slack/socket-mode';
import { quiet, slackSandbox, socketApp } from '../lib/bolt.js';
import { Mailbox } from '../lib/mailbox.js';

const here = slackSandbox();

// The client waits this long before it connects again, and for a pong.
const clientPingTimeout = 1_000;

for (const action of ['refresh', 'warning', 'drop']) {
  test(`no event is lost over a ${action} of the socket`, async (t) => {
    const heard = new Mailbox();
    await socketApp(t, here, (app) => app.message(async ({ message }) => heard.put(message.text)), {
      clientPingTimeout,
      settings: { warning_ms: 300, redelivery_ms: [0, 2_000, 30_000], ack_timeout_ms: 500 },
    });
    const { ws } = here;
    await ws.say(ws.general, 'before');
    await ws.post('/sim/sockets', { action });
    for (let i = 0; i < 5; i += 1) await ws.say(ws.general, `while ${i}`);
    await ws.until('a new socket', (s) => s.sockets.length >= 2 && s.sockets.at(-1).state === 'live');
    await ws.say(ws.general, 'after');
    const texts = new Set();
    while (texts.size < 7) texts.add(await heard.next(`7 messages, there are ${[...texts]}`));
    assert.deepEqual([...texts].toSorted(), ['after', 'before', 'while 0', 'while 1', 'while 2', 'while 3', 'while 4']);
  });
}

test('a silent socket is given up by the client, which comes back', async (t) => {
  const heard = new Mailbox();
  await socketApp(t, here, (app) => app.message(async ({ message }) => heard.put(message.text)), {
    clientPingTimeout, settings: { redelivery_ms: [0, 2_000, 30_000], ack_timeout_ms: 1_000 },
  });
  const { ws } = here;
  await ws.post('/sim/sockets', { action: 'stall' });
  await ws.say(ws.general, 'anybody?');
  assert.equal(await heard.next('the event on the new socket'), 'anybody?');
  await ws.post('/sim/sockets', { action: 'resume' }); // so that the old one sees its end
});

test('an event without its ack comes again with retry_num and the same event_id', async (t) => {
  await here.ws.reset({ ack_timeout_ms: 200, redelivery_ms: [0, 50, 50] });
  const heard = new Mailbox();
  const client = new SocketModeClient({
    appToken: here.env.SLACK_APP_TOKEN, logger: quiet(), clientOptions: { slackApiUrl: here.env.SLACK_API_URL },
  });
  client.on('message', async (args) => {
    heard.put(args);
    if (args.retry_num === 2) await args.ack();
  });
  await client.start();
  t.after(() => client.disconnect());
  const { ws } = here;
  await ws.say(ws.general, 'again');
  const got = [await heard.next(), await heard.next(), await heard.next()];
  assert.deepEqual(got.map((x) => x.retry_num), [0, 1, 2]);
  assert.deepEqual(got.slice(1).map((x) => x.retry_reason), ['timeout', 'timeout']);
  assert.equal(new Set(got.map((x) => x.body.event_id)).size, 1);
  await ws.until('the ack', async () => (await ws.get('/sim/envelopes')).some((e) => e.attempt === 2 && e.acked_at));
});

test('a wrong app-level token ends the client at once', async () => {
  await here.ws.reset();
  const client = new SocketModeClient({
    appToken: 'xapp-wrong', logger: quiet(), clientOptions: { slackApiUrl: here.env.SLACK_API_URL },
  });
  await assert.rejects(client.start(), (err) => err.data?.error === 'invalid_auth');
});

test('the web client waits out a 429 and tries again', async () => {
  const { ws, env } = here;
  await ws.reset();
  const client = new WebClient(env.SLACK_BOT_TOKEN, { slackApiUrl: env.SLACK_API_URL, logger: quiet(), retryConfig: { retries: 2, minTimeout: 1, maxTimeout: 2 } });
  const limits = [];
  client.on('rate_limited', (seconds, context) => limits.push([seconds, context.url.split('/').at(-1)]));
  await ws.post('/sim/faults', { method: 'chat.postMessage', kind: '429', retry_after: 1, times: 1 });
  const { ts } = await client.chat.postMessage({ channel: ws.general, text: 'patience' });
  await ws.message(ws.general, ts);
  assert.deepEqual(limits, [[1, 'chat.postMessage']]);
  assert.deepEqual((await ws.calls('chat.postMessage')).map((c) => c.status), [429, 200]);
});

test('a client that rejects rate limits gets retryAfter', async () => {
  const { ws, env } = here;
  await ws.reset();
  const client = new WebClient(env.SLACK_BOT_TOKEN, { slackApiUrl: env.SLACK_API_URL, logger: quiet(), rejectRateLimitedCalls: true });
  await ws.post('/sim/faults', { method: 'chat.postMessage', kind: '429', retry_after: 30, times: 1 });
  await assert.rejects(client.chat.postMessage({ channel: ws.general, text: 'x' }), (err) => {
    assert.equal(err.code, 'slack_webapi_rate_limited_error');
    assert.equal(err.retryAfter, 30);
    return true;
  });
});

test("Slack's own limit: the 21st stream of a minute is refused", async () => {
  const { ws, env } = here;
  await ws.reset();
  await ws.post('/sim/limits', { enabled: true, burst: 0 });
  const client = new WebClient(env.SLACK_BOT_TOKEN, { slackApiUrl: env.SLACK_API_URL, logger: quiet(), rejectRateLimitedCalls: true });
  const { ts: root } = await ws.say(ws.general, 'go');
  const start = () => client.chat.startStream({ channel: ws.general, thread_ts: root, recipient_team_id: ws.team, recipient_user_id: ws.ada });
  const results = await Promise.allSettled(Array.from({ length: 25 }, start));
  const refused = results.filter((r) => r.reason?.code === 'slack_webapi_rate_limited_error');
  assert.equal(results.filter((r) => r.status === 'fulfilled').length, 20);
  assert.equal(refused.length, 5);
  await client.chat.postMessage({ channel: ws.general, text: 'other methods go on' });
});

for (const kind of ['500', 'html', 'reset_before']) {
  test(`the web client tries again after ${kind}`, async () => {
    const { ws, env } = here;
    await ws.reset();
    const client = new WebClient(env.SLACK_BOT_TOKEN, { slackApiUrl: env.SLACK_API_URL, logger: quiet(), retryConfig: { retries: 2, minTimeout: 1, maxTimeout: 2 } });
    await ws.post('/sim/faults', { method: 'chat.postMessage', kind, times: 2 });
    const { ts } = await client.chat.postMessage({ channel: ws.general, text: 'third time' });
    await ws.message(ws.general, ts);
    assert.equal((await ws.calls('chat.postMessage')).length, 3);
  });
}

test('an answer that is lost after its effect makes the client post twice, as with Slack', async () => {
  const { ws, env } = here;
  await ws.reset();
  const client = new WebClient(env.SLACK_BOT_TOKEN, { slackApiUrl: env.SLACK_API_URL, logger: quiet(), retryConfig: { retries: 2, minTimeout: 1, maxTimeout: 2 } });
  await ws.post('/sim/faults', { method: 'chat.postMessage', kind: 'reset_after', times: 1 });
  await client.chat.postMessage({ channel: ws.general, text: 'twin' });
  const { messages } = await ws.state();
  assert.equal(messages[ws.general].filter((m) => m.text === 'twin').length, 2);
});
