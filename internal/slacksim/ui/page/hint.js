import { html, useState } from './vendor/htm-preact.js';
import { Avatar } from './avatar.js';
import { useApp, useTopic } from './hooks.js';
import { Icon } from './icons.js';
import { load, save } from './prefs.js';

// What a newcomer sees first: what this place is, and four things to try.

const TRY = [
  { title: 'Say hello', text: 'Hello! Who are you, and what can you do?' },
  { title: 'Show me a table', text: 'Show me a table that compares three ways to cross a harbour.' },
  { title: 'Write a long answer', text: 'Write a long answer about how lighthouses work, with headings and a list.' },
  { title: 'Think first', text: 'Think first, step by step, and then tell me: which day suits best for a team outing?' },
];

// suggested is what the app suggests (assistant.threads.setSuggestedPrompts).
const suggested = (channel) => (channel.prompts || []).filter((p) => p?.title && p.message).map((p) => ({ title: p.title, text: p.message }));

// Suggestions shows that, else ours.
export function Suggestions({ channel, ask, small = false }) {
  const own = suggested(channel);
  const list = own.length ? own : TRY;
  return html`${small && own.length && channel.prompts_title ? html`<div class="small suggestions-title">${channel.prompts_title}</div>` : null}<div class=${'suggestions' + (small ? ' small' : '')} role="group" aria-label="Suggestions">
    ${list.map((s) => html`<button type="button" class="suggestion" key=${s.title} onClick=${() => ask(s.text)}><strong>${s.title}</strong>${small ? null : html`<span>${s.text}</span>`}</button>`)}
  </div>`;
}

export function Hint({ channel, ask }) {
  const { store } = useApp();
  useTopic(store, 'people');
  const [shown, setShown] = useState(() => !load('hint.dismissed', false));
  const dismiss = () => { save('hint.dismissed', true); setShown(false); };
  const name = store.app.name || 'the assistant';
  return html`<div class="welcome"><div class="welcome-in">
    <${Avatar} app size="big" />
    <h2>Chat with ${name}</h2>
    <p>Write below as you would to a colleague, and the answer appears word by word. A conversation goes on until you start a new one.</p>
    ${shown || suggested(channel).length ? html`<div class="card">
      <div class="card-head"><strong>${channel.prompts_title || 'New here? Try one of these'}</strong>${suggested(channel).length ? null : html`<button type="button" class="tool" aria-label="Hide the suggestions" title="Hide" onClick=${dismiss}><${Icon} name="close" /></button>`}</div>
      <${Suggestions} channel=${channel} ask=${ask} />
    </div>` : null}
    <p class="quiet small">${store.note || 'This is a simulated workspace, not Slack: it runs on this machine.'}</p>
  </div></div>`;
}
