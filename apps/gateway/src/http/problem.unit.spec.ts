import { HttpProblem, problem, problemBody, problemHeaders, problemResponse, statusOf } from './problem.js';

const trace = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', flags: '01' };

describe('problems', () => {
  it('are those of RFC 9457, with a code for programs', () => {
    const problems = [{ pointer: '/sku', detail: 'is missing: give it' }];
    const body = problemBody(problem('INVALID_INPUT', 'sku is missing', { problems }), {
      instance: '/v1/x',
      traceId: 't',
    });
    expect(JSON.parse(body)).toEqual({
      type: 'https://stoa.dev/problems/invalid-input',
      title: 'Invalid input',
      status: 400,
      code: 'INVALID_INPUT',
      detail: 'sku is missing',
      instance: '/v1/x',
      traceId: 't',
      errors: problems,
    });
  });

  it("take the contract's status first, then the common one; what nobody declared is a fault", () => {
    expect(statusOf('UNKNOWN_SKU', { UNKNOWN_SKU: 404 })).toBe(404);
    expect(statusOf('NOT_FOUND', { NOT_FOUND: 410 })).toBe(410);
    expect(statusOf('STALE_VERSION')).toBe(412);
    expect(statusOf('SURPRISE')).toBe(500);
  });

  it('say when to try again, where that may help', () => {
    expect(problemHeaders(problem('UNAVAILABLE', ''))).toMatchObject({ 'retry-after': '1' });
    expect(problemHeaders(problem('RATE_LIMITED', '', { headers: { 'retry-after': '7' } }))).toMatchObject({
      'retry-after': '7',
    });
    expect(problemHeaders(new HttpProblem(404, 'NOT_FOUND', ''))).not.toHaveProperty('retry-after');
  });

  it('say that something can be tried again where the database was not to be had, whichever read met it', () => {
    const faults = [
      new Error('timeout exceeded when trying to connect'), // of a pool
      Object.assign(new Error("Can't reach database server"), { code: 'P1001' }),
      Object.assign(new Error('cannot execute INSERT in a read-only transaction'), { code: '25006' }),
    ];
    for (const fault of faults) {
      const response = problemResponse(fault, { target: '/v1/x', trace });
      expect(response).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
      expect(String(response.body)).not.toContain(fault.message);
    }
  });

  it('show nobody what went wrong inside, and no query string', () => {
    const response = problemResponse(new Error('password authentication failed for user stoa'), {
      target: '/v1/x?token=a',
      trace,
    });
    expect(response.status).toBe(500);
    expect(response.body).not.toContain('stoa"');
    expect(response.body).not.toContain('password');
    expect(response.body).not.toContain('token=a');
    expect(response.body).toContain(trace.traceId);
  });
});
