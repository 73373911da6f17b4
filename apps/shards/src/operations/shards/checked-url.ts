/** The parameters that addShard takes. Others name files (sslcert), or other hosts than the URL shows (host). */
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  sslmode: ['require', 'verify-ca', 'verify-full'],
};

/** A URL that is not taken: why. It quotes nothing of the URL but names, since the rest may be secret. */
export interface RefusedUrl {
  readonly refused: string;
}

function withParameters(url: URL): RefusedUrl | undefined {
  for (const [name, value] of url.searchParams) {
    const values = PARAMETERS[name];
    if (!values) return { refused: `has a parameter that is not among ${Object.keys(PARAMETERS).join(', ')}` };
    if (!values.includes(value)) return { refused: `has a ${name} that is not among ${values.join(', ')}` };
  }
  return undefined;
}

function isPlain({ hostname, username, pathname, hash }: URL): boolean {
  return (
    /^[a-z0-9.-]+$|^\[[0-9a-f:]+\]$/i.test(hostname) && username !== '' && hash === '' && /^\/[^/]+$/.test(pathname)
  );
}

/**
 * A shard's URL in the one form that every program reads alike: a user, one host of the list, a database, and no
 * parameters but those named. So nobody connects to where operators of the installation did not allow it (CWE-918).
 * @param hosts names or addresses, each with a port or for any port
 */
export function checkedUrl(text: string, hosts: readonly string[]): { readonly url: string } | RefusedUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^postgres(ql)?:$/.test(url.protocol) || !isPlain(url)) {
    return { refused: 'is no URL such as postgres://user:password@host:5432/database' };
  }
  const [host, withPort] = [url.hostname.toLowerCase(), `${url.hostname}:${url.port || '5432'}`.toLowerCase()];
  if (!hosts.some((allowed) => allowed.toLowerCase() === host || allowed.toLowerCase() === withPort)) {
    return { refused: `has the host ${host}, which SHARD_HOSTS of the service shards does not name` };
  }
  return withParameters(url) ?? { url: url.href };
}
