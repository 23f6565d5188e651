import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slackSandbox, socketApp } from '../lib/bolt.js';
import { Mailbox } from '../lib/mailbox.js';

const here = slackSandbox();

test('a message in a channel reaches app.message, and say answers it', async (t) => {
  const heard = new Mailbox();
  await socketApp(t, here, (app) => {
    app.message('hello', async (args) => {
      await args.say({ text: `Hello <@${args.message.user}>`, thread_ts: args.message.ts });
      heard.put(args);
    });
  });
  const { ws } = here;
  const { ts } = await ws.say(ws.general, 'hello there');
  const { message, context, body } = await heard.next();
  assert.equal(message.text, 'hello there');
  assert.equal(message.channel_type, 'channel');
  assert.equal(message.user, ws.ada);
  assert.equal(context.botUserId, ws.app.bot_user_id);
  assert.equal(context.botId, ws.app.bot_id);
  assert.equal(context.teamId, ws.team);
  assert.equal(body.type, 'event_callback');
  const answer = await ws.shown(ws.general, (m) => m.thread_ts === ts && m.user === ws.app.bot_user_id);
  assert.equal(answer.text, `Hello <@${ws.ada}>`);
});

test('a mention is heard twice, as app_mention and as message, with one ts', async (t) => {
  const mentions = new Mailbox();
  const messages = new Mailbox();
  await socketApp(t, here, (app) => {
    app.event('app_mention', async ({ event, body }) => mentions.put({ event, body }));
    app.message(async ({ message, body }) => messages.put({ message, body }));
  });
  const { ws } = here;
  const { ts } = await ws.say(ws.general, ws.mention('what is up?'));
  const [a, b] = [await mentions.next(), await messages.next()];
  assert.equal(a.event.ts, ts);
  assert.equal(b.message.ts, ts);
  assert.notEqual(a.body.event_id, b.body.event_id);
});

test('directMention lets a mention through, and only that', async (t) => {
  const heard = new Mailbox();
  const { directMention } = (await import('@slack/bolt')).default;
  await socketApp(t, here, (app) => {
    app.message(directMention, /^.*$/, async ({ message }) => heard.put(message));
  });
  const { ws } = here;
  await ws.say(ws.general, 'nobody in particular');
  const { ts } = await ws.say(ws.general, ws.mention('you'));
  assert.equal((await heard.next()).ts, ts);
  assert.equal(heard.size, 0);
});

test('edits and deletions come as message_changed and message_deleted', async (t) => {
  const heard = new Mailbox();
  await socketApp(t, here, (app) => {
    app.event('message', async ({ event }) => event.subtype && heard.put(event));
  });
  const { ws } = here;
  const { ts } = await ws.say(ws.general, 'frist');
  await ws.post('/sim/messages/edit', { user: ws.ada, channel: ws.general, ts, text: 'first' });
  const changed = await heard.next();
  assert.equal(changed.subtype, 'message_changed');
  assert.equal(changed.message.text, 'first');
  assert.equal(changed.previous_message.text, 'frist');
  await ws.post('/sim/messages/delete', { user: ws.ada, channel: ws.general, ts });
  const deleted = await heard.next();
  assert.equal(deleted.subtype, 'message_deleted');
  assert.equal(deleted.deleted_ts, ts);
});

test("Bolt ignores the app's own messages", async (t) => {
  const heard = new Mailbox();
  const app = await socketApp(t, here, (app) => app.message(async ({ message }) => heard.put(message)));
  const { ws } = here;
  await app.client.chat.postMessage({ channel: ws.general, text: 'from me' });
  const { ts } = await ws.say(ws.general, 'from a person');
  assert.equal((await heard.next()).ts, ts);
});

test('chat.postMessage, update, getPermalink, delete and postEphemeral', async (t) => {
  const app = await socketApp(t, here);
  const { ws } = here;
  const { chat } = app.client;
  const posted = await chat.postMessage({
    channel: ws.general,
    text: 'fallback',
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: '*bold*' }, fields: [{ type: 'plain_text', text: 'one' }] },
      { type: 'divider' },
      { type: 'context', elements: [{ type: 'mrkdwn', text: 'small' }] },
    ],
    metadata: { event_type: 'made', event_payload: { id: 7 } },
  });
  assert.equal(posted.channel, ws.general);
  assert.equal(posted.message.text, 'fallback');
  assert.equal(posted.message.bot_id, ws.app.bot_id);
  assert.equal(posted.message.blocks.length, 3);
  assert.ok(posted.message.blocks.every((b) => b.block_id), 'Slack gives each block an id');

  const updated = await chat.update({ channel: ws.general, ts: posted.ts, text: 'changed' });
  assert.equal(updated.text, 'changed');
  assert.equal(updated.ts, posted.ts);
  const link = await chat.getPermalink({ channel: ws.general, message_ts: posted.ts });
  assert.match(link.permalink, new RegExp(`/archives/${ws.general}/p${posted.ts.replace('.', '')}`));
  assert.equal((await chat.delete({ channel: ws.general, ts: posted.ts })).ts, posted.ts);
  await assert.rejects(chat.update({ channel: ws.general, ts: posted.ts, text: 'x' }), (err) => {
    assert.equal(err.code, 'slack_webapi_platform_error');
    assert.equal(err.data.error, 'message_not_found');
    return true;
  });

  const whisper = await chat.postEphemeral({ channel: ws.general, user: ws.ada, text: 'psst' });
  assert.ok(whisper.message_ts);
  await ws.ephemeral((m) => m.user === ws.ada && m.text === 'psst');
});

