// The faults that the panel arms, as data: what goes wrong, and what Holdfast is to do
// about it. rule is of the scripted model, fault of the simulated Slack, socket is done to
// the connections at once; n is how many calls or events it befalls.

const seconds = (ms) => Math.round(ms / 1000) + ' s';

export const MODEL = [
  { id: 'hang', title: 'Hang', what: 'reads the question and never answers', then: (m) => `waits ${seconds(m.first_event_ms)} at most, then asks again; nobody else waits`, rule: { fault: { kind: 'F3' } } },
  { id: 'slow', title: 'Slow', what: 'the first word after 6 s, then word by word', then: () => 'shows that it is at work, and writes as the words come', rule: { timing: { ttft: '6s', tps: 8 } } },
  { id: 'cut', title: 'Cut', what: 'the connection breaks after a few words', then: () => 'keeps what came, says why it ends, offers Retry', rule: { fault: { kind: 'F7', after: 24 } } },
  { id: 'stall', title: 'Stall', what: 'silent for ever in mid-sentence', then: (m) => `the same, after ${seconds(m.idle_ms)} of silence`, rule: { fault: { kind: 'F6', after: 24 } } },
  { id: 'fail', title: 'Fail', what: 'HTTP 500 in place of an answer', then: () => 'asks again, and says so if it stays like that', rule: { fault: { kind: 'F12' } } },
  { id: 'model429', title: '429', what: 'too many requests, retry after 2 s', then: () => 'waits as long as it was told, then asks again', rule: { fault: { kind: 'F11', retry_after: '2' } } },
  { id: 'down', title: 'Down', what: 'from its next call on, unreachable for 10 s', then: () => 'asks again; if that is in vain, an honest line and Retry', once: true, rule: { fault: { kind: 'F26', for: '10s' } } },
];

const WRITES = 'chat.startStream,chat.postMessage';

export const SLACK = [
  { id: 'slack429', title: '429', what: 'too many requests, retry after 3 s', then: () => 'waits, and loses no word', fault: { method: '*', kind: '429', retry_after: 3 } },
  { id: 'lost', title: 'Lose a response', what: 'the message is posted, but the call gets no answer', then: () => 'looks before it posts again: one answer, not two', fault: { method: WRITES, kind: 'lost' } },
  { id: 'slackslow', title: 'Slow', what: 'calls take 2 s', then: () => 'skips what is outdated, ends with the whole text', fault: { method: '*', kind: 'delay', ms: 2000 } },
  { id: 'slackhang', title: 'Hang', what: 'calls get no answer for 15 s', then: () => 'gives each call a deadline', fault: { method: '*', kind: 'hang', ms: 15_000 } },
  { id: 'page503', title: 'Error page', what: 'HTTP 503 with a page', then: () => 'tries again', fault: { method: '*', kind: 'html' } },
  { id: 'slackreset', title: 'Reset', what: 'calls end in a reset, nothing done', then: () => 'tries again', fault: { method: '*', kind: 'reset_before' } },
];

export const CONNECTION = [
  { id: 'drop', title: 'Drop the sockets', what: 'reset, without a word', then: () => 'connects again, and fetches what it missed', socket: { action: 'drop' } },
  { id: 'silence', title: 'Stall silently', what: 'open, but nothing comes, for 40 s', then: () => 'misses the pings, and opens another', socket: { action: 'stall', ms: 40_000 } },
  { id: 'half', title: 'Break off', what: 'half a frame, then the end', then: () => 'throws the half away, and connects again', socket: { action: 'half_frame' } },
  { id: 'loseevent', title: 'Lose an event', what: 'a message never arrives', then: () => 'gets it when Slack sends it again', fault: { method: 'envelope', kind: 'lost' } },
  { id: 'doubled', title: 'Send twice', what: 'an event arrives two times', then: () => 'answers once', fault: { method: 'envelope', kind: 'duplicate' } },
];

const all = [...MODEL, ...SLACK, ...CONNECTION];

// titleOf names what is armed; what was armed elsewhere goes by its kind.
export function titleOf(id) {
  return all.find((f) => f.id === id)?.title || '';
}

export const groupOf = (id) => (MODEL.some((f) => f.id === id) ? 'Model' : SLACK.some((f) => f.id === id) ? 'Slack' : CONNECTION.some((f) => f.id === id) ? 'Events' : '');
