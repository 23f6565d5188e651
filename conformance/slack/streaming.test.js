import assert from 'node:assert/strict';
import { test } from 'node:test';
import bolt from '@slack/bolt';
import { slackSandbox, socketApp } from '../lib/bolt.js';
import { Mailbox } from '../lib/mailbox.js';

const here = slackSandbox();

test('sayStream answers a mention: text, task updates, blocks at the end', async (t) => {
  const finished = new Mailbox();
  await socketApp(t, here, (app) => {
    app.event('app_mention', async ({ sayStream }) => {
      const stream = sayStream({ buffer_size: 8, task_display_mode: 'plan' });
      await stream.append({ chunks: [{ type: 'plan_update', title: 'Find out' }] });
      await stream.append({ chunks: [{ type: 'task_update', id: 't1', title: 'Look', status: 'in_progress' }] });
      await stream.append({ markdown_text: 'The answer ' });
      await stream.append({ markdown_text: 'is **42**.' });
      await stream.append({
        chunks: [{
          type: 'task_update', id: 't1', title: 'Looked', status: 'complete', details: 'twice', output: 'found',
          sources: [{ type: 'url', url: 'https://example.com/a', text: 'A' }],
        }],
      });
      const stopped = await stream.stop({
        blocks: [{
          type: 'context_actions',
          elements: [{
            type: 'feedback_buttons', action_id: 'feedback',
            positive_button: { text: { type: 'plain_text', text: 'Good' }, value: 'good' },
            negative_button: { text: { type: 'plain_text', text: 'Bad' }, value: 'bad' },
          }],
        }],
        metadata: { event_type: 'answer', event_payload: { turn: '1' } },
      });
      finished.put({ stream, stopped });
    });
  });
  const { ws } = here;
  const { ts: root } = await ws.say(ws.general, ws.mention('how much?'));
  const { stream, stopped } = await finished.next('the end of the stream');
  assert.equal(stopped.message.streaming_state, 'completed');
  assert.equal(stopped.ts, stream.ts);
  const seen = await ws.message(ws.general, stream.ts);
  assert.equal(seen.thread_ts, root);
  assert.equal(seen.stream.text, 'The answer is **42**.');
  assert.equal(seen.stream.mode, 'plan');
  assert.equal(seen.stream.plan, 'Find out');
  assert.deepEqual(seen.stream.tasks.map((x) => [x.id, x.title, x.status, x.details, x.output]), [['t1', 'Looked', 'complete', 'twice', 'found']]);
  assert.equal(seen.stream.tasks[0].sources[0].url, 'https://example.com/a');
  const { messages } = await fetchReplies(here, ws.general, root);
  assert.equal(messages[1].streaming_state, 'completed');
});

async function fetchReplies({ env }, channel, ts) {
  const res = await fetch(`${env.SLACK_API_URL}conversations.replies?channel=${channel}&ts=${ts}`, {
    headers: { authorization: `Bearer ${env.SLACK_BOT_TOKEN}` },
  });
  return res.json();
}

test('client.chatStream in a direct message, shorter than its buffer', async (t) => {
  const finished = new Mailbox();
  await socketApp(t, here, (app) => {
    app.message('quick', async ({ client, message, context }) => {
      const stream = client.chatStream({
        channel: message.channel, thread_ts: message.ts,
        recipient_team_id: context.teamId, recipient_user_id: message.user,
      });
      assert.equal(await stream.append({ markdown_text: 'short' }), null);
      finished.put(await stream.stop());
      await assert.rejects(stream.append({ markdown_text: 'more' }), /stream state is completed/);
    });
  });
  const { ws } = here;
  await ws.say(ws.dm, 'quick');
  const { ts } = await finished.next();
  assert.equal((await ws.message(ws.dm, ts)).stream.text, 'short');
});

test('a stream that has ended refuses more, with the code that Slack has for it', async (t) => {
  const app = await socketApp(t, here);
  const { ws } = here;
  const { chat } = app.client;
  const { ts: root } = await ws.say(ws.general, 'go');
  const start = { channel: ws.general, thread_ts: root, recipient_team_id: ws.team, recipient_user_id: ws.ada };
  const { ts } = await chat.startStream({ ...start, markdown_text: 'one' });
  await chat.appendStream({ channel: ws.general, ts, markdown_text: ' two' });
  await assert.rejects(chat.update({ channel: ws.general, ts, text: 'x' }), (err) => err.data.error === 'streaming_state_conflict');
  await chat.stopStream({ channel: ws.general, ts, markdown_text: ' three' });
  assert.equal((await ws.message(ws.general, ts)).stream.text, 'one two three');
  await assert.rejects(
    chat.appendStream({ channel: ws.general, ts, markdown_text: 'x' }),
    (err) => err.data.error === 'message_not_in_streaming_state',
  );
  await chat.update({ channel: ws.general, ts, text: 'mended' });
});

test('a stream in a channel without its recipient is refused', async (t) => {
  const app = await socketApp(t, here);
  const { ws } = here;
  const { ts: root } = await ws.say(ws.general, 'go');
  await assert.rejects(
    app.client.chat.startStream({ channel: ws.general, thread_ts: root, recipient_team_id: ws.team }),
    (err) => err.data.error === 'missing_recipient_user_id',
  );
});

