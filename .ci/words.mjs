/**
 * Words that this code does not use, each with the field's own instead (docs/decisions/0029-one-house.md). Part of a
 * name counts as the word: `isAway`, `away-list.ts`.
 */

/** Refused in names, comments, logs and documents. */
export const REFUSED_WORDS = {
  away: '"unavailable" (a server), "leaves" or "stops" (a clone), "at once"',
  told: '"reported", "notified"',
  tells: '"reports", "says"',
  stands: '"is", "is in"',
  stood: '"was", "was in"',
  bury: '"evict"',
  buries: '"evicts"',
  buried: '"evicted"',
  hurry: '"flush"',
  hurries: '"flushes"',
  kick: '"notify"',
  kicks: '"notifies"',
  steering: '"flow control"',
  passage: '"in-flight query"',
  passages: '"in-flight queries"',
  lane: '"queue", "fetcher", "partition": the one that it is',
  lanes: '"queues", "fetchers", "partitions"',
  surroundings: '"dependencies"',
  patience: '"timeout"',
  desk: '"client"',
  carrier: '"executor"',
  weigh: '"measure"',
  weighs: '"measures"',
  weighed: '"measured"',
  blow: '"injection"',
  blows: '"injections"',
  strike: '"inject"',
  strikes: '"injects"',
  refusal: '"business error"',
  refusals: '"business errors"',
  fact: '"event", "state" or "message"',
  facts: '"events", "states" or "messages"',
  riddle: 'what it is',
};

/** Words that stay, by file: they are part of what was stored or sent before. */
export const KEPT_WORDS = {
  'packages/messaging/src/protocol/ids.ts': ['fact'],
};

/** Refused in names only: in a sentence they can be the right word. */
export const REFUSED_IN_NAMES = {
  answer: '"reply" (over Kafka) or "response" (over HTTP)',
  answers: '"replies" or "responses"',
  answered: '"replied"',
  question: '"query" or "request"',
  questions: '"queries" or "requests"',
  tell: '"report"',
  stand: '"fixture"',
  wake: '"signal"',
  fleet: '"clones"',
  keeper: '"supervisor"',
};

/** Refused in comments, strings and documents. */
export const REFUSED_PHRASES = [
  [/\bsigns? of life\b/gi, '"heartbeat"'],
  [/\bwhat (came|comes) of (it|them|that)\b/gi, '"the outcome"'],
  [/\b(an|the|its|their|every|this|cached|first|last) answer\b/gi, '"reply" (over Kafka) or "response" (over HTTP)'],
  [/\bkeeps? house\b/gi, '"purge"'],
];
