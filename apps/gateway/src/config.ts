import { commaList, commonVariables, onOff, port, postgresUrl } from '@stoa/service';
import { z } from 'zod';

const factor = (fallback: number) => z.coerce.number<string>().int().min(1).default(fallback);
const count = (fallback: number) => z.coerce.number<string>().int().min(0).default(fallback);

/** The gateway's settings, beside those that every clone has. */
export const gatewayVariables = commonVariables.extend({
  PORT: port(4000).describe('the port of the shop'),
  GATEWAY_DATABASE_URL: postgresUrl('the gateway'),
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, 'not a Redis URL')
    .describe('the Redis of caches and rate limits, such as redis://host:6379'),
  UNSEALED_SECRETS: z
    .enum(['allowed', 'refused'])
    .optional()
    .describe(
      'allowed or refused: whether secrets go to services that published no key to seal them to; refused where KAFKA_USERNAME or KAFKA_TLS_CERT is set',
    ),
  CREDENTIALS_SERVICE: z.string().default('profile').describe('the service whose checkCredentials checks who signs in'),
  TRUSTED_PROXIES: commaList()
    .default(['loopback'])
    .describe('addresses or networks whose X-Forwarded-For is trusted; loopback is 127.0.0.0/8 and ::1'),
  CORS_ORIGINS: commaList().optional().describe('origins whose pages may call the shop, or *; none if not set'),
  BODY_LIMIT_BYTES: count(1024 * 1024).describe('of JSON bodies; uploads have the limit of their contract'),
  BODY_MEMORY_BYTES: count(16 * 1024 * 1024).describe('of the JSON bodies of all requests in flight; more are refused'),

  RATE_LIMITS: onOff(true).describe(
    'on or off: off for load tests from one address, never for a shop that others reach',
  ),
  RATE_LIMIT_WRITES_PER_MINUTE: count(600).describe('per caller, or per address without a token'),
  RATE_LIMIT_READS_PER_MINUTE: count(3_000).describe('of reads that no cache served, per caller or address'),
  RATE_LIMIT_GUESTS_PER_MINUTE: count(300).describe('new guests per address'),
  RATE_LIMIT_CALLERS_PER_ADDRESS: factor(10).describe(
    'how many callers’ allowance of reads and writes all guests of one address have together',
  ),
  RATE_LIMIT_ADDRESSES_TOGETHER: factor(100).describe(
    'how many addresses’ allowance of sign-ins, registrations and new guests all strangers have together',
  ),

  CACHE_MAX_AGE_MS: count(1_000).describe(
    'how old a cached response may be, at most: a longer maxAgeMs of a contract is cut to it, with a warning',
  ),
  CACHE_STALE_MS: count(300_000).describe('how old one may be while its service cannot be reached'),
  CACHE_MEMORY_BYTES: count(32 * 1024 * 1024).describe('of cached responses in memory, their keys included'),
  CACHE_EVENTS: onOff(true).describe('on or off: whether events drop cached responses before their time'),

  TOKEN_ISSUER: z.string().default('stoa').describe('the issuer (iss) of access tokens'),
  TOKEN_AUDIENCE: z.string().default('stoa').describe('the audience (aud) of access tokens'),
  TOKEN_KEY_SECRET: z
    .string()
    .min(32, 'at least 32 characters')
    .describe('seals the private signing keys in the database: at least 32 characters, the same for all clones'),
  DRAIN_DELAY_MS: count(1_500).describe(
    'how long an unready clone still takes requests, until the balancer has seen it',
  ),
});
/** The settings of a clone. */
export type GatewayConfig = z.output<typeof gatewayVariables>;
