// A plain assistant in Bolt: direct messages and mentions are answered by the
// model, streamed into the thread with Bolt's own helper. It is what one would
// write first, and write well: history, a status at once, errors said in the
// thread; and no database, no queue, no pacing but what the libraries bring.
import bolt from '@slack/bolt';
import OpenAI from 'openai';

const app = new bolt.App({
  token: process.env.SLACK_BOT_TOKEN,
  appToken: process.env.SLACK_APP_TOKEN,
  socketMode: true,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL || 'https://slack.com/api/' },
});
const openai = new OpenAI(); // OPENAI_API_KEY, OPENAI_BASE_URL
const model = process.env.GPT_MODEL || 'gpt-6.1-terra';
const instructions = 'You are a helpful assistant in Slack. Answer in Markdown, briefly and to the point.';

/** The thread so far as the model's input, oldest first. */
async function conversation({ client, context, event, logger }) {
  const said = (m) => ({
    role: m.user === context.botUserId || m.bot_id === context.botId ? 'assistant' : 'user',
    content: (m.text || '').replaceAll(`<@${context.botUserId}>`, '').trim(),
  });
  if (!event.thread_ts) return [said(event)]; // it begins a thread
  try {
    const { messages = [] } = await client.conversations.replies({ channel: event.channel, ts: event.thread_ts, limit: 50 });
    const before = messages.filter((m) => Number(m.ts) < Number(event.ts));
    return [...before, event].map(said).filter((m) => m.content);
  } catch (error) {
    logger.warn('cannot read the thread', error);
    return [said(event)];
  }
}

/** Answers one message. */
async function answer(args) {
  const { event, say, sayStream, setStatus, logger } = args;
  let streamer;
  try {
    // Reading and showing do not wait for each other.
    const [input] = await Promise.all([
      conversation(args),
      setStatus({ status: 'is thinking…' }).catch((error) => logger.warn('cannot set the status', error)),
    ]);
    const events = await openai.responses.create({ model, instructions, input, stream: true, store: false });
    streamer = sayStream();
    for await (const e of events) {
      if (e.type === 'response.output_text.delta') await streamer.append({ markdown_text: e.delta });
      else if (e.type === 'response.failed') throw new Error(e.response.error?.message ?? 'the model failed');
      else if (e.type === 'error') throw new Error(e.message);
    }
    await streamer.stop();
  } catch (error) {
    logger.error('cannot answer', error);
    const sorry = ':warning: Something went wrong. Please try again.';
    try {
      if (streamer?.ts) await streamer.stop({ markdown_text: `\n\n${sorry}` });
      else await say({ text: sorry, thread_ts: event.thread_ts ?? event.ts });
    } catch (again) {
      logger.error('cannot say so either', again);
    }
  }
}

app.message(async (args) => {
  const { event } = args;
  if (event.channel_type === 'im' && (!event.subtype || event.subtype === 'file_share')) await answer(args);
});
app.event('app_mention', answer);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await app.stop();
    process.exit(0);
  });
}
await app.start();
app.logger.info('The bot runs.');
