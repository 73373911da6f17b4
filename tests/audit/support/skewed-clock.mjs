// Loaded into a clone before anything else: at SIGUSR2 its clock jumps ahead by an hour, and by the next one back.
const JUMP_MS = 3_600_000;
const RealDate = globalThis.Date;
let ahead = 0;
const now = () => RealDate.now() + ahead;

globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(now()).toString(),
  construct: (target, args, newTarget) => Reflect.construct(target, args.length > 0 ? args : [now()], newTarget),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
process.on('SIGUSR2', () => {
  ahead = ahead === 0 ? JUMP_MS : 0;
});
