// Runs a move in a process of its own, up to a step at which it stops for ever, to be killed.
import { Mover } from '../dist/index.js';

const { directoryUrl, move, step, when } = JSON.parse(process.argv[2] ?? '{}');
const onStep = async (name, moment) => {
  if (name !== step || moment !== when) return;
  process.stdout.write('here\n');
  await new Promise((resolve) => setTimeout(resolve, 600_000));
};
await new Mover({ directoryUrl, hooks: { onStep } }).runMove(move);
