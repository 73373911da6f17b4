import { MECHANISMS } from '@stoa/kafka';
import { z } from 'zod';

/** A TCP port as a variable; 0 takes a free one. */
export const port = (fallback?: number) => {
  const number = z.coerce.number<string>('a port from 0 to 65535').int().min(0).max(65_535);
  return fallback === undefined ? number : number.default(fallback);
};

const count = (fallback: number) => z.coerce.number<string>().int().min(1).default(fallback);

/** `on` or `off` as a variable. */
export const onOff = (fallback: boolean) =>
  z
    .enum(['on', 'off'])
    .default(fallback ? 'on' : 'off')
    .transform((value) => value === 'on');

/** `a,b` as a variable: at least one, without white space around them. */
export const commaList = () =>
  z
    .string()
    .transform((list) => list.split(',').map((part) => part.trim()))
    .refine((parts) => parts.every((part) => part !== ''), 'a list with commas between, without empty parts');

/** `name=value,name=value` as a variable, values percent-encoded, as OpenTelemetry writes headers. */
const headerList = () =>
  z
    .string()
    .default('')
    .transform((list, { addIssue }): Record<string, string> => {
      try {
        const pairs = list.split(',').filter((pair) => pair.trim() !== '');
        const entries = pairs.map((pair) => /^\s*([\w-]+)\s*=(.*)$/.exec(pair) ?? []);
        return Object.fromEntries(entries.map(([, name = '', value = '']) => [name, decodeURIComponent(value.trim())]));
      } catch {
        addIssue('not percent-encoded');
        return {};
      }
    })
    .refine((headers) => !('' in headers), 'a list of name=value with commas between');

/** A Postgres URL as a variable; `of` says whose data it has. */
export const postgresUrl = (of: string) =>
  z
    .string()
    .regex(/^postgres(ql)?:\/\/[^/\s]+\/[^\s]+$/, 'not a Postgres URL')
    .describe(`the database of ${of}, such as postgres://user:password@host:5432/name`);

/** Variables of every clone of every service. Apps extend it with their own. */
export const commonVariables = z.object({
  STOA_CLONE: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower case letters, digits and dashes')
    .describe("this clone's name, different for each, such as cart-1"),
  HOST: z.string().default('127.0.0.1').describe('the address to listen on'),
  ADMIN_PORT: port(0).describe('the port of /health, /metrics and /dead-letters; 0 takes a free one'),
  ADMIN_TOKEN: z
    .string()
    .min(32, 'at least 32 characters')
    .optional()
    .describe('lets operators read, replay and drop dead letters on the admin port; without it nobody may'),
  KAFKA_BROKERS: commaList().describe('host:port of the brokers, with commas between'),
  KAFKA_CLIENT: z
    .enum(['platformatic', 'kafkajs'])
    .default('platformatic')
    .describe('the Kafka library: platformatic, or kafkajs in case of trouble with it'),
  KAFKA_USERNAME: z
    .string()
    .optional()
    .describe("this service's name at the brokers (SASL), which may do what `npm run contracts -- acls` prints"),
  KAFKA_PASSWORD: z.string().optional().describe('with KAFKA_USERNAME'),
  KAFKA_SASL_MECHANISM: z.enum(MECHANISMS).default('scram-sha-512').describe('with KAFKA_USERNAME'),
  KAFKA_TLS: z.enum(['on', 'off']).default('off').describe('on or off: whether the brokers are reached by TLS'),
  KAFKA_TLS_CA: z
    .string()
    .optional()
    .describe("a file with the brokers' certificate authority (PEM); those that Node trusts if not set"),
  KAFKA_TLS_CERT: z
    .string()
    .optional()
    .describe("a file with this service's certificate (PEM), where brokers ask for it"),
  KAFKA_TLS_KEY: z.string().optional().describe('the file with the private key of KAFKA_TLS_CERT'),
  SEALING_SECRET: z
    .string()
    .transform((list) => list.split(','))
    .refine((secrets) => secrets.every((secret) => secret.length >= 32), 'each at least 32 characters')
    .optional()
    .describe(
      'the secret behind the key that gateways seal passwords and the like to, the same for all clones of a service; former ones behind it, with commas between',
    ),
  CALLER_PROOFS: z
    .enum(['on', 'off'])
    .optional()
    .describe(
      'on or off: whether gateways prove who calls, and services believe nothing else; on where KAFKA_USERNAME or KAFKA_TLS_CERT is set',
    ),
  KAFKA_TOPIC_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9._-]*$/, 'only letters, digits, dot, dash and underscore')
    .default('')
    .describe('the beginning of every topic, so that several shops can share a broker'),
  KAFKA_REPLICATION_FACTOR: count(1).describe(
    'copies of each topic that this service creates; 3 with three brokers or more',
  ),
  KAFKA_PARTITIONS: count(12).describe('Kafka partitions of each topic that this service creates'),
  STOA_DATABASE_CONNECTIONS: z.coerce
    .number<string>('a whole number from 4')
    .int()
    .min(4)
    .max(1_000)
    .default(40)
    .describe("connections that this clone's pools have to Postgres together; each pool gets its share, from 2 to 10"),
  STOA_POOLER_PORT: z.coerce
    .number<string>('a port from 1 to 65535')
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe('the port of a transaction pooler beside each Postgres server; without it pools connect to the servers'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('the least level of lines that are logged'),
  NODE_ENV: z
    .string()
    .default('production')
    .describe('development checks outputs against contracts, and pools for deadlocks'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'not an http or https URL' })
    .optional()
    .describe('the collector that gets spans of traces, such as http://127.0.0.1:4318; without it none are made'),
  OTEL_EXPORTER_OTLP_HEADERS: headerList().describe('HTTP headers for the collector: name=value, with commas between'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number<string>('a share from 0 to 1')
    .min(0)
    .max(1)
    .default(1)
    .describe('the share of traces that are exported'),
  STOA_SERVED_BY: onOff(true).describe('on or off: whether responses name the clone that served them'),
});
export type CommonConfig = z.output<typeof commonVariables>;
