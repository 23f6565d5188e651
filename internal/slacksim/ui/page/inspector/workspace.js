import { html, useRef } from '../vendor/htm-preact.js';
import { Confirm, useDoing } from '../dialog.js';
import { useApp } from '../hooks.js';
import { Icon } from '../icons.js';
import { reset, restore } from './control_api.js';

// Workspace saves, brings back and empties everything that was said and made.
export function Workspace() {
  const { store, show, say } = useApp();
  const { problem, run } = useDoing();
  const input = useRef(null);
  const confirm = (title, text, yes, act) => show(html`<${Confirm} title=${title} yes=${yes} act=${act} close=${() => show(null)}><p>${text}</p><//>`);
  const choose = (e) => {
    const file = e.target.files[0];
    e.target.value = '';
    if (!file) return;
    run(async () => {
      let archive;
      try { archive = JSON.parse(await file.text()); } catch { throw new Error(`${file.name} is not JSON: choose a file that was saved here.`); }
      confirm('Replace the workspace?', `Everything that is here now gives way to what is in ${file.name}.`, 'Replace', async () => { await restore(archive); say('The workspace was replaced.', 'good'); });
    });
  };
  const day = new Date().toISOString().slice(0, 10);
  return html`<div class="buttons column">
      <a class="button" href=${'/sim/export'} download=${`${store.team.domain || 'workspace'}-${day}.json`}><${Icon} name="download" /> Save as a file</a>
      <button type="button" class="button" onClick=${() => input.current.click()}><${Icon} name="upload" /> Bring back from a file…</button>
      <input type="file" accept="application/json,.json" hidden ref=${input} aria-label="A saved workspace" onChange=${choose} />
      <button type="button" class="button danger" onClick=${() => confirm('Reset the workspace?', 'All messages, channels, people and files made since the start are gone, and so are the journal and the armed faults.', 'Reset', async () => { await reset(); store.clearJournal(); say('The workspace is as new.', 'good'); })}><${Icon} name="bin" /> Reset…</button>
    </div>${problem}`;
}
