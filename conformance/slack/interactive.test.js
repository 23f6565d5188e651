import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slackSandbox, socketApp } from '../lib/bolt.js';
import { Mailbox } from '../lib/mailbox.js';

const here = slackSandbox();

const plain = (text) => ({ type: 'plain_text', text });
const option = (value) => ({ text: plain(value.toUpperCase()), value });
const commands = [{ command: '/weather', description: 'Tells the weather', usage_hint: '[city]' }];
const shortcuts = [
  { name: 'New report', type: 'global', callback_id: 'new_report', description: 'Starts a report' },
  { name: 'Ask about this', type: 'message', callback_id: 'ask_about', description: 'Asks' },
];

test('a slash command: its fields, and an ack with text that only the person sees', async (t) => {
  const heard = new Mailbox();
  await socketApp(t, here, (app) => {
    app.command('/weather', async ({ command, ack }) => {
      await ack(`Looking at ${command.text}`);
      heard.put(command);
    });
  }, { settings: { commands } });
  const { ws } = here;
  const done = await ws.act('/sim/commands', { channel: ws.general, command: '/weather', text: 'Oslo now' });
  assert.equal(done.status, 'acked');
  const command = await heard.next();
  assert.equal(command.command, '/weather');
  assert.equal(command.text, 'Oslo now');
  assert.equal(command.user_id, ws.ada);
  assert.equal(command.channel_id, ws.general);
  assert.equal(command.channel_name, 'general');
  assert.equal(command.team_id, ws.team);
  assert.equal(command.api_app_id, ws.app.id);
  assert.equal(command.is_enterprise_install, 'false');
  assert.ok(command.trigger_id && command.response_url);
  const note = await ws.ephemeral((m) => m.text === 'Looking at Oslo now');
  assert.equal(note.user, ws.ada);
});

test('respond to a slash command: to the person, and in_channel', async (t) => {
  await socketApp(t, here, (app) => {
    app.command('/weather', async ({ ack, respond, say }) => {
      await ack();
      await respond('just you');
      await respond({ text: 'everybody', response_type: 'in_channel' });
      await say('and say');
    });
  }, { settings: { commands } });
  const { ws } = here;
  await ws.act('/sim/commands', { channel: ws.general, command: '/weather', text: '' });
  await ws.ephemeral((m) => m.text === 'just you');
  await ws.shown(ws.general, (m) => m.text === 'everybody');
  await ws.shown(ws.general, (m) => m.text === 'and say');
});

test('ack with response_type in_channel, blocks and all', async (t) => {
  await socketApp(t, here, (app) => {
    app.command('/weather', async ({ ack }) => {
      await ack({ response_type: 'in_channel', text: 'Sun', blocks: [{ type: 'section', text: { type: 'mrkdwn', text: '*Sun*' } }] });
    });
  }, { settings: { commands } });
  const { ws } = here;
  await ws.act('/sim/commands', { channel: ws.general, command: '/weather', text: '' });
  const shown = await ws.shown(ws.general, (m) => m.text === 'Sun');
  assert.equal(shown.blocks[0].type, 'section');
});

test('a command without an ack times out for the person', async (t) => {
  await socketApp(t, here, (app) => app.command('/weather', async () => {}), { settings: { commands, interaction_ms: 150 } });
  const { ws } = here;
  const done = await ws.act('/sim/commands', { channel: ws.general, command: '/weather', text: '' });
  assert.equal(done.status, 'failed');
  assert.equal(done.error, 'operation_timeout');
});

test('an unknown command is not sent', async (t) => {
  await socketApp(t, here, () => {}, { settings: { commands } });
  const { ws } = here;
  const refused = await ws.tryPost('/sim/commands', { user: ws.ada, channel: ws.general, command: '/nothing', text: '' });
  assert.equal(refused.error, 'command_not_found');
});

