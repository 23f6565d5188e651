import { html } from './vendor/htm-preact.js';
import { Dialog } from './dialog.js';

const GROUPS = [
  ['Getting about', [['Ctrl K or /', 'Jump to a channel or person'], ['Alt ↑ ↓', 'The place above or below'], ['Esc', 'Close the thread, a menu, a dialog'], ['?', 'This help']]],
  ['Writing', [['Enter', 'Send'], ['Shift Enter', 'A new line'], ['↑ in an empty box', 'Edit your last message'], ['@', 'Mention somebody'], [':na', 'An emoji by its name'], ['Ctrl V', 'Attach what was copied']]],
  ['Reading', [['Tab', 'To the messages, and out again'], ['↑ ↓', 'From message to message'], ['← →', 'From picture to picture'], ['d', 'Download the picture']]],
];

// KeyHelp lists what the keyboard does.
export const KeyHelp = ({ close }) => html`<${Dialog} title="Keyboard" close=${close}>
  <div class="keyhelp">${GROUPS.map(([title, keys]) => html`<section key=${title}><h3>${title}</h3><dl>${keys.map(([key, what]) => html`<div key=${key}><dt>${key.split(' ').map((k) => (/^(or|in|an|empty|box)$/.test(k) ? k + ' ' : html`<kbd>${k}</kbd> `))}</dt><dd>${what}</dd></div>`)}</dl></section>`)}</div>
<//>`;
