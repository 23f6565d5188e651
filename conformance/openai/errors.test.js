import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { all, modelSandbox, name } from '../lib/model.js';

const here = modelSandbox();
const ask = (more) => ({ model: name, input: 'x', ...more });

const refusals = [
  ['BadRequestError', { fault: { kind: 'F16' } }, { status: 400, code: 'context_length_exceeded' }],
  ['AuthenticationError', { fault: { kind: 'F19' } }, { status: 401, code: 'invalid_api_key' }],
  ['PermissionDeniedError', { fault: { kind: 'F19', status: 403 } }, { status: 403 }],
  ['NotFoundError', { fault: { kind: 'F12', status: 404, code: 'model_not_found' } }, { status: 404, code: 'model_not_found' }],
  ['ConflictError', { fault: { kind: 'F12', status: 409 } }, { status: 409 }],
  ['RateLimitError', { fault: { kind: 'F11', code: 'insufficient_quota' } }, { status: 429, code: 'insufficient_quota' }],
  ['InternalServerError', { fault: { kind: 'F12', status: 503 } }, { status: 503, code: 'server_is_overloaded' }],
];

for (const [name, rule, want] of refusals) {
  test(`${want.status} is a ${name}`, async () => {
    await here.rule(rule);
    const client = here.newClient({ maxRetries: 0 });
    await assert.rejects(client.responses.create(ask()), (err) => {
      assert.ok(err instanceof OpenAI[name], `${err.constructor.name}: ${err.message}`);
      for (const [key, value] of Object.entries(want)) assert.equal(err[key], value, key);
      assert.ok(err.requestID);
      assert.ok(err.message.length > want.status.toString().length + 1, 'there is a message');
      return true;
    });
  });
}

test('a wrong field is a BadRequestError that names it', async () => {
  await assert.rejects(here.client.responses.create(ask({ no_such_field: 1 })), (err) => {
    assert.ok(err instanceof OpenAI.BadRequestError);
    assert.equal(err.param, 'no_such_field');
    assert.equal(err.code, 'unknown_parameter');
    return true;
  });
  await assert.rejects(here.client.responses.create(ask({ model: 'gpt-nothing' })), (err) => err.code === 'model_not_found');
});

test('no key is an AuthenticationError', async () => {
  await assert.rejects(here.newClient({ apiKey: ' ' }).responses.create(ask()), (err) => err.status === 401 || err instanceof OpenAI.OpenAIError);
});

test('the client retries 429 and 500 by itself', async () => {
  await here.rule(
    { first: 1, fault: { kind: 'F11', retry_after: 'ms:10' } },
    { skip: 0, first: 1, fault: { kind: 'F12', status: 500, retry_after: 'ms:10' } },
    { text: 'third time' },
  );
  const response = await here.client.responses.create(ask());
  assert.equal(response.output_text, 'third time');
  const seen = await here.requests();
  assert.deepEqual(seen.map((r) => r.status), [429, 500, 200]);
  assert.deepEqual(seen.map((r) => r.header['X-Stainless-Retry-Count'][0]), ['0', '1', '2']);
});

test('x-should-retry: false is obeyed', async () => {
  await here.rule({ fault: { kind: 'F12', status: 500, should_retry: 'false' } });
  await assert.rejects(here.client.responses.create(ask()), OpenAI.InternalServerError);
  assert.equal((await here.requests()).length, 1);
});

test('a reset connection is an APIConnectionError, and is retried', async () => {
  await here.rule({ first: 1, fault: { kind: 'F1' } }, { text: 'again' });
  await assert.rejects(here.newClient({ maxRetries: 0 }).responses.create(ask()), OpenAI.APIConnectionError);
  await here.rule({ first: 1, fault: { kind: 'F1' } });
  assert.equal((await here.client.responses.create(ask())).status, 'completed');
});

test('silence is an APIConnectionTimeoutError', async () => {
  await here.rule({ fault: { kind: 'F3' } });
  await assert.rejects(here.newClient({ maxRetries: 0, timeout: 100 }).responses.create(ask()), OpenAI.APIConnectionTimeoutError);
});

test('response.failed and error events in a stream', async () => {
  await here.rule({ contains: 'fail', fault: { kind: 'F13', after: 4, code: 'rate_limit_exceeded' } }, { contains: 'error', fault: { kind: 'F14', after: 4 } });
  const failed = await all(await here.client.responses.create(ask({ input: 'fail', stream: true })));
  assert.equal(failed.at(-1).type, 'response.failed');
  assert.equal(failed.at(-1).response.error.code, 'rate_limit_exceeded');
  const errored = await all(await here.client.responses.create(ask({ input: 'error', stream: true }))).catch((err) => [err]);
  const last = errored.at(-1);
  assert.ok(last instanceof OpenAI.APIError || last.type === 'error', 'flat error events are given on or thrown');
});

test('a dropped stream throws', async () => {
  await here.rule({ text: 'a b c d e f', fault: { kind: 'F7', after: 6 } });
  const stream = await here.client.responses.create(ask({ stream: true }));
  await assert.rejects(all(stream));
});
