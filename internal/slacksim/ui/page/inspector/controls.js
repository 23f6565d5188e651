import { html, useState } from '../vendor/htm-preact.js';
import { Icon } from '../icons.js';
import { load, save } from '../prefs.js';
import { Clock } from './clock.js';
import { Faults } from './faults.js';
import { Settings } from './settings.js';
import { Connections, Delivery, Limits } from './wire.js';
import { Workspace } from './workspace.js';

const PANELS = { faults: ['Faults', Faults], delivery: ['Delivery of events', Delivery], connections: ['Connections', Connections], limits: ['Rate limits', Limits], clock: ['Clock', Clock], settings: ['Settings', Settings], workspace: ['Workspace', Workspace] };

// Controls are the switches of the simulator: what can go wrong in Slack, on purpose.
export function Controls() {
  const [open, setOpen] = useState(() => load('controls', 'faults'));
  const toggle = (name) => { const next = open === name ? 'none' : name; setOpen(next); save('controls', next); };
  return html`<div class="inspector-list controls" tabindex="0" role="region" aria-label="Controls">
    ${Object.entries(PANELS).map(([name, [title, View]]) => html`<section key=${name} class=${'panel' + (open === name ? ' open' : '')} data-panel=${name}>
      <h2><button type="button" aria-expanded=${open === name} onClick=${() => toggle(name)}><span>${title}</span><${Icon} name="chevron" /></button></h2>
      ${open === name ? html`<div class="panel-body"><${View} /></div>` : null}</section>`)}
  </div>`;
}
