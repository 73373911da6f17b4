import { command, describeChange, findBreakingChanges, query, service, toDocument } from '@stoa/contract-kit';
import { z } from 'zod';
import { ContractBook } from './contract-book.js';

const getThing = (input: z.ZodType = z.object({ id: z.string() })) =>
  query({
    http: 'GET /v1/things/{id}',
    summary: 'Read',
    caller: 'anyone',
    input,
    output: z.object({ id: z.string() }),
  });

const things = (version: number, operations = {}) =>
  toDocument(service('things', { version, title: 'Things', description: '' }, { getThing: getThing(), ...operations }));

const own = toDocument(
  service(
    'gateway',
    { version: 1, title: 'Gateway', description: '' },
    {
      startGuest: command({
        http: 'POST /v1/guests',
        summary: 'Guest',
        caller: 'anyone',
        key: 'command.id',
        input: z.object({}),
        output: z.object({}),
      }),
    },
  ),
);

const book = () => new ContractBook(own, (before, after) => findBreakingChanges(before, after).map(describeChange));

describe('ContractBook', () => {
  it('takes a contract, and knows it when it comes again with its fields in another order', () => {
    const contracts = book();
    expect(contracts.offer('things', things(1)).outcome).toBe('accepted');
    const { service: name, ...rest } = things(1);
    expect(contracts.offer('things', { ...rest, service: name }).outcome).toBe('known');
    expect(contracts.documents().map((document) => document.service)).toEqual(['gateway', 'things']);
  });

  it('refuses a newer one that breaks the one in force, says why, and keeps the old', () => {
    const contracts = book();
    contracts.offer('things', things(1));
    const stricter = { getThing: getThing(z.object({ id: z.string(), color: z.string() })) };
    const decision = contracts.offer('things', things(2, stricter));
    expect(decision.outcome).toBe('refused');
    expect(contracts.refusedContracts()).toMatchObject([{ service: 'things', version: 2 }]);
    expect(contracts.refusedContracts()[0]?.reasons.join()).toContain('color');
    expect(contracts.documents()[1]?.version).toBe(1);
  });

  it('forgets the refused one when a good one comes, and ignores older versions', () => {
    const contracts = book();
    contracts.offer('things', things(1));
    contracts.offer('things', { ...things(2), operations: {} });
    expect(contracts.refusedContracts()).toHaveLength(1);
    expect(contracts.offer('things', things(3)).outcome).toBe('accepted');
    expect(contracts.refusedContracts()).toHaveLength(0);
    expect(contracts.offer('things', things(2)).outcome).toBe('older');
  });

  it('refuses operations of the same method and path from two services, whatever their fields are called', () => {
    const contracts = book();
    contracts.offer('things', things(1));
    const other = { ...things(1), service: 'others', operations: structuredClone(things(1).operations) };
    Object.assign(other.operations['getThing']!, { http: { method: 'GET', path: '/v1/things/{name}' } });
    const decision = contracts.offer('others', other);
    expect(decision).toMatchObject({ outcome: 'refused' });
    expect(JSON.stringify(decision)).toContain(
      'things.getThing (GET /v1/things/{id}) and others.getThing (GET /v1/things/{name}) have the same route',
    );
  });

  it.each([
    ["the gateway's own route", { http: { method: 'POST', path: '/v1/guests' } }, 'gateway.startGuest'],
    ['a fixed path', { http: { method: 'GET', path: '/health/live' } }, "the gateway's own paths"],
    ['a path that a router reads as a pattern', { http: { method: 'GET', path: '/v1/(.*)' } }, 'a path such as'],
    ['a status that is no error', { errors: { NOT_FOUND: 200 } }, 'operations.getThing.errors.NOT_FOUND'],
  ])('refuses %s', (_what, change, reason) => {
    const contracts = book();
    const document = structuredClone(things(1));
    Object.assign(document.operations['getThing']!, change);
    const decision = contracts.offer('things', document);
    expect(decision).toMatchObject({ outcome: 'refused' });
    expect(JSON.stringify(decision)).toContain(reason);
  });

  it.each([
    ['nothing', null],
    ['a text', 'contract'],
    ['another format', { ...things(1), format: 2 }],
  ])('refuses %s for a document', (_what, value) => {
    expect(book().offer('things', value).outcome).toBe('refused');
  });

  it('forgets a service that was withdrawn: its next contract breaks nobody', () => {
    const contracts = book();
    expect(contracts.withdraw('things')).toBe(false);
    contracts.offer('things', things(2));
    contracts.offer('things', { ...things(3), operations: {} });
    expect(contracts.withdraw('things')).toBe(true);
    expect(contracts.documents().map((document) => document.service)).toEqual(['gateway']);
    expect(contracts.refusedContracts()).toEqual([]);
    expect(contracts.offer('things', { ...things(1), operations: {} }).outcome).toBe('accepted');
  });

  it('refuses a document under the key of another service, and one that calls itself gateway', () => {
    expect(book().offer('other', things(1)).outcome).toBe('refused');
    expect(book().offer('gateway', { ...things(1), service: 'gateway' }).outcome).toBe('refused');
  });
});
