import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slackSandbox, socketApp } from '../lib/bolt.js';
import { Mailbox } from '../lib/mailbox.js';

const here = slackSandbox();

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

const download = (file, token = here.env.SLACK_BOT_TOKEN) =>
  fetch(file.url_private_download, { headers: token ? { authorization: `Bearer ${token}` } : {} });

test('files.uploadV2: one file in a channel, with a comment', async (t) => {
  const app = await socketApp(t, here);
  const { ws } = here;
  const done = await app.client.files.uploadV2({
    channel_id: ws.general, filename: 'note.txt', title: 'A note', content: 'hello file', initial_comment: 'Here it is', alt_text: 'nothing',
  });
  const [file] = done.files[0].files;
  assert.match(file.id, /^F/);
  const message = await ws.shown(ws.general, (m) => m.files?.some((f) => f.id === file.id));
  assert.equal(message.text, 'Here it is');
  assert.equal(message.user, ws.app.bot_user_id);
  const { file: info } = await app.client.files.info({ file: file.id });
  assert.deepEqual([info.name, info.title, info.size, info.filetype], ['note.txt', 'A note', 10, 'text']);
  assert.equal(Object.values(info.shares.public)[0][0].ts, message.ts);
  assert.equal(await (await download(info)).text(), 'hello file');
});

test('files.uploadV2: several files in a thread, binary too', async (t) => {
  const app = await socketApp(t, here);
  const { ws } = here;
  const { ts: root } = await ws.say(ws.general, 'send them');
  const done = await app.client.files.uploadV2({
    channel_id: ws.general, thread_ts: root, initial_comment: 'Two',
    file_uploads: [{ file: png, filename: 'dot.png' }, { content: 'a,b\n1,2\n', filename: 'table.csv', snippet_type: 'csv' }],
  });
  const ids = done.files.flatMap((f) => f.files.map((x) => x.id));
  assert.equal(ids.length, 2);
  const message = await ws.shown(ws.general, (m) => m.files?.length === 2);
  assert.equal(message.thread_ts, root);
  assert.deepEqual(message.files.map((f) => f.id).toSorted(), ids.toSorted());
  const dot = message.files.find((f) => f.name === 'dot.png');
  assert.deepEqual([dot.mimetype, dot.filetype, dot.original_w, dot.original_h], ['image/png', 'png', 1, 1]);
  assert.deepEqual(Buffer.from(await (await download(dot)).arrayBuffer()), png);
});

test('an upload with the wrong length cannot be completed', async (t) => {
  const app = await socketApp(t, here);
  const { ws } = here;
  const { upload_url: url, file_id: id } = await app.client.files.getUploadURLExternal({ filename: 'x.txt', length: 5 });
  const res = await fetch(url, { method: 'POST', body: 'not five' });
  assert.notEqual(res.status, 200);
  await assert.rejects(app.client.files.completeUploadExternal({ files: [{ id }], channel_id: ws.general }), (err) => err.data.ok === false);
});

test('completing twice, and completing what is not there', async (t) => {
  const app = await socketApp(t, here);
  const { ws } = here;
  const { upload_url: url, file_id: id } = await app.client.files.getUploadURLExternal({ filename: 'x.txt', length: 5 });
  const sent = await fetch(url, { method: 'POST', body: 'fives' });
  assert.match(await sent.text(), /^OK/);
  await app.client.files.completeUploadExternal({ files: [{ id, title: 'Five' }], channel_id: ws.general });
  await assert.rejects(app.client.files.completeUploadExternal({ files: [{ id }], channel_id: ws.general }), (err) => err.data.error === 'file_not_found');
  await assert.rejects(app.client.files.info({ file: 'F0000000000' }), (err) => err.data.error === 'file_not_found');
});

test("a person's file comes with the message, and needs the token to be read", async (t) => {
  const heard = new Mailbox();
  await socketApp(t, here, (app) => {
    app.message(async ({ message }) => message.subtype === 'file_share' && heard.put(message));
    app.event('file_shared', async ({ event }) => heard.put(event));
  });
  const { ws } = here;
  const res = await fetch(`${ws.origin}/sim/files?user=${ws.ada}&name=dot.png&title=Dot&alt=a%20dot`, { method: 'POST', body: png });
  const { id } = await res.json();
  await ws.say(ws.general, 'look', { files: [{ id }] });
  const got = [await heard.next(), await heard.next()];
  const message = got.find((x) => x.type === 'message');
  const shared = got.find((x) => x.type === 'file_shared');
  assert.equal(message.files[0].id, id);
  assert.equal(message.files[0].mimetype, 'image/png');
  assert.equal(message.text, 'look');
  assert.equal(shared.file_id, id);
  assert.equal(shared.channel_id, ws.general);
  assert.deepEqual(Buffer.from(await (await download(message.files[0])).arrayBuffer()), png);
  for (const token of ['', 'xoxb-of-somebody-else']) {
    const refused = await download(message.files[0], token);
    assert.match(refused.headers.get('content-type'), /^text\/html/);
    assert.notEqual(Buffer.from(await refused.arrayBuffer()).compare(png), 0);
  }
});

test('files.list and files.delete', async (t) => {
  const app = await socketApp(t, here);
  const { ws } = here;
  const done = await app.client.files.uploadV2({ channel_id: ws.general, filename: 'a.txt', content: 'a' });
  const { id } = done.files[0].files[0];
  await ws.shown(ws.general, (m) => m.files?.some((f) => f.id === id));
  assert.ok((await app.client.files.list({ channel: ws.general })).files.some((f) => f.id === id));
  await app.client.files.delete({ file: id });
  await ws.shown(ws.general, (m) => m.files?.some((f) => f.id === id && f.mode === 'tombstone'));
});

test('canvases: create, look up sections, edit, delete', async (t) => {
  const app = await socketApp(t, here);
  const { canvases } = app.client;
  const { canvas_id } = await canvases.create({ title: 'Plan', document_content: { type: 'markdown', markdown: '# One\n\ntext\n\n# Two\n' } });
  const { sections } = await canvases.sections.lookup({ canvas_id, criteria: { section_types: ['h1'], contains_text: 'Two' } });
  assert.equal(sections.length, 1);
  await canvases.edit({
    canvas_id, changes: [{ operation: 'insert_after', section_id: sections[0].id, document_content: { type: 'markdown', markdown: 'more' } }],
  });
  await here.ws.until('the canvas', (s) => s.canvases.find((c) => c.id === canvas_id)?.markdown.includes('more'));
  await canvases.delete({ canvas_id });
  await assert.rejects(canvases.delete({ canvas_id }), (err) => err.data.error === 'canvas_not_found');
});
