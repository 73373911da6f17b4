// Executes runs in a process of its own, until it is killed.
import { RunWorker } from '../dist/index.js';

const { directoryUrl, step } = JSON.parse(process.argv[2] ?? '{}');
let seen = 0;
const onStep = async (name, moment) => {
  if (name !== step || moment !== 'before') return;
  seen += 1;
  // In its second move: something is done, and something is under way.
  if (seen !== 2) return;
  process.stdout.write('here\n');
  await new Promise((resolve) => setTimeout(resolve, 600_000));
};
new RunWorker({ directoryUrl, hooks: { onStep } }).start();
setTimeout(() => undefined, 600_000);
