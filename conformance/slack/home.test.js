import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slackSandbox, socketApp } from '../lib/bolt.js';
import { Mailbox } from '../lib/mailbox.js';

const here = slackSandbox();

const home = (text) => ({
  type: 'home', callback_id: 'dashboard', private_metadata: 'p',
  blocks: [
    { type: 'section', block_id: 's', text: { type: 'mrkdwn', text } },
    { type: 'actions', block_id: 'b', elements: [{ type: 'button', action_id: 'reload', text: { type: 'plain_text', text: 'Reload' } }] },
  ],
});

test('the Home tab: opened, published, clicked, published anew by its hash', async (t) => {
  const heard = new Mailbox();
  const app = await socketApp(t, here, (app) => {
    app.event('app_home_opened', async ({ event, client }) => {
      if (event.tab !== 'home') return;
      heard.put({ event, answer: await client.views.publish({ user_id: event.user, view: home('first') }) });
    });
    app.action('reload', async ({ ack, body, client }) => {
      await ack();
      heard.put({ body, answer: await client.views.publish({ user_id: body.user.id, hash: body.view.hash, view: home('second') }) });
    });
  });
  const { ws } = here;
  const shown = (text) => ws.until(`the home ${text}`, (s) => s.homes[ws.ada]?.blocks[0].text.text === text && s.homes[ws.ada]);
  await ws.post('/sim/open', { user: ws.ada, channel: ws.dm, tab: 'home' });
  const { event, answer } = await heard.next();
  assert.equal(event.user, ws.ada);
  assert.equal(event.view, undefined);
  assert.equal(answer.view.type, 'home');
  assert.equal(answer.view.callback_id, 'dashboard');
  const first = await shown('first');
  assert.equal(first.id, answer.view.id);
  await ws.act('/sim/actions', { view_id: first.id, block_id: 'b', action_id: 'reload', input: {}, state: {} });
  const click = await heard.next();
  assert.equal(click.body.container.type, 'view');
  assert.equal(click.body.view.private_metadata, 'p');
  await shown('second');
  await assert.rejects(
    app.client.views.publish({ user_id: ws.ada, hash: answer.view.hash, view: home('stale') }),
    (err) => err.data.error === 'hash_conflict',
  );
  await ws.post('/sim/open', { user: ws.ada, channel: ws.dm, tab: 'home' });
  assert.equal((await heard.next()).event.view.blocks[0].text.text, 'second');
});

test('with the Home tab switched off nothing can be published', async (t) => {
  const app = await socketApp(t, here, () => {}, { settings: { home_tab: false } });
  await assert.rejects(app.client.views.publish({ user_id: here.ws.ada, view: home('x') }), (err) => err.data.error === 'not_enabled');
});
