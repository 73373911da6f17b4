import { command } from '@stoa/contract-kit';
import type { SealingKey } from '@stoa/messaging';
import { z } from 'zod';
import { operationOf } from '../../test/operations.js';
import type { Contracts } from '../services/contracts.js';
import { SealSecrets } from './seal-secrets.js';

const register = operationOf(
  command({
    http: 'POST /v1/people',
    summary: 'Register',
    caller: 'anyone',
    key: 'command.id',
    input: z.object({ email: z.string(), password: z.string().meta({ writeOnly: true }) }),
    output: z.object({}),
  }),
);
const input = { email: 'ada@example.com', password: 'correct horse' };
// RFC 8037, A.6
const KEY: SealingKey = { kty: 'OKP', crv: 'X25519', x: '3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08', kid: 'k1' };

const secrets = (key: SealingKey | undefined, config: object): SealSecrets =>
  new SealSecrets({ sealingKey: () => key } as unknown as Contracts, config as never);

describe('secrets on their way to a service', () => {
  it('are sealed to its key', async () => {
    const body = await secrets(KEY, {}).bodyOf(register, input);
    expect(body).toContain('ada@example.com');
    expect(body).not.toContain('horse');
  });

  it.each([
    [{}, true],
    [{ KAFKA_USERNAME: 'gateway' }, false],
    [{ KAFKA_USERNAME: 'gateway', UNSEALED_SECRETS: 'allowed' }, true],
    [{ UNSEALED_SECRETS: 'refused' }, false],
  ])('with %p, may be sent without a key: %p', async (config, may) => {
    const outcome = await secrets(undefined, config)
      .bodyOf(register, input)
      .catch((error: { code: string }) => error.code);
    expect(outcome).toBe(may ? JSON.stringify(input) : 'UNAVAILABLE');
  });
});
