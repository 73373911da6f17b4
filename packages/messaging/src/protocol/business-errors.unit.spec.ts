import { OperationError } from '@stoa/contract-kit';
import { businessErrorReply, unwrapReply } from './business-errors.js';

/** The error as whoever asked gets it. */
function received(error: OperationError): OperationError {
  try {
    unwrapReply(businessErrorReply(error));
  } catch (thrown) {
    if (thrown instanceof OperationError) return thrown;
  }
  throw new Error('it is no business error');
}

describe('a business error on its way', () => {
  it.each([
    [[{ pointer: '/quantity', detail: 'at most 9' }]],
    [{ retryAfterSeconds: 7 }],
    [{ details: { quote: { total: 1200 }, lines: [] } }],
  ])('keeps %j', (details) => {
    const error = new OperationError('PRICE_ROSE', 'It costs more now', details);
    expect(received(error)).toEqual(error);
  });

  it('leaves out details that nobody could read', () => {
    const { code, details } = received(
      new OperationError('PRICE_ROSE', 'more', { details: { text: 'x'.repeat(300_000) } }),
    );
    expect([code, details]).toEqual(['PRICE_ROSE', undefined]);
  });
});
