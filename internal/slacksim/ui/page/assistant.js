import { html, useCallback, useEffect, useState } from './vendor/htm-preact.js';
import * as api from './api.js';
import { drawRow, lastOwn, useUnreadLine } from './channel.js';
import { Composer } from './composer.js';
import { Header } from './header.js';
import { Hint, Suggestions } from './hint.js';
import { useApp, useTopic } from './hooks.js';
import { Icon } from './icons.js';
import { About, Home, tabOf, Tabs } from './interact/home.js';
import { rows, withEphemerals } from './items.js';
import { Message } from './message.js';
import { clock, day } from './names.js';
import * as nav from './nav.js';
import { Scroller } from './scroller.js';
import { titleOf } from './sessions.js';
import { Status } from './status.js';
import { escape } from './text/mrkdwn.js';
import { after } from './ts.js';

// AssistantView is the direct message with the app. Slack makes every top-level message
// there a conversation of its own and the answers its thread; here the threads stand
// open, one below the other, so that it reads as one chat. What is typed goes on with
// the newest conversation, unless a new one is asked for or the last one was closed.
export function AssistantView({ channel }) {
  const { store, me, read, say, route } = useApp();
  useTopic(store, 'm:' + channel.id, 's:' + channel.id, 'people');
  const [editing, setEditing] = useState('');
  const [fresh, setFresh] = useState(false);
  const [started, setStarted] = useState('');    // the conversation just begun, before its event came
  const [focus, setFocus] = useState(0);
  const unreadAfter = useUnreadLine(channel);
  const onThread = useCallback((ts) => nav.go(channel.id, ts), [channel.id]);

  const tab = tabOf(route);
  useEffect(() => { if (tab === 'messages') api.open(me, channel.id).catch(() => { /* opening is only a signal to the app */ }); }, [me, channel.id, tab]);
  useEffect(() => { if (tab === 'messages') read(channel.id); }, [store.version('m:' + channel.id), me, tab]);

  const log = store.log(channel.id);
  const newest = log.roots.at(-1);
  const closed = newest && store.session(channel.id, newest)?.status === 'closed';
  const begun = started && (!newest || after(started, newest)) ? started : newest;
  const target = fresh || (closed && begun === newest) ? undefined : begun;
  const session = target && store.session(channel.id, target);
  const list = oneNewLine(log.roots.flatMap((root, i) => conversation(store, channel, me, root, log.roots[i + 1], unreadAfter)));
  const alone = log.roots.length ? [] : rows(store, withEphemerals(store, channel.id, me, [], ''), { me, days: false });
  const own = log.all.map((ts) => log.get(ts));

  const draw = (r) => {
    switch (r.kind) {
      case 'conversation': return html`<${Beginning} key=${r.key} ts=${r.ts} title=${r.title} only=${log.roots.length === 1} />`;
      case 'status': return html`<${Status} key=${r.key} session=${r.session} />`;
      case 'continue': return html`<div class="continue" key=${r.key}><button type="button" class="quietbutton" onClick=${() => onThread(r.ts)}><${Icon} name="reply" /> Go on with this conversation</button></div>`;
    }
    return drawRow(r, (m) => html`<${Message} key=${m.ts} m=${m} channel=${channel.id} compact=${r.compact} editing=${editing === m.ts} onEdit=${setEditing} />`);
  };
  const start = () => { setFresh(true); setFocus((n) => n + 1); };
  const sent = (made) => { setFresh(false); if (!target) setStarted(made.ts || ''); };
  const ask = async (text) => {
    try {
      const made = await api.send(me, channel.id, escape(text));
      setFresh(false);
      setStarted(made.ts || '');
    } catch (err) {
      say('Not sent. ' + err.message);
    }
  };

  return html`<section class="pane main assistant" aria-label=${'Chat with ' + store.app.name}>
    <${Header} channel=${channel}>${newest && tab === 'messages' ? html`<button type="button" class="button" onClick=${start}><${Icon} name="plus" /><span class="wide-only">New conversation</span></button>` : null}<//>
    <${Tabs} channel=${channel} />
    ${tab === 'home' ? html`<${Home} channel=${channel} />` : tab === 'about' ? html`<${About} />` : html`
    ${newest ? html`<${Scroller} rows=${list} draw=${draw} label="Conversations with the assistant" goal=${route.thread ? '' : route.message} visit=${route} />` : html`<${Hint} channel=${channel} ask=${ask} />${alone.length ? html`<div class="rows alone">${alone.map(draw)}</div>` : null}`}
    <${Status} session=${session} />
    <${Composer} channel=${channel} threadTs=${target} place="" placeholder=${target ? `Reply to ${store.app.name}` : `Ask ${store.app.name} something`} focus=${channel.id + focus}
      up=${() => setEditing(lastOwn(own, me))} sent=${sent}
      above=${newest ? html`<${Target} channel=${channel} title=${target ? titleOf(store, channel.id, target) : ''} goesOn=${!!target} closed=${closed} start=${start} back=${() => setFresh(false)} ask=${ask} />` : null} />`}
  </section>`;
}

// Target says above the composer where the next message will go.
function Target({ channel, title, goesOn, closed, start, back, ask }) {
  if (goesOn) {
    return html`<div class="target"><span class="target-text">Continues <strong>${title}</strong></span>
      <button type="button" class="quietbutton" onClick=${start}><${Icon} name="plus" /> New conversation</button></div>`;
  }
  return html`<div class="target fresh"><div class="target-line"><span class="target-text"><strong>New conversation.</strong> The assistant starts afresh.</span>
      ${closed ? null : html`<button type="button" class="quietbutton" onClick=${back}>Back to the last one</button>`}</div>
    <${Suggestions} channel=${channel} ask=${ask} small /></div>`;
}

// oneNewLine keeps the first "New" line of all conversations.
function oneNewLine(list) {
  const first = list.findIndex((r) => r.kind === 'new');
  return list.filter((r, i) => r.kind !== 'new' || i === first);
}

function conversation(store, channel, me, root, next, unreadAfter) {
  const log = store.log(channel.id);
  const session = store.session(channel.id, root);
  // What only this person sees outside of threads (the answer to a command) stands where it came.
  const here = (e) => e.thread_ts === root || (!e.thread_ts && after(e.ts, root) && (!next || after(next, e.ts)));
  const messages = [log.get(root), ...withEphemerals(store, channel.id, me, log.replies(root).map((ts) => log.get(ts)), here)];
  const out = [{ kind: 'conversation', key: 'c' + root, ts: root, title: session?.title || '' }];
  const inside = rows(store, messages, { me, days: false, unreadAfter });
  out.push(...inside);
  if (next) {
    if (session?.status === 'processing' || session?.prose) out.push({ kind: 'status', key: 's' + root, ts: root, session });
    out.push({ kind: 'continue', key: 'go' + root, ts: root });
  }
  return out;
}

const Beginning = ({ ts, title }) => html`<div class="conversation" role="separator" data-root=${ts}>
  <span class="conversation-title">${title || 'Conversation'}</span><time>${day(ts)}, ${clock(ts)}</time></div>`;
