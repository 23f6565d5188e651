import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../vendor/htm-preact.js';
import { Avatar } from '../avatar.js';
import { useApp, useTopic } from '../hooks.js';
import { Icon } from '../icons.js';
import { Blocks } from '../text/blocks.js';
import { bare } from '../text/textobject.js';
import * as api from './calls.js';
import { perform } from './outcome.js';
import { Spinner, SurfaceContext, surfaceFor, useSurface } from './surface.js';

// Modals shows a person's stack of modals, up to three deep. All of them stay drawn, so
// that one that comes back is as it was left; only the top one is seen.
export function Modals() {
  const { store, me } = useApp();
  useTopic(store, 'views');
  const stack = store.views.get(me) || [];
  return stack.length ? html`<${Stack} stack=${stack} />` : null;
}

function Stack({ stack }) {
  const { store, me, say, route } = useApp();
  const box = useRef(null), back = useRef(document.activeElement);
  const top = stack.at(-1).view;
  const close = (all) => api.close(me, top.id, all).catch((err) => {
    say(err.message);
    // A modal that the server knows nothing of (any more) must not lock the page.
    if (err.status === 404) store.apply('view_closed', { user: me, view_id: top.id });
  });
  useLayoutEffect(() => {
    const el = box.current;
    el.showModal();
    enter(el.querySelector('.modal-in:not([hidden])'));   // before, nothing in it could take the focus
    return () => {
      el.close();
      if (back.current?.isConnected) back.current.focus({ preventScroll: true });
    };
  }, []);
  // Keys belong to the modal; those of the page behind it must not act.
  return html`<dialog class="modal" ref=${box} aria-label=${bare(top.title)} onKeyDown=${(e) => e.stopPropagation()} onCancel=${(e) => { if (e.target === box.current) { e.preventDefault(); close(false); } }}>
    ${stack.map(({ view }) => html`<${View} key=${view.id} view=${view} shown=${view === top} deep=${stack.length > 1} close=${close} here=${route.channel} />`)}
  </dialog>`;
}

function View({ view, shown, deep, close, here }) {
  const { store, me } = useApp();
  const surface = useMemo(() => surfaceFor(store, me, { view_id: view.id }, here), [store, me, view.id]);
  surface.show(view.blocks);
  return html`<${SurfaceContext.Provider} value=${surface}><${Form} view=${view} shown=${shown} deep=${deep} close=${close} /><//>`;
}

// enter puts the focus on what is to be filled in first.
function enter(form) {
  const field = form.querySelector('[data-first]') || form.querySelector('.modal-body :is(input, textarea, .select-face, .filedrop):not([disabled], .sr)');
  (field || form.querySelector('.modal-foot .button.main') || form.querySelector('.modal-x')).focus({ preventScroll: true });
}

function Form({ view, shown, deep, close }) {
  const { store, me } = useApp();
  const surface = useSurface();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState('');
  const form = useRef(null), last = useRef(null), running = useRef(false);

  // What comes to the top takes the focus: where it was, else the first thing to fill in.
  useLayoutEffect(() => {
    if (!shown) return;
    if (last.current?.isConnected) last.current.focus({ preventScroll: true });
    else enter(form.current);
  }, [shown]);
  // An update may take away what had the focus, or bring the first thing to fill in.
  useEffect(() => { if (shown && (!form.current.contains(document.activeElement) || document.activeElement.matches('.modal-x'))) enter(form.current); }, [view]);

  const blame = (errors) => {
    surface.errors = errors;
    surface.changed();
    const first = surface.blocks.find((b) => errors[b?.block_id]);
    if (!first) return false;
    requestAnimationFrame(() => {
      const el = form.current?.querySelector(`[data-block="${CSS.escape(first.block_id)}"]`);
      el?.scrollIntoView({ block: 'nearest' });
      el?.querySelector('input:not(.sr), textarea, button')?.focus({ preventScroll: true });
    });
    return true;
  };
  const submit = async (event) => {
    event?.preventDefault();
    if (!view.submit || running.current) return;
    running.current = true;
    setBusy(true);
    setTrouble('');
    surface.errors = {};
    surface.changed();
    try {
      for (const ready of surface.before.values()) await ready();
      const x = await perform(store, api.submit(me, view.id, surface.state()));
      if (x.errors && Object.keys(x.errors).length && !blame(x.errors)) setTrouble(TROUBLE);
    } catch (err) {
      if (!(err.data?.errors && blame(err.data.errors))) setTrouble(err.message || TROUBLE);
    }
    running.current = false;
    setBusy(false);
  };
  const onKeyDown = (event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event); };
  const title = bare(view.title);
  return html`<form class="modal-in" ref=${form} hidden=${!shown} noValidate onSubmit=${submit} onKeyDown=${onKeyDown} onfocusin=${(e) => { last.current = e.target; }}>
    <header class="modal-head">
      ${deep ? html`<button type="button" class="tool" aria-label="Back" title="Back (Esc)" onClick=${() => close(false)}><${Icon} name="back" /></button>` : html`<${Avatar} app size="small" />`}
      <h2>${title}</h2>
      <button type="button" class="tool modal-x" aria-label="Close" title=${deep ? 'Close all' : 'Close (Esc)'} onClick=${() => close(deep)}><${Icon} name="close" /></button>
    </header>
    ${trouble ? html`<p class="modal-trouble" role="alert">${trouble}</p>` : null}
    <div class="modal-body"><${Blocks} blocks=${view.blocks} /></div>
    ${view.submit || view.close ? html`<footer class="modal-foot">
      <span class="quiet small modal-app">${store.app.name}</span>
      <button type="button" class="button" onClick=${() => close(false)}>${bare(view.close) || (deep ? 'Back' : 'Cancel')}</button>
      ${view.submit ? html`<button type="submit" class=${'button main' + (busy ? ' busy' : '')} aria-busy=${busy}><span class="face">${bare(view.submit)}</span>${busy ? html`<${Spinner} />` : null}</button>` : null}
    </footer>` : null}
  </form>`;
}

const TROUBLE = 'We had some trouble connecting. Try again?';
