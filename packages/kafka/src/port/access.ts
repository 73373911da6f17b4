import { readFileSync } from 'node:fs';

/** The SASL mechanisms that both clients know. */
export const MECHANISMS = ['scram-sha-512', 'scram-sha-256', 'plain'] as const;

/** How a client proves who it is to the brokers, and whether what it says can be read on its way. */
export interface KafkaAccess {
  readonly sasl?: {
    readonly mechanism: (typeof MECHANISMS)[number];
    readonly username: string;
    readonly password: string;
  };
  /** TLS; PEM texts. Without `ca`, the authorities that Node trusts. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/** The variables that say how the brokers are reached. */
export interface AccessSettings {
  readonly KAFKA_USERNAME?: string | undefined;
  readonly KAFKA_PASSWORD?: string | undefined;
  readonly KAFKA_SASL_MECHANISM?: string | undefined;
  /** `on` or `off`. */
  readonly KAFKA_TLS?: string | undefined;
  readonly KAFKA_TLS_CA?: string | undefined;
  readonly KAFKA_TLS_CERT?: string | undefined;
  readonly KAFKA_TLS_KEY?: string | undefined;
}

/**
 * Reads the access that variables name, with the files of certificates. @throws Error of a file that can't be read, or
 * of a variable that lacks its companion
 */
export function kafkaAccess(settings: AccessSettings): KafkaAccess {
  const sasl = saslOf(settings);
  const tls = tlsOf(settings);
  return { ...(sasl && { sasl }), ...(tls && { tls }) };
}

function saslOf({ KAFKA_USERNAME, KAFKA_PASSWORD, KAFKA_SASL_MECHANISM }: AccessSettings): KafkaAccess['sasl'] {
  const [username, password] = [KAFKA_USERNAME || undefined, KAFKA_PASSWORD || undefined];
  if (username === undefined && password === undefined) return undefined;
  if (username === undefined || password === undefined)
    throw new Error('set both KAFKA_USERNAME and KAFKA_PASSWORD, or neither');
  const mechanism = MECHANISMS.find((each) => each === (KAFKA_SASL_MECHANISM || MECHANISMS[0]));
  if (mechanism) return { mechanism, username, password };
  throw new Error(`KAFKA_SASL_MECHANISM must be one of ${MECHANISMS.join(', ')}, not ${KAFKA_SASL_MECHANISM}`);
}

function tlsOf(settings: AccessSettings): KafkaAccess['tls'] {
  if (settings.KAFKA_TLS !== 'on') return undefined;
  const { KAFKA_TLS_CA: ca, KAFKA_TLS_CERT: cert, KAFKA_TLS_KEY: key } = settings;
  if (Boolean(cert) !== Boolean(key)) throw new Error('set both KAFKA_TLS_CERT and KAFKA_TLS_KEY, or neither');
  return {
    ...(ca && { ca: readFileSync(ca, 'utf8') }),
    ...(cert && key && { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }),
  };
}
