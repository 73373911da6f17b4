import { redactInput } from './redact-input.js';

describe('redactInput', () => {
  it('leaves out what the schema calls writeOnly, at any depth, and what has the name of a secret', () => {
    const schema = {
      type: 'object',
      properties: {
        pin: { type: 'string', writeOnly: true },
        cards: { type: 'array', items: { type: 'object', properties: { number: { writeOnly: true } } } },
      },
    };
    const input = { pin: '1234', cards: [{ number: '4111', name: 'Ada' }], accessToken: 'abc', title: 'Mug' };
    const kept = redactInput(schema, input);
    expect(kept).toEqual({
      pin: '[redacted]',
      cards: [{ number: '[redacted]', name: 'Ada' }],
      accessToken: '[redacted]',
      title: 'Mug',
    });
  });

  it('keeps only the names of what would fill the trail', () => {
    const kept = redactInput({ type: 'object' }, { text: 'x'.repeat(20_000) });
    expect(JSON.stringify(kept).length).toBeLessThan(200);
    expect(kept['fields']).toEqual(['text']);
  });
});
