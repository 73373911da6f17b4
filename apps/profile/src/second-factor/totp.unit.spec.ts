import { TOTP } from 'otpauth';
import { hashOfCode, newRecoveryCodes, newSecret, stepOf, uriOf } from './totp.js';

describe('codes of an authenticator app', () => {
  // RFC 6238, appendix B (its last six digits), with the secret of RFC 4226.
  const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

  it.each([
    [59, '287082', 1],
    [1_111_111_109, '081804', 37_037_036],
    [59 + 30, '287082', 1],
    [59 + 90, '287082', undefined],
    [59, '287083', undefined],
    [59, '28708', undefined],
  ])('at %d s %s is of the step %p', (seconds, code, step) =>
    expect(stepOf(secret, code, new Date(seconds * 1000))).toBe(step),
  );

  it('have a secret of their own, which apps read from a URI', () => {
    const made = newSecret();
    expect(made).toMatch(/^[A-Z2-7]{32}$/);
    const uri = new URL(uriOf(made, 'ada@example.com'));
    expect(uri.searchParams.get('secret')).toBe(made);
    expect(stepOf(made, new TOTP({ secret: made }).generate({ timestamp: 0 }), new Date(0))).toBe(0);
  });

  it('can be replaced by recovery codes, however they are typed', () => {
    const codes = newRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    expect(hashOfCode(` ${codes[0]!.toUpperCase().replaceAll('-', ' ')}`)).toBe(hashOfCode(codes[0]!));
  });
});
