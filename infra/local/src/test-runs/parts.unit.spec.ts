import { jest } from '@jest/globals';
import { eventually } from '@stoa/testing';
import { isAlive } from '../machine/os-processes.js';
import { runQueues, type Part } from './parts.js';

let output = '';
beforeEach(() => {
  output = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += String(text);
    return true;
  });
});
afterEach(() => jest.restoreAllMocks());

const part = (name: string, script: string): Part => ({ name, command: process.execPath, args: ['-e', script] });
const codesOf = (results: readonly { name: string; code: number | undefined }[]) =>
  results.map(({ name, code }) => [name, code]);

describe('runQueues', () => {
  it('runs all parts of a queue in order, also after a failure, and says which line is of which part', async () => {
    const queues = [
      [part('one', `console.log('first'); process.exit(3)`), part('two', `console.error('second')`)],
      [part('other', `console.log('beside')`)],
    ];
    const { results, wasInterrupted } = await runQueues(queues, process.env);
    expect(codesOf(results)).toEqual([
      ['one', 3],
      ['two', 0],
      ['other', 0],
    ]);
    expect(wasInterrupted).toBe(false);
    expect(output).toContain('other | beside\n');
    expect(output.indexOf('two   | second\n')).toBeGreaterThan(output.indexOf('one   | first\n'));
  });

  it('ends all processes of the parts at a signal, and starts no other part', async () => {
    const forever = 'setInterval(() => undefined, 1000)';
    const script = `const { pid } = require('node:child_process').spawn(process.execPath, ['-e', '${forever}']);
      console.log('child ' + pid); ${forever}`;
    const running = runQueues([[part('one', script), part('two', '')]], process.env);
    const child = await eventually(() => {
      const [, pid] = /child (\d+)/.exec(output) ?? [];
      expect(pid).toBeDefined();
      return Number(pid);
    });
    process.emit('SIGINT');
    const { results, wasInterrupted } = await running;
    expect(codesOf(results)).toEqual([
      ['one', 1],
      ['two', undefined],
    ]);
    expect(wasInterrupted).toBe(true);
    await eventually(() => expect(isAlive(child)).toBe(false));
  });
});
