// How the inspector writes times.

export const ms1 = (n) => (n === undefined || n === null ? '' : (n < 10 ? Math.round(n * 10) / 10 : Math.round(n)) + ' ms');
const clockFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 });
export function time(at) {
  const d = new Date(at);
  return isNaN(d) ? '' : clockFormat.format(d);
}
