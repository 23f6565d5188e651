import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slackSandbox, socketApp } from '../lib/bolt.js';
import { Mailbox } from '../lib/mailbox.js';

const here = slackSandbox();

const plain = (text) => ({ type: 'plain_text', text });
const settings = { shortcuts: [{ name: 'Open', type: 'global', callback_id: 'open', description: 'Opens' }] };

const name = { type: 'input', block_id: 'name', label: plain('Name'), element: { type: 'plain_text_input', action_id: 'it', min_length: 2 } };
const modal = (more = {}) => ({
  type: 'modal', callback_id: 'form', title: plain('Form'), submit: plain('Send'), close: plain('No'), blocks: [name], ...more,
});

/** A workspace in which Ada has opened a modal by a shortcut. */
async function opened(t, view, listen = () => {}) {
  const made = new Mailbox();
  const app = await socketApp(t, here, (app) => {
    app.shortcut('open', async ({ ack, client, shortcut }) => {
      await ack();
      made.put(await client.views.open({ trigger_id: shortcut.trigger_id, view }));
    });
    listen(app);
  }, { settings });
  const { ws } = here;
  await ws.act('/sim/shortcuts', { callback_id: 'open' });
  const { view: answer } = await made.next('the answer of views.open');
  return { app, ws, answer, shown: await ws.modal() };
}

const fill = (ws, view_id, value) => ws.act('/sim/views/submit', { view_id, state: { name: { it: { value } } } });
const gone = (ws) => ws.until('no modal', (s) => !s.views.some((v) => v.user === ws.ada));

test('views.open shows a modal, and its view comes back whole', async (t) => {
  const { answer, shown, ws } = await opened(t, modal({ private_metadata: 'm', external_id: 'ext-1', notify_on_close: true }));
  assert.equal(answer.id, shown.id);
  assert.equal(answer.callback_id, 'form');
  assert.equal(answer.private_metadata, 'm');
  assert.equal(answer.external_id, 'ext-1');
  assert.equal(answer.root_view_id, answer.id);
  assert.equal(answer.previous_view_id, null);
  assert.equal(answer.team_id, ws.team);
  assert.equal(answer.app_id, ws.app.id);
  assert.ok(answer.hash);
  assert.deepEqual(answer.state, { values: {} });
});

test('a submitted form: every kind of input in view.state.values', async (t) => {
  const heard = new Mailbox();
  const option = (value) => ({ text: plain(value.toUpperCase()), value });
  const inputs = {
    text: [{ type: 'plain_text_input' }, { value: 'words' }],
    mail: [{ type: 'email_text_input' }, { value: 'ada@example.com' }],
    url: [{ type: 'url_text_input' }, { value: 'https://example.com' }],
    number: [{ type: 'number_input', is_decimal_allowed: false, min_value: '1', max_value: '9' }, { value: '7' }],
    one: [{ type: 'static_select', options: [option('a'), option('b')] }, { selected_option: { value: 'a' } }],
    many: [{ type: 'multi_static_select', options: [option('a'), option('b')] }, { selected_options: [{ value: 'b' }] }],
    radio: [{ type: 'radio_buttons', options: [option('a'), option('b')] }, { selected_option: { value: 'b' } }],
    check: [{ type: 'checkboxes', options: [option('a'), option('b')] }, { selected_options: [{ value: 'a' }] }],
    user: [{ type: 'users_select' }, () => ({ selected_user: here.ws.ben })],
    users: [{ type: 'multi_users_select' }, () => ({ selected_users: [here.ws.ben] })],
    place: [{ type: 'conversations_select' }, () => ({ selected_conversation: here.ws.general })],
    channel: [{ type: 'channels_select' }, () => ({ selected_channel: here.ws.general })],
    date: [{ type: 'datepicker' }, { selected_date: '2026-12-01' }],
    time: [{ type: 'timepicker' }, { selected_time: '09:05' }],
    moment: [{ type: 'datetimepicker' }, { selected_date_time: 1795000000 }],
    rich: [{ type: 'rich_text_input' }, { rich_text_value: { type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: 'rich' }] }] } }],
  };
  const blocks = Object.entries(inputs).map(([id, [element]]) => ({
    type: 'input', block_id: id, label: plain(id), element: { ...element, action_id: 'it' },
  }));
  blocks.push({ type: 'input', block_id: 'left', optional: true, label: plain('left'), element: { type: 'plain_text_input', action_id: 'it' } });
  const { ws, shown } = await opened(t, modal({ blocks }), (app) => {
    app.view('form', async ({ ack, view, body }) => {
      await ack();
      heard.put({ view, body });
    });
  });
  const state = {};
  for (const [id, [, value]] of Object.entries(inputs)) state[id] = { it: typeof value === 'function' ? value() : value };
  const done = await ws.act('/sim/views/submit', { view_id: shown.id, state });
  assert.equal(done.status, 'acked');
  const { view, body } = await heard.next();
  assert.equal(body.type, 'view_submission');
  const { values } = view.state;
  for (const [id, [element]] of Object.entries(inputs)) {
    assert.equal(values[id].it.type, element.type, id);
    for (const [key, value] of Object.entries(state[id].it)) {
      if (key === 'selected_option') assert.deepEqual(values[id].it[key], option(value.value), id);
      else if (key === 'selected_options') assert.deepEqual(values[id].it[key], value.map((o) => option(o.value)), id);
      else assert.deepEqual(values[id].it[key], value, id);
    }
  }
  assert.equal(values.left.it.value, null);
  await gone(ws);
});