test('blocks of a bad kind are refused with the place of the mistake', async (t) => {
  const app = await socketApp(t, here);
  const { ws } = here;
  await assert.rejects(
    app.client.chat.postMessage({
      channel: ws.general, text: 'x',
      blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(3001) } }],
    }),
    (err) => {
      assert.equal(err.data.error, 'invalid_blocks');
      assert.match(err.data.response_metadata.messages[0], /json-pointer:\/blocks\/0\/text/);
      return true;
    },
  );
});

test('chat.postMessage with markdown_text', async (t) => {
  const app = await socketApp(t, here);
  const { ws } = here;
  const { ts } = await app.client.chat.postMessage({ channel: ws.general, markdown_text: '# Title\n\n- one\n- two' });
  assert.ok((await ws.message(ws.general, ts)).ts);
  await assert.rejects(
    app.client.chat.postMessage({ channel: ws.general, markdown_text: 'a', text: 'b' }),
    (err) => err.data.error === 'markdown_text_conflict',
  );
});

test('reactions: add, get, remove, and the event of a person', async (t) => {
  const heard = new Mailbox();
  const app = await socketApp(t, here, (app) => {
    app.event('reaction_added', async ({ event }) => heard.put(event));
  });
  const { ws } = here;
  const { ts } = await ws.say(ws.general, 'nice?');
  const at = { channel: ws.general, timestamp: ts };
  await app.client.reactions.add({ ...at, name: 'eyes' });
  await assert.rejects(app.client.reactions.add({ ...at, name: 'eyes' }), (err) => err.data.error === 'already_reacted');
  const got = await app.client.reactions.get(at);
  assert.deepEqual(got.message.reactions.map((r) => [r.name, r.count]), [['eyes', 1]]);
  await app.client.reactions.remove({ ...at, name: 'eyes' });
  await assert.rejects(app.client.reactions.remove({ ...at, name: 'eyes' }), (err) => err.data.error === 'no_reaction');
  await ws.post('/sim/reactions', { user: ws.ben, channel: ws.general, ts, name: 'tada' });
  const event = await heard.next();
  assert.equal(event.reaction, 'tada');
  assert.equal(event.user, ws.ben);
  assert.deepEqual(event.item, { type: 'message', channel: ws.general, ts });
});

test('client.paginate walks history and replies without a gap or a double', async (t) => {
  const app = await socketApp(t, here);
  const { ws } = here;
  const roots = [];
  for (let i = 0; i < 7; i += 1) roots.push((await ws.say(ws.general, `message ${i}`)).ts);
  const pages = [];
  for await (const page of app.client.paginate('conversations.history', { channel: ws.general, limit: 3 })) {
    pages.push(page.messages.map((m) => m.ts));
  }
  assert.deepEqual(pages.map((p) => p.length), [3, 3, 1]);
  assert.deepEqual(pages.flat(), roots.toReversed());

  const replies = [];
  for (let i = 0; i < 6; i += 1) replies.push((await ws.say(ws.general, `reply ${i}`, { thread_ts: roots[0] })).ts);
  const seen = [];
  for await (const page of app.client.paginate('conversations.replies', { channel: ws.general, ts: roots[0], limit: 2 })) {
    assert.equal(page.messages[0].ts, roots[0], 'each page starts with the root');
    seen.push(...page.messages.slice(1).map((m) => m.ts));
  }
  assert.deepEqual(seen, replies);
});

test('the methods that read people and places', async (t) => {
  const app = await socketApp(t, here);
  const { ws } = here;
  const { client } = app;
  const who = await client.auth.test();
  assert.equal(who.user_id, ws.app.bot_user_id);
  assert.equal(who.bot_id, ws.app.bot_id);
  assert.ok(who.response_metadata.scopes.includes('chat:write'), 'X-OAuth-Scopes');
  assert.match((await client.users.info({ user: ws.ada })).user.real_name, /^Ada/);
  const people = await client.users.list({ limit: 200 });
  assert.ok(people.members.some((u) => u.id === ws.ben));
  assert.equal((await client.conversations.info({ channel: ws.general })).channel.name, 'general');
  const names = [];
  for await (const page of client.paginate('conversations.list', { types: 'public_channel', limit: 1 })) {
    names.push(...page.channels.map((c) => c.name));
  }
  assert.deepEqual(names.toSorted(), ['engineering', 'general', 'random']);
  const { members } = await client.conversations.members({ channel: ws.general });
  assert.ok(members.includes(ws.app.bot_user_id));
  const dm = await client.conversations.open({ users: ws.ada });
  assert.equal(dm.channel.id, ws.dm);
  assert.equal((await client.team.info()).team.id, ws.team);
  assert.equal((await client.bots.info({ bot: ws.app.bot_id })).bot.id, ws.app.bot_id);
});

test('refusals have the codes that a client looks for', async (t) => {
  const app = await socketApp(t, here);
  const { ws } = here;
  const refused = (promise, code) => assert.rejects(promise, (err) => err.data?.error === code || assert.fail(`${err.data?.error ?? err}, want ${code}`));
  const { chat } = app.client;
  await refused(chat.postMessage({ channel: 'C0000000000', text: 'x' }), 'channel_not_found');
  await refused(chat.postMessage({ channel: ws.random, text: 'x' }), 'not_in_channel');
  await refused(chat.postMessage({ channel: ws.general }), 'no_text');
  await refused(app.client.apiCall('no.such.method'), 'unknown_method');
  await refused(chat.postMessage({ token: 'xoxb-nobody', channel: ws.general, text: 'x' }), 'invalid_auth');
  await refused(app.client.apps.connections.open(), 'not_allowed_token_type');
  const { ts } = await ws.say(ws.general, 'mine');
  await refused(chat.update({ channel: ws.general, ts, text: 'x' }), 'cant_update_message');
  await refused(chat.delete({ channel: ws.general, ts }), 'cant_delete_message');
});
