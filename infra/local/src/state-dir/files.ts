import { join } from 'node:path';

/** The file that a process of the stack writes its output to. */
export function logFile(stateDir: string, name: string): string {
  return join(stateDir, 'logs', `${name}.log`);
}

/** The folder with the mails that the shop sent, where no mail server is set. */
export function mailboxDir(stateDir: string): string {
  return join(stateDir, 'mailbox');
}

/** The file with the environment of a service that somebody runs by hand. */
export function environmentFile(stateDir: string, app: string): string {
  return join(stateDir, 'run', `${app}.env`);
}
