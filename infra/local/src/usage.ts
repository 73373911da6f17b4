/** The text of `--help` of commands that take few words; the other commands have their own. */
export const USAGE: Record<string, string> = {
  status: `npm run status [-- --json]

What runs where, with its memory and its shards. Exit code: 0 it runs, 1 nothing runs.`,
  stop: `npm run stop

Ends in order the stack that runs in another terminal or in the background.`,
  reset: `npm run reset

Drops all data, logs and secrets of the stopped stack. Downloads stay.`,
  logs: `npm run logs [-- NAME ...] [-n LINES] [--no-follow]

  NAME         a clone, a service or a server; without one, all clones
  -n LINES     how many of the last lines of each (40)
  --no-follow  ends after these, instead of waiting for more`,
  mailbox: `npm run mailbox [-- ADDRESS] [-n MAILS]

What the shop mailed, the last one last. With SMTP_URL set, mails are at that server instead.

  ADDRESS   only to addresses that hold this
  -n MAILS  how many of the last (10)`,
  payments: `npm run payments -- reconcile [--days N] [--json]

Compares the payment provider's books with the shop's, payment by payment, to the unit.

  --days N  payments that began in the last N days (30)
  --json    the differences as JSON

Exit code: 0 no differences, 1 differences, 2 nothing was compared.`,
  clones: `npm run clones -- APP=N [APP=N ...] [--json]

Adds and removes clones of the running stack; it lasts until the stack is stopped.`,
  roll: `npm run roll -- APP [APP ...] | all [--json]

Replaces clone by clone by one that runs the present build; no request fails. The name haproxy, or all, has HAProxy
take over its present configuration and version.`,
  'dead-letters': `npm run dead-letters -- list [SERVICE] [--limit N] | show ID | replay ID | replay --key KEY [SERVICE] | drop ID   [--json]

Events that a service could not handle: read them, handle them again, or drop them. Exit code: 1 a replay failed again.`,
  'test-quick': `npm run test:quick

Unit tests, types, and the integration tests of what changed since main (committed or not) and of what depends on it.`,
  'test-moves': `npm run test:moves -- [--minutes N] [--seed N] [words for Jest]

The long form of the tests that move data while it is used.

  --minutes N  how long shards come and go in the longest of them (30); all take some 20 minutes more
  --seed N     of the load and of when servers are killed`,
  audit: `npm run audit -- [--minutes N] [--seed N] [--only FAULT ...] [--repeat N] [--brokers N] [--out FOLDER]

Faults on a stack of its own, under load whose every acknowledged effect is checked. Exit code: 1 something was lost.

  --minutes N       how long (10): each fault once, then any of them until the time is over
  --seed N          of what comes at random (drawn and printed if not given)
  --only FAULT ...  only these, such as kill-cart; a wrong name is answered with all there are
  --repeat N        each so many times (1)
  --brokers N       Kafka brokers, 1 or 3 (1)
  --out FOLDER      where the table and the plot go`,
};
