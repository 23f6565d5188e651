import * as api from '../api.js';
import { sockets } from '../inspector/control_api.js';
import * as nav from '../nav.js';
import { CONNECTION, MODEL, SLACK } from './faults.js';
import { armModel, armSlack, assistant, burst, rules } from './panel_api.js';

// What several buttons do at once. Each preset is given {store, me, after, alive}: after is
// when a killed assistant comes back, in ms; alive says whether the panel is still there.

const COLLEAGUES = [['cleo', 'Cleo Bay'], ['dan', 'Dan Reef'], ['eve', 'Eve Tidewell'], ['finn', 'Finn Sound']];
const by = (list, id) => list.find((f) => f.id === id);

export const armModelFault = (f, n) => armModel(f.id, { first: f.once ? 1 : n, ...f.rule });
export const armSlackFault = (f, n) => armSlack(f.id, { times: n, ...f.fault });

export const PRESETS = [
  { id: 'sentence', title: 'Kill it in mid-sentence', what: 'asks for a story, and pulls the plug', then: 'goes on in the same message', kills: true, run: midSentence },
  { id: 'burst', title: '50 messages in a second', what: 'five people, fifty conversations', then: '50 answers, each in its place', run: fifty },
  { id: 'hung', title: '15 hung calls and one more', what: 'the model never answers fifteen times', then: 'answers the sixteenth at once, and the others at last', scripted: true, run: fifteen },
  { id: 'badday', title: 'Bad day', what: 'most of this page at once, and a kill -9', then: 'in = out + in flight, and then in = out', run: badDay },
];

// until asks again and again, for at most half a minute.
async function until({ alive }, what, ok) {
  for (const end = Date.now() + 30_000; Date.now() < end && alive();) {
    const found = await ok();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 60));
  }
  throw new Error(what);
}

async function midSentence(at) {
  const { store, me } = at;
  const { channel, ts } = await api.send(me, '@bot', 'Tell me a story');
  if (!matchMedia('(max-width: 640px)').matches) nav.go(channel);
  const said = () => [...store.log(channel).all].map((x) => store.log(channel).get(x)).find((m) => m.thread_ts === ts && m.ts !== ts && (m.stream?.text || m.text || '').length > 60);
  await until(at, 'No answer has begun, so nothing was killed.', said);
  await assistant('kill', at.after);
}

async function fifty({ store }) {
  const people = [...store.users.values()].filter((u) => !u.is_bot && !u.deleted).map((u) => ({ id: u.id, name: u.real_name || u.name, handle: u.name })).slice(0, 5);
  for (const [handle, name] of COLLEAGUES) {
    if (people.length >= 5) break;
    if (people.some((p) => p.handle === handle)) continue;
    people.push({ name, handle, ...(await api.createUser(handle, name, 'Europe/London')) });
  }
  await Promise.all(people.map((p) => burst(p.id, '@bot', `Message %d of 10 from ${p.name.split(' ')[0]}`, 10, 1000)));
}

async function fifteen(at) {
  const { id } = await armAs('hang', 15);
  await burst(at.me, '@bot', 'Hung call %d of 15', 15, 500);
  await until(at, 'The model was not asked fifteen times, so there was no one more.', async () => {
    const mine = (await rules()).find((r) => r.rule.id === id);
    return !mine || mine.spent;
  });
  await api.send(at.me, '@bot', 'And one more');
}

async function armAs(id, n) {
  const { ids } = await armModelFault(by(MODEL, id), n);
  return { id: ids[0] };
}

async function badDay(at) {
  const scripted = at.store.around.sandbox?.scripted;
  if (scripted) for (const [id, n] of [['model429', 2], ['fail', 2], ['cut', 1], ['slow', 4]]) await armAs(id, n);
  for (const [id, n] of [['lost', 2], ['slack429', 3], ['page503', 2], ['slackslow', 5]]) await armSlackFault(by(SLACK, id), n);
  for (const [id, n] of [['loseevent', 2], ['doubled', 4]]) await armSlackFault(by(CONNECTION, id), n);
  await burst(at.me, '@bot', 'Bad day, message %d', 12, 1500);
  await new Promise((done) => setTimeout(done, 700));
  await sockets('drop');
  if (at.store.around.assistant) await assistant('kill', at.after < 0 ? 1000 : at.after);
}
