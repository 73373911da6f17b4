// Rebalances in a process of its own, up to a step at which it stops for ever, to be killed.
import { executePlan, planRebalance } from '../dist/index.js';

const { directoryUrl, step, when, moveSize } = JSON.parse(process.argv[2] ?? '{}');
const onStep = async (name, moment) => {
  if (name !== step || moment !== when) return;
  process.stdout.write('here\n');
  await new Promise((resolve) => setTimeout(resolve, 600_000));
};
const plan = await planRebalance({ directoryUrl, moveSize });
await executePlan(plan, { directoryUrl, hooks: { onStep } });
