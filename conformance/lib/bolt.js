// A Bolt app for one test.
import { after, before } from 'node:test';
import bolt from '@slack/bolt';
import { startSandbox } from './sandbox.js';
import { Workspace } from './workspace.js';

/** Starts one sandbox for a test file. */
export function slackSandbox() {
  const here = {};
  before(async () => {
    here.sandbox = await startSandbox();
    here.env = here.sandbox.env;
    here.ws = new Workspace(here.env.SLACK_API_URL);
  });
  after(async () => {
    await here.ws?.keepJournal();
    await here.sandbox?.stop();
  });
  return here;
}

/**
 * An empty workspace with a Bolt app on Socket Mode in it. Options of Bolt's
 * App may be given; listen(app) adds the listeners before the app starts.
 */
export async function socketApp(t, here, listen = () => {}, { settings, clientPingTimeout, ...options } = {}) {
  await here.ws.reset(settings);
  const clientOptions = { slackApiUrl: here.env.SLACK_API_URL, ...options.clientOptions };
  const receiver = new bolt.SocketModeReceiver({
    appToken: here.env.SLACK_APP_TOKEN,
    installerOptions: { clientOptions: { slackApiUrl: here.env.SLACK_API_URL } },
    clientPingTimeout,
    logger: quiet(),
  });
  const app = new bolt.App({ token: here.env.SLACK_BOT_TOKEN, receiver, logger: quiet(), ...options, clientOptions });
  app.error(async (err) => here.ws.failures.push(err));
  here.ws.failures = [];
  await listen(app);
  await app.start();
  t.after(async () => {
    await app.stop();
    await here.ws.until('the end of all sockets', (s) => s.sockets.every((k) => k.state === 'closed'));
    if (here.ws.failures.length) throw new AggregateError(here.ws.failures, `a listener failed: ${here.ws.failures[0]}`);
  });
  await here.ws.until('the socket of Bolt', (s) => s.sockets.some((k) => k.state === 'live'));
  return app;
}

/** A logger for Bolt that keeps its lines instead of printing them. */
export function quiet() {
  const lines = [];
  const at = (level) => (...words) => lines.push(`${level} ${words.join(' ')}`);
  return {
    lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'),
    getLevel: () => 'info', setLevel() {}, setName() {},
  };
}
