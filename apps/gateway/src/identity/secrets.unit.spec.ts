import { hashOf, newNonce, newRefreshToken, successorOf } from './refresh-token.js';
import { seal, unseal } from './seal.js';

describe('sealed keys', () => {
  const secret = 'a secret of more than 32 characters';

  it('are read with their secret only', () => {
    const sealed = seal('key', secret);
    expect(sealed).not.toContain('key');
    expect(unseal(sealed, secret)).toBe('key');
    expect(() => unseal(sealed, `${secret}!`)).toThrow('another TOKEN_KEY_SECRET');
    expect(seal('key', secret)).not.toBe(sealed);
  });

  it('are read as they are, of times when there was no secret', () => {
    expect(unseal('plain:key', secret)).toBe('key');
  });
});

describe('refresh tokens', () => {
  it('have a successor that needs both the token and its nonce', () => {
    const [token, nonce] = [newRefreshToken(), newNonce()];
    expect(successorOf(token, nonce)).toBe(successorOf(token, nonce));
    expect(successorOf(token, newNonce())).not.toBe(successorOf(token, nonce));
    expect(successorOf(newRefreshToken(), nonce)).not.toBe(successorOf(token, nonce));
    expect(Buffer.from(hashOf(token)).toString('latin1')).not.toContain(token);
  });
});