test('required and bounded inputs are held back by the client, as in Slack', async (t) => {
  const { ws, shown } = await opened(t, modal());
  const none = await ws.tryPost('/sim/views/submit', { user: ws.ada, view_id: shown.id, state: {} });
  assert.equal(none.error, 'invalid_input');
  assert.ok(none.errors.name);
  const short = await ws.tryPost('/sim/views/submit', { user: ws.ada, view_id: shown.id, state: { name: { it: { value: 'x' } } } });
  assert.ok(short.errors.name);
});

test('response_action errors keeps the modal and shows them', async (t) => {
  const { ws, shown } = await opened(t, modal(), (app) => {
    app.view('form', async ({ ack, view }) => {
      if (view.state.values.name.it.value === 'bad') await ack({ response_action: 'errors', errors: { name: 'Not that one' } });
      else await ack();
    });
  });
  const refused = await fill(ws, shown.id, 'bad');
  assert.equal(refused.response_action, 'errors');
  assert.deepEqual(refused.errors, { name: 'Not that one' });
  assert.equal((await ws.modal()).id, shown.id);
  await fill(ws, shown.id, 'good');
  await gone(ws);
});

test('response_action errors for a block that is not there is bad_response', async (t) => {
  const { ws, shown } = await opened(t, modal(), (app) => {
    app.view('form', async ({ ack }) => ack({ response_action: 'errors', errors: { nothing: 'x' } }));
  });
  const done = await fill(ws, shown.id, 'any');
  assert.equal(done.status, 'failed');
  assert.equal(done.error, 'bad_response');
});

test('response_action update, then push, then clear', async (t) => {
  const { ws, shown } = await opened(t, modal(), (app) => {
    app.view('form', async ({ ack }) => ack({ response_action: 'update', view: modal({ callback_id: 'second', title: plain('Second') }) }));
    app.view('second', async ({ ack }) => ack({ response_action: 'push', view: modal({ callback_id: 'third', title: plain('Third') }) }));
    app.view('third', async ({ ack }) => ack({ response_action: 'clear' }));
  });
  await fill(ws, shown.id, 'one');
  const second = await ws.modal((v) => v.title.text === 'Second');
  assert.equal(second.id, shown.id);
  await fill(ws, second.id, 'two');
  const third = await ws.modal((v) => v.title.text === 'Third');
  assert.equal(third.previous_view_id, second.id);
  assert.equal(third.root_view_id, second.id);
  await fill(ws, third.id, 'three');
  await gone(ws);
});

test('views.push from a button, three deep and no deeper', async (t) => {
  const heard = new Mailbox();
  const button = { type: 'actions', block_id: 'b', elements: [{ type: 'button', action_id: 'deeper', text: plain('Deeper') }] };
  const { ws } = await opened(t, modal({ blocks: [button] }), (app) => {
    app.action('deeper', async ({ ack, body, client }) => {
      await ack();
      heard.put(await client.views.push({ trigger_id: body.trigger_id, view: modal({ blocks: [button] }) }).catch((err) => err.data));
    });
  });
  for (let depth = 1; depth <= 2; depth += 1) {
    const top = await ws.modal();
    await ws.act('/sim/actions', { view_id: top.id, block_id: 'b', action_id: 'deeper', input: {}, state: {} });
    assert.ok((await heard.next()).ok);
    await ws.modal((v) => v.id !== top.id);
  }
  const top = await ws.modal();
  await ws.act('/sim/actions', { view_id: top.id, block_id: 'b', action_id: 'deeper', input: {}, state: {} });
  assert.equal((await heard.next()).error, 'push_limit_reached');
});

