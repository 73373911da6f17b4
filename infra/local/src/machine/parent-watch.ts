import { spawn, type ChildProcess } from 'node:child_process';

// Reads "add PID", "del PID" and "dir PATH" until its input ends, which happens when we exit however that came about. What is still
// listed then is asked to stop (SIGINT is the quick orderly stop of Postgres, Redis, the JVM and Node alike), and killed 8 s later.
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

let guard: ChildProcess | undefined;

/** Makes sure that a child ends when this process does, even by SIGKILL. */
export function stopAtExit(pid: number): void {
  tell(`add ${pid}`);
}

/** To be called when the child has ended: its number may belong to somebody else tomorrow. */
export function cancelStopAtExit(pid: number): void {
  tell(`del ${pid}`);
}

/** A temporary folder (one at most) to be removed when this process is gone. */
export function removeAtExit(dir: string): void {
  tell(`dir ${dir}`);
}

function tell(line: string): void {
  if (process.platform === 'win32') return;
  guard ??= startGuard();
  guard.stdin?.write(`${line}\n`);
}

function startGuard(): ChildProcess {
  // In a session of its own: Ctrl-C in the terminal must not take the guard before its charges.
  const child = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, cwd: '/' });
  child.stdin.on('error', () => undefined);
  child.unref();
  const pipe = child.stdin as NodeJS.WritableStream & { unref?: () => void };
  pipe.unref?.();
  return child;
}
