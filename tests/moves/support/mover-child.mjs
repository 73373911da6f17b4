// Plans a move and runs it, or begins and aborts it, in a process of its own, which tests kill or freeze. At one moment
// of that, if one is given, it says so on its output and waits for a line of input.
import { once } from 'node:events';
import { moveHooks } from '@stoa/messaging/moves';
import { Mover } from '@stoa/sharding';

const { directoryUrl, request, at, abort } = JSON.parse(process.argv[2] ?? '{}');
let begun = !abort;
let waited = false;
const onStep = async (step, when) => {
  if (!begun && step === 'wait for marker') throw new Error('far enough to be taken back');
  if (!begun || waited || step !== at?.step || when !== at?.when) return;
  waited = true;
  process.stdout.write('here\n');
  await once(process.stdin, 'data');
};
const mover = new Mover({ directoryUrl, hooks: { ...moveHooks, onStep } });
const id = await mover.planMove(request);
process.stdout.write(`move ${id}\n`);
if (abort) await mover.runMove(id).catch(() => undefined);
begun = true;
const end = abort ? mover.abortMove(id, { takeOver: true }) : mover.runMove(id);
const { phase } = await end.catch((error) => ({ phase: `${error.name}: ${error.message}` }));
process.stdout.write(`ended ${phase}\n`);
process.exit(0);