test('views.update by id and hash; a stale hash is a conflict; by external_id', async (t) => {
  const { app, ws, answer } = await opened(t, modal({ external_id: 'mine' }));
  const { views } = app.client;
  const newer = await views.update({ view_id: answer.id, hash: answer.hash, view: modal({ external_id: 'mine', title: plain('Newer') }) });
  assert.notEqual(newer.view.hash, answer.hash);
  await ws.modal((v) => v.title.text === 'Newer');
  await assert.rejects(views.update({ view_id: answer.id, hash: answer.hash, view: modal() }), (err) => err.data.error === 'hash_conflict');
  await views.update({ external_id: 'mine', view: modal({ title: plain('By name') }) });
  await ws.modal((v) => v.title.text === 'By name');
  await assert.rejects(views.update({ view_id: 'V0000000000', view: modal() }), (err) => err.data.error === 'not_found');
});

test('a trigger works once, and a made-up one not at all', async (t) => {
  const heard = new Mailbox();
  const app = await socketApp(t, here, (app) => {
    app.shortcut('open', async ({ ack, client, shortcut }) => {
      await ack();
      await client.views.open({ trigger_id: shortcut.trigger_id, view: modal() });
      heard.put(await client.views.open({ trigger_id: shortcut.trigger_id, view: modal() }).catch((err) => err.data.error));
    });
  }, { settings });
  await here.ws.act('/sim/shortcuts', { callback_id: 'open' });
  assert.equal(await heard.next(), 'exchanged_trigger_id');
  await assert.rejects(app.client.views.open({ trigger_id: '1.2.3', view: modal() }), (err) => err.data.error === 'invalid_trigger_id');
});

test('a trigger that is too old is refused', async (t) => {
  const heard = new Mailbox();
  const app = await socketApp(t, here, (app) => {
    app.shortcut('open', async ({ ack, shortcut }) => {
      await ack();
      heard.put(shortcut.trigger_id);
    });
  }, { settings });
  const { ws } = here;
  await ws.act('/sim/shortcuts', { callback_id: 'open' });
  const trigger_id = await heard.next();
  await ws.post('/sim/clock', { advance_ms: 3_100 });
  await assert.rejects(app.client.views.open({ trigger_id, view: modal() }), (err) => err.data.error === 'expired_trigger_id');
});

test('closing a modal tells the app if it asked to know', async (t) => {
  const heard = new Mailbox();
  const { ws, shown } = await opened(t, modal({ notify_on_close: true }), (app) => {
    app.view({ callback_id: 'form', type: 'view_closed' }, async ({ ack, body }) => {
      await ack();
      heard.put(body);
    });
  });
  await ws.post('/sim/views/close', { user: ws.ada, view_id: shown.id });
  const body = await heard.next();
  assert.equal(body.type, 'view_closed');
  assert.equal(body.is_cleared, false);
  assert.equal(body.view.id, shown.id);
  await gone(ws);
});

test('an action in a modal: dispatch_action, the view in the payload', async (t) => {
  const heard = new Mailbox();
  const blocks = [{ ...name, dispatch_action: true }];
  const { ws, shown } = await opened(t, modal({ blocks }), (app) => {
    app.action('it', async ({ ack, action, body }) => {
      await ack();
      heard.put({ action, body });
    });
  });
  await ws.act('/sim/actions', { view_id: shown.id, block_id: 'name', action_id: 'it', input: { value: 'enter' }, state: { name: { it: { value: 'enter' } } } });
  const { action, body } = await heard.next();
  assert.deepEqual([action.type, action.value], ['plain_text_input', 'enter']);
  assert.equal(body.view.id, shown.id);
  assert.equal(body.container.type, 'view');
  assert.equal(body.view.state.values.name.it.value, 'enter');
  assert.equal(body.channel, undefined);
});

test('a view with a mistake is refused with its place', async (t) => {
  const heard = new Mailbox();
  await socketApp(t, here, (app) => {
    app.shortcut('open', async ({ ack, client, shortcut }) => {
      await ack();
      heard.put(await client.views.open({ trigger_id: shortcut.trigger_id, view: modal({ title: plain('x'.repeat(25)) }) }).catch((err) => err.data));
    });
  }, { settings });
  await here.ws.act('/sim/shortcuts', { callback_id: 'open' });
  const data = await heard.next();
  assert.equal(data.error, 'invalid_arguments');
  assert.match(data.response_metadata.messages.join(), /json-pointer:\/view\/title/);
});
