// Plans a move and runs it in a process of its own, to be killed or put to sleep. At one moment, if one is given, it says so on its
// output and waits for a line of input.
import { once } from 'node:events';
import { moveHooks } from '@stoa/messaging/moves';
import { Mover } from '@stoa/sharding';

const { directoryUrl, request, at } = JSON.parse(process.argv[2] ?? '{}');
let waited = false;
const onStep = async (step, when) => {
  if (waited || step !== at?.step || when !== at?.when) return;
  waited = true;
  process.stdout.write('here\n');
  await once(process.stdin, 'data');
};
const mover = new Mover({ directoryUrl, hooks: { ...moveHooks, onStep } });
const id = await mover.planMove(request);
process.stdout.write(`move ${id}\n`);
const { phase } = await mover.runMove(id).catch((error) => ({ phase: `${error.name}: ${error.message}` }));
process.stdout.write(`ended ${phase}\n`);
process.exit(0);