test('a global shortcut', async (t) => {
  const heard = new Mailbox();
  await socketApp(t, here, (app) => {
    app.shortcut({ callback_id: 'new_report', type: 'shortcut' }, async ({ shortcut, ack }) => {
      await ack();
      heard.put(shortcut);
    });
  }, { settings: { shortcuts } });
  const { ws } = here;
  const done = await ws.act('/sim/shortcuts', { callback_id: 'new_report' });
  assert.equal(done.status, 'acked');
  const shortcut = await heard.next();
  assert.equal(shortcut.type, 'shortcut');
  assert.equal(shortcut.user.id, ws.ada);
  assert.ok(shortcut.trigger_id && shortcut.action_ts);
});

test('a message shortcut carries its message, and responds beside it', async (t) => {
  const heard = new Mailbox();
  await socketApp(t, here, (app) => {
    app.shortcut({ callback_id: 'ask_about', type: 'message_action' }, async ({ shortcut, ack, respond, say }) => {
      await ack();
      await respond('I see.');
      await say({ text: 'Let me look', thread_ts: shortcut.message.ts });
      heard.put(shortcut);
    });
  }, { settings: { shortcuts } });
  const { ws } = here;
  const { ts } = await ws.say(ws.general, 'the thing');
  await ws.act('/sim/shortcuts', { callback_id: 'ask_about', channel: ws.general, ts });
  const shortcut = await heard.next();
  assert.equal(shortcut.type, 'message_action');
  assert.equal(shortcut.message.text, 'the thing');
  assert.equal(shortcut.message_ts, ts);
  assert.equal(shortcut.channel.id, ws.general);
  await ws.ephemeral((m) => m.text === 'I see.');
  await ws.shown(ws.general, (m) => m.text === 'Let me look' && m.thread_ts === ts);
});

test('a button: payload, chat.update from the listener, respond with replace_original and delete_original', async (t) => {
  const heard = new Mailbox();
  const app = await socketApp(t, here, (app) => {
    app.action({ type: 'block_actions', action_id: 'go' }, async ({ ack, action, body, respond, payload }) => {
      await ack();
      await respond({ replace_original: true, text: `${action.value} clicked`, blocks: [
        { type: 'actions', block_id: 'b', elements: [{ type: 'button', action_id: 'away', text: plain('Away') }] },
      ] });
      heard.put({ action, body, payload });
    });
    app.action('away', async ({ ack, respond }) => {
      await ack();
      await respond({ delete_original: true });
      heard.put('gone');
    });
  });
  const { ws } = here;
  const { ts } = await app.client.chat.postMessage({
    channel: ws.general, text: 'choose',
    blocks: [{ type: 'actions', block_id: 'b', elements: [{ type: 'button', action_id: 'go', text: plain('Go'), value: 'v1', style: 'primary' }] }],
  });
  assert.equal((await ws.act('/sim/actions', { channel: ws.general, ts, block_id: 'b', action_id: 'go', input: {}, state: {} })).status, 'acked');
  const { action, body } = await heard.next();
  assert.deepEqual([action.type, action.block_id, action.action_id, action.value], ['button', 'b', 'go', 'v1']);
  assert.ok(action.action_ts);
  assert.deepEqual(body.container, { type: 'message', message_ts: ts, channel_id: ws.general, is_ephemeral: false });
  assert.equal(body.user.id, ws.ada);
  assert.equal(body.channel.id, ws.general);
  assert.equal(body.message.ts, ts);
  assert.ok(body.trigger_id);
  const replaced = await ws.shown(ws.general, (m) => m.ts === ts && m.text === 'v1 clicked');
  assert.equal(replaced.blocks[0].elements[0].action_id, 'away');
  await ws.act('/sim/actions', { channel: ws.general, ts, block_id: 'b', action_id: 'away', input: {}, state: {} });
  await heard.next();
  await ws.until('the message to be gone', (s) => !s.messages[ws.general].some((m) => m.ts === ts));
});

