// Small settings that live in the browser: theme, drafts, what was read.
// Storage may be full or forbidden; then a setting lasts as long as the page.

const memory = new Map();

export function load(name, fallback) {
  try {
    const raw = localStorage.getItem('holdfast.' + name);
    if (raw !== null) return JSON.parse(raw);
  } catch { /* fall through */ }
  return memory.has(name) ? memory.get(name) : fallback;
}

export function save(name, value) {
  memory.set(name, value);
  try {
    if (value === undefined || value === null || value === '') localStorage.removeItem('holdfast.' + name);
    else localStorage.setItem('holdfast.' + name, JSON.stringify(value));
  } catch { /* kept in memory */ }
}

// setTheme takes 'auto', 'light' or 'dark'.
export function setTheme(choice) {
  save('theme', choice === 'auto' ? null : choice);
  if (choice === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
}

export const theme = () => load('theme', 'auto') || 'auto';
