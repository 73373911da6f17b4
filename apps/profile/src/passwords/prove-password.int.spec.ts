import { availableParallelism } from 'node:os';
import { OperationError } from '@stoa/contract-kit';
import { newId } from '@stoa/messaging';
import { ManyCustomers } from '../../test/many-customers.js';
import { sourceOf } from '../domain/lock-out.js';
import { Passwords } from './passwords.js';
import { Credentials } from '../storage/credentials.js';
import { ProvePassword } from './prove-password.js';

const RIGHT = 'correct horse battery';

describe('ProvePassword', () => {
  let many: ManyCustomers;
  let passwords: Passwords;
  let proofs: ProvePassword;
  let passwordHash: string;

  beforeAll(async () => {
    many = await ManyCustomers.start(1);
    passwords = new Passwords();
    proofs = new ProvePassword(passwords, new Credentials(many.database));
    passwordHash = await passwords.hash(RIGHT);
  });
  afterAll(() => many.stop());

  const someone = async (): Promise<string> => {
    const now = new Date();
    const customerId = await many.add({ email: `${newId()}@example.com`, displayName: 'Ada', createdAt: now });
    const bucket = many.database.bucketOf(customerId);
    await many.database.transaction(bucket, (tx) =>
      new Credentials(many.database).insert(tx, bucket, { customerId, passwordHash, setBy: null, now }),
    );
    return customerId;
  };

  it('counts nothing that is not compared: in overload by strangers, right passwords lock nobody out', async () => {
    const customerId = await someone();
    const stranger = sourceOf('203.0.113.1', undefined);
    const busy = Array.from({ length: availableParallelism() + 140 }, () => passwords.hash('somebody else’s'));
    const settled = Promise.allSettled(busy);
    const refused = await Promise.allSettled(
      Array.from({ length: 8 }, () => proofs.prove(customerId, RIGHT, stranger)),
    );
    for (const each of refused) {
      expect(each.status === 'rejected' && (each.reason as OperationError).code).toBe('OVERLOADED');
    }
    // Those who are known are served meanwhile.
    expect(await proofs.prove(customerId, RIGHT, sourceOf(undefined, 'phone'))).toMatchObject({ kind: 'proved' });
    await settled;
    expect(await proofs.prove(customerId, RIGHT, stranger)).toMatchObject({ kind: 'proved', who: { customerId } });
  });

  it('forgives what a right password had counted, whatever asked for it', async () => {
    const customerId = await someone();
    const fail = (code: string): never => {
      throw new OperationError(code);
    };
    for (let n = 0; n < 8; n++) expect(await proofs.require(customerId, RIGHT, fail)).toBe(passwordHash);
  });

  it('lets no more guesses through side by side than one after the other', async () => {
    const customerId = await someone();
    const guesses = await Promise.all(Array.from({ length: 12 }, (_, n) => proofs.prove(customerId, `wrong ${n}`)));
    expect(guesses.filter(({ kind }) => kind === 'wrong')).toHaveLength(5);
    expect(guesses.filter(({ kind }) => kind === 'locked')).toHaveLength(7);
  });
});
