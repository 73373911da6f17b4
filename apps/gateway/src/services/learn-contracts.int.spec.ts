import { topicNames } from '@stoa/messaging';
import { contractsTopic, withdrawContract } from '@stoa/messaging/testing';
import { openKafka, type KafkaPort } from '@stoa/kafka';
import { createLogger } from '@stoa/service';
import { eventually, testKafkaBrokers } from '@stoa/testing';
import { TestShop, type GatewayClone } from '../../test/gateways.js';
import { things, thingsBroken, thingsWithColor } from '../../test/things-contract.js';
import type { ThingsService } from '../../test/things-service.js';

const logger = createLogger({ service: 'test', clone: 'test-1', level: 'silent' });

async function withKafka(work: (port: KafkaPort) => Promise<void>): Promise<void> {
  const port = await openKafka({ brokers: [testKafkaBrokers()], client: 'platformatic', clientId: 'test', logger });
  await work(port).finally(() => port.close());
}

describe('contracts learned at run time', () => {
  let shop: TestShop;
  let service: ThingsService;
  let gateway: GatewayClone;

  beforeAll(async () => {
    shop = await TestShop.open();
    service = await shop.things.start(things);
    gateway = await shop.gateway();
  });
  /** As whoever may write to Kafka could. */
  const emptyRecords = (): Promise<void> =>
    withKafka((port) => {
      const topics = [topicNames(shop.prefix, 'things').contract, contractsTopic(shop.prefix)];
      return port.produce(
        topics.map((topic) => ({ topic, key: 'things', value: null, partition: 0 })),
        'all',
      );
    });

  afterAll(async () => {
    await service?.stop();
    await shop?.close();
  });

  it('serves an operation that it learned', async () => {
    shop.things.state.set('mug', 'a mug');
    const reply = await gateway.request('GET /v1/things/mug');
    expect(reply).toMatchObject({ status: 200, json: { id: 'mug', version: 1, text: 'a mug' } });
    expect(Object.fromEntries(reply.headers)).toMatchObject({
      etag: '"1"',
      'content-type': 'application/json',
      'stoa-served-by': 'things-1',
      'stoa-gateway': gateway.clone.name,
    });
  });

  it('gains an operation while it runs, without a release of its own', async () => {
    expect(await gateway.request('GET /v1/colors')).toMatchObject({ status: 404, json: { code: 'NOT_FOUND' } });
    await service.stop();
    service = await shop.things.start(thingsWithColor);
    await eventually(async () => {
      expect(await gateway.request('GET /v1/colors')).toMatchObject({ status: 200, json: { color: 'blue' } });
    });
    expect((await gateway.request('GET /openapi.json')).text).toContain('/v1/colors');
  });

  it('goes on with clones of the version before, once the release was taken back', async () => {
    const note = (body: object) => gateway.request('POST /v1/notes', { body });
    expect((await note({ text: 'a', mood: 'good' })).status).toBe(201);
    await service.stop();
    service = await shop.things.start(things);
    await eventually(async () => expect((await note({ text: 'a' })).status).toBe(201));
    // The release's additions are gone now; the contract that has them is still in force.
    for (const reply of [await note({ text: 'a', mood: 'good' }), await gateway.request('GET /v1/colors')])
      expect(reply).toMatchObject({ status: 503, json: { code: 'UNSUPPORTED_CONTRACT_VERSION' } });
    expect((await note({ text: 'a', moon: 'full' })).status).toBe(400);
  });

  it('refuses a contract that would break callers, keeps the one in force, and shows it to operators', async () => {
    await service.stop();
    service = await shop.things.start(thingsBroken);
    const { token } = await shop.signIn(gateway, 'operator');
    await eventually(async () => {
      const { json } = await gateway.request('GET /v1/contracts', { token });
      expect(json['refused']).toMatchObject([{ service: 'things', version: 3 }]);
      expect(JSON.stringify(json['refused'])).toContain('mood');
      expect(json['inForce']).toContainEqual(expect.objectContaining({ service: 'things', version: 2 }));
    });
    expect(await gateway.metric('stoa_contract_refused')).toBe(1);
    expect(gateway.clone.logs?.()).toContain('contract was refused');
  });

  it('starts on the stored contracts while Kafka is unavailable, says what it lacks, and refuses at once', async () => {
    const lonely = await shop.unreadyGateway({ KAFKA_BROKERS: '127.0.0.1:1' });
    await eventually(async () => {
      const { status, json } = await lonely.request('GET /health/ready');
      expect(status).toBe(503);
      expect(json['missing']).toEqual([expect.objectContaining({ name: 'kafka' })]);
      expect(await lonely.request('GET /v1/colors')).toMatchObject({ status: 503, json: { code: 'UNAVAILABLE' } });
    });
    expect((await lonely.request('GET /v1/nothing-like-it')).status).toBe(404);
    expect((await lonely.request('GET /health/live')).status).toBe(200);
  });

  it('keeps the last good contract of a service whose record was emptied, and says so', async () => {
    await service.stop();
    service = await shop.things.start(thingsWithColor);
    await eventually(async () => expect((await gateway.request('GET /v1/colors')).status).toBe(200));
    const says = async (clone: GatewayClone): Promise<void> => {
      const { status, json } = await clone.request('GET /health/ready');
      expect([status, json['refusedContracts']]).toEqual([200, ['things']]);
      expect(await clone.metric('stoa_contract_refused')).toBe(1);
      expect((await clone.request('GET /v1/colors')).status).toBe(200);
    };
    // The service may publish its contract only after the gateway knows it from before.
    const saysOnceEmptied = (clone: GatewayClone): Promise<void> =>
      eventually(async () => {
        await emptyRecords();
        await eventually(() => says(clone), { timeoutMs: 10_000 });
      });
    await saysOnceEmptied(gateway);
    const { token } = await shop.signIn(gateway, 'operator');
    const { json } = await gateway.request('GET /v1/contracts', { token });
    expect(JSON.stringify(json['refused'])).toContain('version 2 stays in force until it is withdrawn');
    // So does a clone that starts now: it has stored what was in force.
    const later = await shop.gateway();
    await saysOnceEmptied(later);
  });

  it('drops the routes of a service whose owner withdraws it, and takes what it publishes afterwards as new', async () => {
    const { token } = await shop.signIn(gateway, 'operator');
    await service.stop();
    await withKafka((port) => withdrawContract(port, { topicPrefix: shop.prefix, logger }, 'things'));
    await eventually(async () => expect((await gateway.request('GET /v1/colors')).status).toBe(404));
    const { json } = await gateway.request('GET /v1/contracts', { token });
    expect(json).toMatchObject({ inForce: [{ service: 'gateway' }], refused: [] });
    expect((await gateway.request('GET /openapi.json')).text).not.toContain('/v1/colors');
    await eventually(async () => expect(await shop.sql('SELECT service FROM contracts')).toEqual([]));
    // A clone that starts now reads the withdrawal, and nothing that is stored.
    const later = await shop.unreadyGateway({});
    await eventually(async () => {
      const ready = await later.request('GET /health/ready');
      expect(ready.json['missing']).toEqual([expect.objectContaining({ name: 'contracts' })]);
    });
    // It would have broken callers of the one before.
    service = await shop.things.start(thingsBroken);
    await eventually(async () => expect((await gateway.request('GET /v1/colors')).status).toBe(200));
    await eventually(async () => expect((await later.request('GET /v1/colors')).status).toBe(200));
  });
});
