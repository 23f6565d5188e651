import { html } from './vendor/htm-preact.js';
import { Icon, Mark } from './icons.js';
import { channelName, initials, partner, tone } from './names.js';

export function Avatar({ id, name, app = false, size = '' }) {
  if (app) return html`<span class=${'avatar app ' + size} aria-hidden="true"><${Mark} /></span>`;
  return html`<span class=${`avatar tone${tone(id)} ${size}`} aria-hidden="true">${initials(name)}</span>`;
}

// PlaceIcon stands before the name of a channel or a direct message.
export function PlaceIcon({ store, channel, me, size }) {
  if (channel.is_mpim) return html`<span class=${'avatar group ' + size} aria-hidden="true">${Math.max(1, (channel.members || []).length - 1)}</span>`;
  if (!channel.is_im) return html`<${Icon} name=${channel.is_archived ? 'box' : channel.is_private ? 'lock' : 'hash'} />`;
  const other = partner(store, channel, me);
  return html`<${Avatar} id=${other} name=${channelName(store, channel, me)} app=${other === store.app.bot_user_id} size=${size} />`;
}
