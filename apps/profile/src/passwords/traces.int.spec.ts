import { eventually, TraceCollector, uniqueName } from '@stoa/testing';
import { newId } from '@stoa/messaging';
import { customer, newGuest, PASSWORD, ProfileService } from '../../test/profile-service.js';

describe('spans of what is done with passwords', () => {
  let profiles: ProfileService;
  let collector: TraceCollector;

  beforeAll(async () => {
    collector = await TraceCollector.open();
    profiles = await ProfileService.start();
    await profiles.startClone({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  });
  afterAll(async () => {
    await profiles?.stop();
    await collector?.close();
  });

  it('hold none of them, nor does the log, whatever becomes of the operation', async () => {
    const email = `${uniqueName('ada')}@example.com`;
    const [wrong, next] = [`wrong ${newId()}`, `next ${newId()}`];
    const { customerId } = (await profiles.register(email)).body;
    expect((await profiles.signIn(email, wrong)).body.code).toBe('WRONG_CREDENTIALS');
    const change = { currentPassword: PASSWORD, newPassword: next };
    expect((await profiles.ask('changePassword', change, customer(customerId))).ok).toBe(true);
    const refused = { email, password: wrong, displayName: 'Ada', role: 'owner' };
    expect((await profiles.ask('register', refused, newGuest())).body.code).toBe('INVALID_INPUT');
    await eventually(() => {
      const names = collector.spans.map(({ name }) => name);
      for (const operation of ['register', 'checkCredentials', 'changePassword'])
        expect(names).toContain(`process ${operation}`);
    });
    const seen = JSON.stringify(collector.spans) + profiles.logs();
    for (const secret of [PASSWORD, wrong, next]) expect(seen).not.toContain(secret);
  });
});
