/** Names of networks, as the gateway's TRUSTED_PROXIES has them too. */
const NETWORKS: Readonly<Record<string, string>> = {
  loopback: '127.0.0.0/8 ::1/128',
  linklocal: '169.254.0.0/16 fe80::/10',
  uniquelocal: '10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7',
};

/** A list with commas as HAProxy takes it. */
const networks = (list: string): string =>
  list
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((network) => NETWORKS[network] ?? network)
    .join(' ');

/** How much higher than the shop's port the one is that speaks TLS: 4443 for 4000. */
const TLS_PORT_OFFSET = 443;

/** All clients of a stack on one machine are one source, load generators too. */
const CONNECTIONS_PER_SOURCE = '2000';

/**
 * The variables of infra/haproxy/haproxy.cfg for a shop at a port of 127.0.0.1.
 * @param env the settings of whoever starts it; TRUSTED_PROXIES means proxies in front of HAProxy there
 */
export function haproxySettings(env: NodeJS.ProcessEnv, port: number): Record<string, string> {
  return {
    STOA_HAPROXY_BIND: `127.0.0.1:${port}`,
    STOA_HAPROXY_TLS_BIND: env['STOA_HAPROXY_TLS_BIND'] ?? `127.0.0.1:${port + TLS_PORT_OFFSET}`,
    STOA_HAPROXY_THREADS: '1', // one core of HAProxy outruns all clones that fit on this machine
    STOA_HAPROXY_CONNECTIONS_PER_SOURCE: env['STOA_HAPROXY_CONNECTIONS_PER_SOURCE'] ?? CONNECTIONS_PER_SOURCE,
    STOA_HAPROXY_TRUSTED_PROXIES: networks(env['STOA_HAPROXY_TRUSTED_PROXIES'] ?? env['TRUSTED_PROXIES'] ?? ''),
    STOA_HAPROXY_PROXY_PROTOCOL: networks(env['STOA_HAPROXY_PROXY_PROTOCOL'] ?? ''),
  };
}
