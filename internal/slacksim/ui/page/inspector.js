import { html, useEffect, useState } from './vendor/htm-preact.js';
import { useApp, useTopic } from './hooks.js';
import { Icon } from './icons.js';
import { Actions } from './inspector/actions.js';
import { Controls } from './inspector/controls.js';
import { Model } from './inspector/model.js';
import { Traffic } from './inspector/traffic.js';
import { FaultPanel } from './panel/panel.js';

// Inspector is the drawer that shows what goes on behind the chat, and lets one disturb it.

const VIEWS = { traffic: ['Traffic', Traffic], model: ['Model', Model], actions: ['Actions', Actions], break: ['Break it', FaultPanel], controls: ['Controls', Controls] };

// probe.text is what a message's menu asks to look for.
export function Inspector({ close, probe, wanted, choose }) {
  const { store } = useApp();
  useTopic(store, 'people', 'link');
  const [noModel, setNoModel] = useState(false);
  const views = Object.entries(VIEWS).filter(([name]) => name !== 'model' || !noModel);
  const [view, [, View]] = views.find(([name]) => name === wanted) || views[0];
  const live = [...store.sockets.values()].filter((s) => s.state === 'live').length;
  const gone = () => { setNoModel(true); choose('traffic'); };

  return html`<aside class="pane inspector" aria-label="Inspector">
    <header class="head">
      <button type="button" class="tool only-narrow" aria-label="Back" onClick=${close}><${Icon} name="back" /></button>
      <div class="head-text"><h1>Inspector</h1><div class="head-sub">${live ? `${live} live ${live === 1 ? 'connection' : 'connections'}` : 'No live connection'}</div></div>
      <div class="head-tools"><button type="button" class="tool" aria-label="Close the inspector" title="Close" onClick=${close}><${Icon} name="close" /></button></div>
    </header>
    <div class="views" role="group" aria-label="View">${views.map(([name, [label]]) => html`<button type="button" key=${name} data-view=${name} aria-pressed=${name === view} onClick=${() => choose(name)}>${label}</button>`)}</div>
    <${View} probe=${probe} gone=${gone} />
  </aside>`;
}
