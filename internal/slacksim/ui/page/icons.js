import { html } from './vendor/htm-preact.js';

// Line icons on a 20 by 20 grid, drawn here so that nothing is fetched.

const PATHS = {
  hash: 'M7.5 3.5 6 16.5M14 3.5l-1.5 13M3.5 7.5h13.5M3 12.5h13.5',
  lock: 'M5.5 9h9v7.5h-9zM7 9V6.5a3 3 0 0 1 6 0V9',
  search: 'M9 3.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM13 13l4 4',
  plus: 'M10 4v12M4 10h12',
  close: 'M5 5l10 10M15 5 5 15',
  back: 'M12 4l-6 6 6 6',
  send: 'M3.5 10 17 3.5 12.5 17 10 11z',
  stop: 'M6 6h8v8H6z',
  smile: 'M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM7 11.5c.7 1.3 1.7 2 3 2s2.3-.7 3-2M7.5 7.7v.6M12.5 7.7v.6',
  at: 'M13 10a3 3 0 1 1-6 0 3 3 0 0 1 6 0zm0 0v1c0 2 3.7 2 3.7-1A6.7 6.7 0 1 0 14 15.4',
  reply: 'M3.5 5h13v8.5H9L5.5 16.5v-3h-2z',
  edit: 'M4 16l.8-3.4L13 4.4l2.6 2.6-8.2 8.2z',
  bin: 'M4 6h12M8 6V4h4v2M5.5 6l.8 10h7.4l.8-10M8.5 9v4.5M11.5 9v4.5',
  sun: 'M10 6.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM10 2v2M10 16v2M2 10h2M16 10h2M4.3 4.3l1.5 1.5M14.2 14.2l1.5 1.5M15.7 4.3l-1.5 1.5M5.8 14.2l-1.5 1.5',
  moon: 'M16 12.5A6.5 6.5 0 1 1 8 4a5.3 5.3 0 0 0 8 8.5z',
  auto: 'M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM10 3v14',
  down: 'M10 4v12M5 11l5 5 5-5',
  pulse: 'M2.5 10.5H6l2-6 3.5 11 2-5h4',
  chevron: 'M6 8l4 4 4-4',
  check: 'M4 10.5l4 4 8-9',
  people: 'M7.5 5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5zM3 16c.3-3 2-4.5 4.5-4.5S11.7 13 12 16M13 5.5a2.2 2.2 0 0 1 0 4.3M14.3 11.7c1.6.6 2.5 2 2.7 4.3',
  panel: 'M3 4h14v12H3zM12 4v12',
};

export const Icon = ({ name }) => html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;

// Mark is the assistant's sign: two bollards and the line that holds fast between them.
export const Mark = () => html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><path d="M9 7v18M9 16h14M23 7v18" /><circle cx="16" cy="16" r="3.4" /></svg>`;
