import { probeLocal } from '../../machine/probe.js';

const METADATA = 3;
const SASL_HANDSHAKE = 17;
const SASL_AUTHENTICATE = 36;

/**
 * Asks a broker for its cluster, by Kafka's protocol: it serves clients once it lists itself.
 * @param adminPassword where it asks who comes
 */
export async function serves(port: number, adminPassword?: string): Promise<void> {
  const asks = [request(METADATA, 1, int32(0))]; // no topics
  if (adminPassword !== undefined) {
    const credentials = Buffer.from(`\0admin\0${adminPassword}`);
    asks.unshift(
      request(SASL_HANDSHAKE, 1, Buffer.concat([int16('PLAIN'.length), Buffer.from('PLAIN')])),
      request(SASL_AUTHENTICATE, 0, Buffer.concat([int32(credentials.length), credentials])),
    );
  }
  const replies = await probeLocal(port, Buffer.concat(asks), (bytes) => framesOf(bytes).length >= asks.length);
  const last = framesOf(replies).at(-1);
  if (!last || !portsListed(last).includes(port)) throw new Error('the broker has not joined its cluster yet');
}

function request(apiKey: number, version: number, body: Buffer): Buffer {
  const clientId = Buffer.from('stoa');
  const header = Buffer.concat([int16(apiKey), int16(version), int32(1), int16(clientId.length), clientId]);
  return Buffer.concat([int32(header.length + body.length), header, body]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** The replies that are whole, each behind its length. */
function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at + 4 <= bytes.length;) {
    const end = at + 4 + bytes.readInt32BE(at);
    if (end > bytes.length) break;
    frames.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return frames;
}

/** The brokers' ports in a Metadata reply: after the correlation id an array of (node, host, port, rack). */
function portsListed(reply: Buffer): number[] {
  const ports: number[] = [];
  let at = 8;
  for (let left = reply.readInt32BE(4); left > 0; left--) {
    at += 4; // node
    at += 2 + reply.readInt16BE(at); // host
    ports.push(reply.readInt32BE(at));
    at += 4;
    at += 2 + Math.max(0, reply.readInt16BE(at)); // rack, -1: none
  }
  return ports;
}
