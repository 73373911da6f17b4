const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** A count with its thousands apart: `1234567` is "1,234,567". */
export const grouped = (count: number): string => Math.round(count).toLocaleString('en-US');

/** A count with its noun: "1 bucket", "2 buckets". */
export const counted = (count: number, noun: string): string => `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;

/** Bytes in the unit that suits them, in steps of 1000: `1234567` is "1.2 MB". */
export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/** Ascending whole numbers, neighbours joined: `[0, 1, 2, 7]` is "0-2,7". */
export function ranges(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let index = 0; index < numbers.length;) {
    let end = index;
    while (numbers[end + 1] === (numbers[end] ?? 0) + 1) end += 1;
    parts.push(end === index ? `${numbers[index]}` : `${numbers[index]}-${numbers[end]}`);
    index = end + 1;
  }
  return parts.join();
}
