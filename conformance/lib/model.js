// The official openai client against the scripted model.
import { after, before, beforeEach } from 'node:test';
import OpenAI from 'openai';
import { startSandbox } from './sandbox.js';

export const name = 'gpt-6-luna';

/** Starts one sandbox for a test file; each test begins without rules, and without a pace. */
export function modelSandbox() {
  const here = {};
  before(async () => {
    here.sandbox = await startSandbox();
    const { OPENAI_BASE_URL: baseURL, OPENAI_API_KEY: apiKey } = here.sandbox.env;
    here.control = `${new URL(baseURL).origin}/_sim`;
    here.newClient = (options) => new OpenAI({ baseURL, apiKey, logLevel: 'off', ...options });
    here.client = here.newClient();
  });
  beforeEach(async () => {
    await fetch(`${here.control}/rules`, { method: 'DELETE' });
    await rule({ path: '*', timing: {} });
    const all = await here.requests(0);
    here.from = all.length;
  });
  after(() => here.sandbox?.stop());

  async function rule(...rules) {
    const res = await fetch(`${here.control}/rules`, { method: 'POST', body: JSON.stringify(rules) });
    if (!res.ok) throw new Error(`rules ${JSON.stringify(rules)}: ${await res.text()}`);
  }
  here.rule = rule;
  /** What the model was asked since the test began. */
  here.requests = async (from = here.from) => (await (await fetch(`${here.control}/requests`)).json()).slice(from);
  return here;
}

/** All of an async iterable. */
export async function all(iterable) {
  const list = [];
  for await (const x of iterable) list.push(x);
  return list;
}
