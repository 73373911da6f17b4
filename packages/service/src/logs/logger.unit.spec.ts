import { createLogger } from './logger.js';
import { trace } from '../context/trace.js';

function logged(write: (logger: ReturnType<typeof createLogger>) => void): {
  line: string;
  fields: Record<string, unknown>;
} {
  let line = '';
  const destination = { write: (text: string) => void (line += text) };
  write(createLogger({ service: 'cart', clone: 'cart-1', destination }));
  return { line, fields: JSON.parse(line) as Record<string, unknown> };
}

describe('createLogger', () => {
  it('writes one JSON object with service, clone, level and time', () => {
    const { fields, line } = logged((log) => log.info({ items: 3 }, 'added'));
    expect(fields).toMatchObject({ level: 'info', service: 'cart', clone: 'cart-1', items: 3, msg: 'added' });
    expect(new Date(String(fields['time'])).getTime()).toBeGreaterThan(0);
    expect(line.trim().split('\n')).toHaveLength(1);
  });

  it('names the trace and message of the work in progress', () => {
    const context = trace.start('0190-message');
    const { fields } = logged((log) => trace.run(context, () => log.info('inside')));
    expect(fields).toMatchObject({ traceId: context.traceId, messageId: '0190-message' });
  });

  it('leaves out the values of secret names, however deep', () => {
    const { line, fields } = logged((log) =>
      log.warn({
        password: 'S1',
        deep: { list: [{ refreshToken: 'S2', headers: { authorization: 'S3', 'set-cookie': 'S4' } }] },
        CART_DATABASE_URL: 'S5',
        newPassword: 'S6',
        customerId: 'kept',
      }),
    );
    expect(line).not.toMatch(/S[1-6]/);
    expect(fields['customerId']).toBe('kept');
  });

  it('leaves out passwords within texts and errors', () => {
    const error = Object.assign(new Error('no response from postgres://cart:hunter2@db:5432/cart'), {
      config: { password: 'hunter3' },
    });
    const { line } = logged((log) =>
      log.error({ err: error }, 'sent Bearer abc.def-ghi to redis://:hunter4@redis:6379'),
    );
    expect(line).not.toMatch(/hunter|abc\.def/);
    expect(line).toContain('@db:5432/cart');
    expect(JSON.parse(line)).toMatchObject({ err: { type: 'Error' } });
  });
});
