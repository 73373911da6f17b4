// The system's own message is the cause; a server's words about it come in the lines after.
const CAUSES = /address already in use|no space left|permission denied|out of memory|cannot allocate/i;

const TROUBLE = /\b(fatal|error|panic|alert|\w*exception)\b/i;

/** The line of a program's output that likely has the cause: the first that looks like an error, else the last. */
export function tellingLine(output: string): string {
  const lines = output.trimEnd().split('\n');
  const telling = lines.find((line) => CAUSES.test(line)) ?? lines.find((line) => TROUBLE.test(line)) ?? lines.at(-1);
  return forPeople(telling?.trim() ?? '').slice(0, 400);
}

/** Our own services log JSON: its message, and that of the error in it. */
function forPeople(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const { msg, err } = JSON.parse(line) as { msg?: string; err?: { message?: string } };
    return [msg, err?.message].filter((part, n, all) => part && all.indexOf(part) === n).join(': ') || line;
  } catch {
    return line;
  }
}
