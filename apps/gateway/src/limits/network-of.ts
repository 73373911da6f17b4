/** Characters kept of an address: a trusted proxy may send one that is none. */
const LONGEST_NETWORK = 64;

/**
 * The network that an address is counted by. One household or host has a whole /64 of IPv6: its addresses are counted
 * as one. An address of IPv4 is itself, in whichever form it is written (RFC 4291, 2.5.5.2).
 */
export function networkOf(address: string): string {
  const plain = address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
  if (!plain.includes(':') || plain.includes('.')) return plain.slice(0, LONGEST_NETWORK);
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  const groups = [...left, ...(tail === undefined ? [] : zeros), ...right].slice(0, 4);
  return groups.join(':').slice(0, LONGEST_NETWORK);
}
