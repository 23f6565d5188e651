// Everything that the assistant asks the model, and everything that modelsim answers, against OpenAI's own document.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { fetchSpec } from '../lib/spec.js';
import { openapi as allowed } from './allowed.js';
import { Document } from './document.js';
import { outline } from './typescript.js';
import { exchanges, Findings } from './wire.js';

const checked = new Map(); // what a check is about -> how many values it saw
const misfits = {};
const unknown = {};
const used = new Set();

const kinds = ['the requests of the assistant', 'the answers of modelsim', 'the events of modelsim', 'the refusals of modelsim'];

before(() => {
  const doc = new Document(fetchSpec());
  const seen = new Map();
  for (const kind of kinds) {
    misfits[kind] = new Findings();
    unknown[kind] = new Findings();
    checked.set(kind, 0);
  }
  const error = doc.schema('ErrorResponse');

  function look(kind, name, schema, value) {
    checked.set(kind, checked.get(kind) + 1);
    // Values alike but for their words and numbers are looked at once.
    const form = `${name} ${outline(value)}`;
    if (seen.has(form)) return;
    seen.set(form, true);
    const wrong = doc.misfits(schema, value);
    const places = wrong.filter((w) => w.kind === 'wrong').map((w) => w.path); // what is inside them says nothing more
    const more = doc.unknown(schema, value).filter((u) => !places.some((p) => u.path.startsWith(p)));
    for (const found of [...wrong, ...more]) {
      const rule = allowed.find((a) => a.kind === found.kind && a.path.test(found.path));
      if (rule) used.add(rule);
      else (found.kind === 'unknown' ? unknown : misfits)[kind].add(`${name} ${found.path} ${found.say}`, value);
    }
  }

  for (const x of exchanges()) {
    const op = doc.operation(x.method, x.path);
    const name = op?.name ?? `${x.method} ${x.path}`;
    if (x.source === 'assistant' && x.request !== null) {
      if (op?.request) look(kinds[0], name, op.request, x.request);
      else misfits[kinds[0]].add(`${name}: the document has no such request`, x.request);
    }
    if (x.wrong) continue;
    if (x.status >= 400) {
      if (x.response !== null) look(kinds[3], name, error, x.response);
    } else if (op && x.response !== null && x.events.length === 0) {
      if (op.answer) look(kinds[1], name, op.answer, x.response);
    }
    for (const event of x.events) {
      if (event === '[DONE]') continue;
      look(kinds[2], `${name} ${event?.type ?? ''}`, op?.event ?? {}, event);
    }
  }
});

for (const kind of kinds) {
  test(`${kind} fit the document`, (t) => {
    assert.ok(checked.get(kind) > 0, `the corpus has none of ${kind}`);
    t.diagnostic(`${kind}: ${checked.get(kind)}`);
    assert.equal(misfits[kind].size, 0, `\n${misfits[kind]}`);
  });
  test(`${kind} have no field that the document does not know`, () => {
    assert.equal(unknown[kind].size, 0, `\n${unknown[kind]}`);
  });
}

test('the allow-list has nothing that is not needed', () => {
  assert.deepEqual(allowed.filter((a) => !used.has(a)).map((a) => String(a.path)), []);
});
