// Slack's ts: "seconds.microseconds", a string that both names and orders a message.

// compare orders two ts without going through floats, which lose the last digits.
export function compare(a, b) {
  if (a === b) return 0;
  // Slack's own are all of one shape, and then the strings are ordered like the numbers.
  if (a.length === b.length && a.indexOf('.') === b.indexOf('.')) return a < b ? -1 : 1;
  const [as, af = ''] = String(a).split('.');
  const [bs, bf = ''] = String(b).split('.');
  const seconds = Number(as) - Number(bs);
  if (seconds !== 0) return seconds;
  const width = Math.max(af.length, bf.length);
  return af.padEnd(width, '0') < bf.padEnd(width, '0') ? -1 : 1;
}

export const after = (a, b) => compare(a, b) > 0;

export const date = (ts) => new Date(Number(ts) * 1000);

// search returns where ts is, or would be put, in a sorted array.
export function search(sorted, ts) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (compare(sorted[mid], ts) < 0) low = mid + 1;
    else high = mid;
  }
  return low;
}