test('a button in an ephemeral message has no message in its payload; respond replaces it', async (t) => {
  const heard = new Mailbox();
  const app = await socketApp(t, here, (app) => {
    app.action('go', async ({ ack, body, respond }) => {
      await ack();
      heard.put(body);
      await respond({ replace_original: true, text: 'replaced' });
    });
  });
  const { ws } = here;
  const { message_ts: ts } = await app.client.chat.postEphemeral({
    channel: ws.general, user: ws.ada, text: 'choose',
    blocks: [{ type: 'actions', block_id: 'b', elements: [{ type: 'button', action_id: 'go', text: plain('Go') }] }],
  });
  await ws.act('/sim/actions', { channel: ws.general, ts, block_id: 'b', action_id: 'go', input: {}, state: {} });
  const body = await heard.next();
  assert.equal(body.message, undefined);
  assert.equal(body.container.is_ephemeral, true);
  await ws.ephemeral((m) => m.text === 'replaced');
});

// Every element that acts at once, what a person does with it, and the field of the action that tells it.
const elements = [
  [{ type: 'static_select', placeholder: plain('One'), options: [option('a'), option('b')] }, { selected_option: { value: 'b' } }, (a) => a.selected_option.text.text, 'B'],
  [{ type: 'multi_static_select', placeholder: plain('Some'), options: [option('a'), option('b')] }, { selected_options: [{ value: 'a' }, { value: 'b' }] }, (a) => a.selected_options.map((o) => o.value), ['a', 'b']],
  [{ type: 'overflow', options: [option('x'), option('y')] }, { selected_option: { value: 'y' } }, (a) => a.selected_option.value, 'y'],
  [{ type: 'radio_buttons', options: [option('r'), option('s')] }, { selected_option: { value: 's' } }, (a) => a.selected_option.value, 's'],
  [{ type: 'checkboxes', options: [option('c'), option('d')] }, { selected_options: [{ value: 'd' }] }, (a) => a.selected_options.map((o) => o.value), ['d']],
  [{ type: 'users_select', placeholder: plain('Who') }, () => ({ selected_user: here.ws.ben }), (a) => a.selected_user, () => here.ws.ben],
  [{ type: 'multi_users_select', placeholder: plain('Who') }, () => ({ selected_users: [here.ws.ben] }), (a) => a.selected_users, () => [here.ws.ben]],
  [{ type: 'channels_select', placeholder: plain('Where') }, () => ({ selected_channel: here.ws.random }), (a) => a.selected_channel, () => here.ws.random],
  [{ type: 'multi_channels_select', placeholder: plain('Where') }, () => ({ selected_channels: [here.ws.random] }), (a) => a.selected_channels, () => [here.ws.random]],
  [{ type: 'conversations_select', placeholder: plain('Where') }, () => ({ selected_conversation: here.ws.general }), (a) => a.selected_conversation, () => here.ws.general],
  [{ type: 'multi_conversations_select', placeholder: plain('Where') }, () => ({ selected_conversations: [here.ws.general] }), (a) => a.selected_conversations, () => [here.ws.general]],
  [{ type: 'datepicker' }, { selected_date: '2026-11-24' }, (a) => a.selected_date, '2026-11-24'],
  [{ type: 'timepicker' }, { selected_time: '14:30' }, (a) => a.selected_time, '14:30'],
  [{ type: 'datetimepicker' }, { selected_date_time: 1795000000 }, (a) => a.selected_date_time, 1795000000],
];
for (const [element, input, read, want] of elements) {
  test(`block_actions of ${element.type}`, async (t) => {
    const heard = new Mailbox();
    const app = await socketApp(t, here, (app) => {
      app.action({ type: 'block_actions', action_id: 'it' }, async ({ ack, action, body }) => {
        await ack();
        heard.put({ action, body });
      });
    });
    const { ws } = here;
    const { ts } = await app.client.chat.postMessage({
      channel: ws.general, text: 'x',
      blocks: [element.type === 'datetimepicker' // Slack takes it in no section
        ? { type: 'actions', block_id: 'b', elements: [{ ...element, action_id: 'it' }] }
        : { type: 'section', block_id: 'b', text: { type: 'mrkdwn', text: 'x' }, accessory: { ...element, action_id: 'it' } }],
    });
    const given = typeof input === 'function' ? input() : input;
    const state = element.type === 'overflow' ? {} : { b: { it: given } }; // a menu holds nothing
    await ws.act('/sim/actions', { channel: ws.general, ts, block_id: 'b', action_id: 'it', input: given, state });
    const { action, body } = await heard.next();
    assert.equal(action.type, element.type);
    assert.deepEqual(read(action), typeof want === 'function' ? want() : want);
    if (element.type !== 'overflow') assert.equal(body.state.values.b.it.type, element.type);
  });
}

