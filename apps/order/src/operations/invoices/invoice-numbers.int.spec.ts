import { newId } from '@stoa/messaging';
import { eventually } from '@stoa/testing';
import { operator, RulesService } from '../../../test/rules-service.js';

describe('numbers of invoices', () => {
  let service: RulesService;

  beforeAll(async () => {
    service = await RulesService.start();
    await service.startClone();
    await service.startClone();
  });
  afterAll(() => service.stop());

  const take = async (series: string, documentId: string, budgetMs?: number) => {
    const input = { series, documentId, orderId: newId(), customerId: newId() };
    const options = budgetMs === undefined ? {} : { budgetMs };
    return (await service.ask<{ number: string }>('takeInvoiceNumber', input, operator, options)).body.number;
  };
  const given = async (series: string) => {
    const text = 'SELECT number, document_id FROM invoice_numbers WHERE series = $1 ORDER BY number';
    return service.rows<{ number: number; document_id: string }>(text, [series]);
  };

  it('have no gaps and no doubles, however many are given at once, and a document keeps its own', async () => {
    const documents = Array.from({ length: 40 }, newId);
    const numbers = await Promise.all([...documents, ...documents].map((id) => take('RUSH', id)));
    const wanted = documents.map((_, n) => `RUSH-${String(n + 1).padStart(6, '0')}`);
    expect(numbers.slice(0, 40).toSorted()).toEqual(wanted);
    expect(numbers.slice(40)).toEqual(numbers.slice(0, 40));
    expect(await take('OTHER', documents[0]!)).toBe('OTHER-000001');
  });

  it('have no gaps where clones are killed while they give them', async () => {
    const documents = Array.from({ length: 30 }, newId);
    const tries = documents.map((id) => take('KILL', id, 2_000).catch(() => undefined));
    await eventually(async () => expect((await given('KILL')).length).toBeGreaterThan(0));
    await service.killClones();
    await Promise.all(tries);
    await service.startClone();
    const numbers = await Promise.all(documents.map((id) => take('KILL', id)));
    const rows = await given('KILL');
    expect(rows.map(({ number }) => number)).toEqual(documents.map((_, n) => n + 1));
    expect(new Set(rows.map((row) => row.document_id))).toEqual(new Set(documents));
    expect(new Set(numbers).size).toBe(documents.length);
  });
});
