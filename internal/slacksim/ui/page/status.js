import { html, useEffect, useState } from './vendor/htm-preact.js';
import * as api from './api.js';
import { useApp } from './hooks.js';
import { Icon } from './icons.js';

// Status says what the assistant is doing in one conversation, and lets a person stop it.
export function Status({ session }) {
  const { store, me, say } = useApp();
  const [asked, setAsked] = useState(false);
  const busy = session?.status === 'processing';
  useEffect(() => setAsked(false), [session?.thread_ts, session?.status]);
  if (!session || !(busy || session.prose || session.status === 'suspended')) return null;

  const name = store.app.name || 'The assistant';
  const stop = async () => {
    setAsked(true);
    try {
      await api.stop(me, session.channel, session.thread_ts);
    } catch (err) {
      setAsked(false);
      say(err.message);
    }
  };
  return html`<div class=${'status ' + session.status} role="status">
    <span class="pulse" aria-hidden="true"><i></i><i></i><i></i></span>
    <span class="status-text">${line(session, name)}</span>
    ${busy && session.stoppable ? html`<button type="button" class="button stop" onClick=${stop} disabled=${asked}><${Icon} name="stop" /> ${asked ? 'Stopping…' : 'Stop'}</button>` : null}
  </div>`;
}

function line(session, name) {
  if (session.loading_messages?.length) return html`<${Rotate} lines=${session.loading_messages} />`;
  if (session.prose) return `${name} ${session.prose}`;
  return session.status === 'suspended' ? `${name} is waiting for you` : `${name} is working…`;
}

function Rotate({ lines }) {
  const [i, setI] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setI((n) => n + 1), 3000);
    return () => clearInterval(timer);
  }, []);
  return lines[i % lines.length];
}
