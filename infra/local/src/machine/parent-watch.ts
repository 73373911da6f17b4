import { spawn, type ChildProcess } from 'node:child_process';

// A shell reads "add PID", "del PID" and "dir PATH" until its input ends, which happens when this process exits for any
// reason. Processes still listed then get SIGINT (the quick orderly stop of Postgres, Redis, the JVM and Node alike),
// and SIGKILL 8 s later.
const SCRIPT = `
pids=""; dirs=""
while read -r verb value; do
  case "$verb" in
    add) pids="$pids $value" ;;
    del) left=""; for p in $pids; do [ "$p" = "$value" ] || left="$left $p"; done; pids="$left" ;;
    dir) dirs="$value" ;;
  esac
done
[ -z "$pids" ] || kill -INT $pids 2>/dev/null
for i in 1 2 3 4 5 6 7 8; do
  alive=""; for p in $pids; do kill -0 "$p" 2>/dev/null && alive="$alive $p"; done
  pids="$alive"; [ -n "$pids" ] || break
  sleep 1
done
[ -z "$pids" ] || kill -KILL $pids 2>/dev/null
[ -z "$dirs" ] || rm -rf "$dirs"
`;

let watch: ChildProcess | undefined;

/** Has a child stopped when this process ends, even by SIGKILL. */
export function stopAtExit(pid: number): void {
  send(`add ${pid}`);
}

/** To be called when the child has ended: another process may get its number. */
export function cancelStopAtExit(pid: number): void {
  send(`del ${pid}`);
}

/** Has a temporary folder (one at most) removed when this process has ended. */
export function removeAtExit(dir: string): void {
  send(`dir ${dir}`);
}

function send(line: string): void {
  if (process.platform === 'win32') return;
  watch ??= startWatch();
  watch.stdin?.write(`${line}\n`);
}

function startWatch(): ChildProcess {
  // In a session of its own: Ctrl-C in the terminal must not end it before the processes that it watches.
  const child = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, cwd: '/' });
  child.stdin.on('error', () => undefined);
  child.unref();
  const pipe = child.stdin as NodeJS.WritableStream & { unref?: () => void };
  pipe.unref?.();
  return child;
}