test('feedback buttons and an icon button under an answer', async (t) => {
  const heard = new Mailbox();
  const app = await socketApp(t, here, (app) => {
    app.action(/^(feedback|trash)$/, async ({ ack, action }) => {
      await ack();
      heard.put(action);
    });
  });
  const { ws } = here;
  const { ts } = await app.client.chat.postMessage({
    channel: ws.general, text: 'An answer',
    blocks: [{
      type: 'context_actions', block_id: 'c',
      elements: [
        {
          type: 'feedback_buttons', action_id: 'feedback',
          positive_button: { text: plain('Good'), value: 'up' }, negative_button: { text: plain('Bad'), value: 'down' },
        },
        { type: 'icon_button', action_id: 'trash', icon: 'trash', text: plain('Delete'), value: 'bin' },
      ],
    }],
  });
  const click = (action_id, input) => ws.act('/sim/actions', { channel: ws.general, ts, block_id: 'c', action_id, input, state: {} });
  await click('feedback', { value: 'down' });
  const feedback = await heard.next();
  assert.deepEqual([feedback.type, feedback.value], ['feedback_buttons', 'down']);
  await click('trash', {});
  const trash = await heard.next();
  assert.deepEqual([trash.type, trash.value], ['icon_button', 'bin']);
});

test('external options: app.options answers what a person types', async (t) => {
  const heard = new Mailbox();
  const app = await socketApp(t, here, (app) => {
    app.options({ action_id: 'ext', type: 'block_suggestion' }, async ({ options, ack }) => {
      heard.put(options);
      await ack({ options: [option(`${options.value}1`), option(`${options.value}2`)] });
    });
    app.action('ext', async ({ ack, action }) => {
      await ack();
      heard.put(action);
    });
  });
  const { ws } = here;
  const { ts } = await app.client.chat.postMessage({
    channel: ws.general, text: 'x',
    blocks: [{ type: 'actions', block_id: 'b', elements: [{ type: 'external_select', action_id: 'ext', placeholder: plain('Find'), min_query_length: 1 }] }],
  });
  const at = { user: ws.ada, channel: ws.general, ts, block_id: 'b', action_id: 'ext' };
  const found = await ws.post('/sim/suggestions', { ...at, query: 'os' });
  assert.deepEqual(found.options.map((o) => o.value), ['os1', 'os2']);
  const asked = await heard.next();
  assert.deepEqual([asked.type, asked.value, asked.action_id, asked.block_id], ['block_suggestion', 'os', 'ext', 'b']);
  const { id } = await ws.post('/sim/actions', { ...at, input: { selected_option: { value: 'os2' } }, state: {} });
  await ws.interaction(id);
  assert.equal((await heard.next()).selected_option.text.text, 'OS2');
});

test('a response_url works five times and no more', async (t) => {
  const heard = new Mailbox();
  await socketApp(t, here, (app) => {
    app.command('/weather', async ({ ack, respond }) => {
      await ack();
      for (let i = 1; i <= 5; i += 1) await respond(`reply ${i}`);
      await respond('reply 6').then(() => heard.put('let through'), (err) => heard.put(err));
    });
  }, { settings: { commands } });
  const { ws } = here;
  await ws.act('/sim/commands', { channel: ws.general, command: '/weather', text: '' });
  const err = await heard.next();
  assert.equal(err.code, 'slack_bolt_respond_error');
  await ws.ephemeral((m) => m.text === 'reply 5');
});