test('agents.sessions.setStatus and rename, and the stop button', async (t) => {
  const stops = new Mailbox();
  const renamed = new Mailbox();
  const app = await socketApp(t, here, (app) => {
    app.event('agent_session_stopped', async ({ event }) => stops.put(event));
    app.event('agent_session_title_changed', async ({ event }) => renamed.put(event));
  });
  const { ws } = here;
  const { agents, chat } = app.client;
  const { ts: root } = await ws.say(ws.general, ws.mention('long work'));
  const thread = { channel_id: ws.general, thread_ts: root };
  const set = await agents.sessions.setStatus({ ...thread, status: 'processing', title: 'Long work' });
  assert.deepEqual([set.status, set.agent_status, set.title], ['processing', 'processing', 'Long work']);
  assert.equal((await agents.sessions.rename({ ...thread, title: 'Longer work' })).title, 'Longer work');
  const { ts } = await chat.startStream({
    channel: ws.general, thread_ts: root, recipient_team_id: ws.team, recipient_user_id: ws.ada, markdown_text: 'Well',
  });
  await ws.post('/sim/stop', { user: ws.ada, channel: ws.general, thread_ts: root });
  const stop = await stops.next('agent_session_stopped');
  assert.equal(stop.thread_ts, root);
  assert.equal(stop.user, ws.ada);
  assert.deepEqual(stop.streaming_message_ts, [ts]);
  await assert.rejects(
    chat.appendStream({ channel: ws.general, ts, markdown_text: 'x' }),
    (err) => err.data.error === 'stopped_by_user',
  );
  await agents.sessions.setStatus({ ...thread, status: 'active' });
  await ws.until('the session to be active', (s) => s.sessions.find((x) => x.thread_ts === root)?.status === 'active');
  await ws.post('/sim/rename', { user: ws.ada, channel: ws.general, thread_ts: root, title: 'Mine' });
  const change = await renamed.next('agent_session_title_changed');
  assert.deepEqual([change.title, change.previous_title], ['Mine', 'Longer work']);
});

test('setStatus and setSuggestedPrompts of the legacy bridge', async (t) => {
  const heard = new Mailbox();
  await socketApp(t, here, (app) => {
    app.message(async ({ setStatus, message, client }) => {
      await setStatus({ status: 'is thinking…', loading_messages: ['Counting, slowly', 'Counting again'] });
      await client.assistant.threads.setTitle({ channel_id: message.channel, thread_ts: message.ts, title: 'A question' });
      await client.assistant.threads.setSuggestedPrompts({
        channel_id: message.channel, title: 'Try', prompts: [{ title: 'Say hi', message: 'hi' }],
      });
      heard.put(message);
    });
  });
  const { ws } = here;
  const { ts } = await ws.say(ws.dm, 'a question');
  await heard.next();
  await ws.until('the status line', (s) => s.sessions.some((x) => x.thread_ts === ts
    && x.prose === 'is thinking…' && x.loading_messages[0] === 'Counting, slowly' && x.title === 'A question'));
});

test('the Assistant class: thread started, say, status, title, prompts, stream', async (t) => {
  const heard = new Mailbox();
  await socketApp(t, here, (app) => {
    app.assistant(new bolt.Assistant({
      threadStarted: async ({ say, setSuggestedPrompts, saveThreadContext, event }) => {
        await say('Hi, how can I help?');
        await saveThreadContext();
        await setSuggestedPrompts({ title: 'Try', prompts: [{ title: 'One', message: 'one' }, { title: 'Two', message: 'two' }] });
        heard.put(event);
      },
      userMessage: async ({ message, setTitle, setStatus, sayStream, getThreadContext }) => {
        await setTitle(message.text);
        await setStatus('is typing…');
        await getThreadContext();
        const stream = sayStream({});
        await stream.append({ markdown_text: 'As you wish.' });
        heard.put(await stream.stop());
      },
    }));
  }, { settings: { assistant_view: true, subscriptions: ['message.im', 'assistant_thread_started', 'assistant_thread_context_changed'] } });
  const { ws } = here;
  await ws.post('/sim/open', { user: ws.ada, channel: ws.dm });
  const started = await heard.next('assistant_thread_started');
  const root = started.assistant_thread.thread_ts;
  await ws.say(ws.dm, 'one', { thread_ts: root });
  const { ts } = await heard.next('the answer');
  assert.equal((await ws.message(ws.dm, ts)).thread_ts, root);
  await ws.until('the title', (s) => s.sessions.some((x) => x.thread_ts === root && x.title === 'one'));
});

test('opening the Messages tab is app_home_opened with tab messages', async (t) => {
  const heard = new Mailbox();
  await socketApp(t, here, (app) => app.event('app_home_opened', async ({ event }) => heard.put(event)));
  const { ws } = here;
  await ws.post('/sim/open', { user: ws.ada, channel: ws.dm });
  const event = await heard.next();
  assert.equal(event.tab, 'messages');
  assert.equal(event.user, ws.ada);
  assert.equal(event.channel, ws.dm);
});
