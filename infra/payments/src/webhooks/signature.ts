import { createHmac } from 'node:crypto';

/** The header Stripe-Signature, scheme v1: HMAC-SHA-256 over the time and the body. */
export function signatureOf(body: string, secret: string, seconds: number): string {
  const digest = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${digest}`;
}
