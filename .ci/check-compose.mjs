// Checks docker-compose.yml, which nothing here can start: that it is YAML whose names lead somewhere, and that each
// container is hardened, has no secret with a default, and is reached by nobody but whom it serves. Plants a violation
// of each rule first, to see that it is caught.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

const root = path.resolve(import.meta.dirname, '..');
const text = readFileSync(path.join(root, 'docker-compose.yml'), 'utf8');
const made = readFileSync(path.join(root, 'infra/docker/make-env.sh'), 'utf8');
const SECRET = /PASSWORD|TOKEN|SECRET/;

const isHardened = ({ read_only, cap_drop = [], security_opt = [], mem_limit, pids_limit, privileged }) =>
  read_only === true &&
  cap_drop.includes('ALL') &&
  security_opt.includes('no-new-privileges:true') &&
  Boolean(mem_limit && pids_limit) &&
  !privileged;

/** Where the world comes in, and from where payments reach their provider. */
const LEAD_OUT = new Set(['edge', 'payments']);

/** A port that only this machine reaches is none of the world's: the page of the local payment provider. */
const isPublished = ({ ports = [] }) => ports.some((port) => !String(port).startsWith('127.0.0.1:'));

function faultsOfService(name, service, document) {
  const nets = service.networks ?? [];
  const { services, networks } = document;
  return [
    ...(isHardened(service) ? [] : [`${name} is not hardened`]),
    ...(nets.length > 0 ? [] : [`${name} is on the default network`]),
    ...nets.filter((net) => !(net in networks)).map((net) => `${name} is on ${net}, which is no network`),
    ...(isPublished(service) && name !== 'haproxy' ? [`${name} is published`] : []),
    ...Object.keys(service.depends_on ?? {})
      .filter((other) => !services[other])
      .map((other) => `${name} waits for ${other}, which is none`),
  ];
}

/** @returns {string[]} what is wrong with a file */
function faults(source) {
  const document = parse(source, { merge: true, maxAliasCount: -1 });
  const { services, networks } = document;
  const variables = [...source.matchAll(/\$\{(\w+)(:?[-?])?/g)].filter(([, name]) => SECRET.test(name));
  const missing = variables.filter(
    ([, name]) =>
      !made.includes(name.replace(/^STOA_(.*)_PASSWORD$/, '$1').replace(/^STOA_(ADMIN_TOKEN|SEALING_SECRET)_/, '')),
  );
  return [
    ...Object.entries(services).flatMap(([name, service]) => faultsOfService(name, service, document)),
    ...Object.entries(networks)
      .filter(([name, net]) => !LEAD_OUT.has(name) && !net?.internal)
      .map(([name]) => `${name} leads out`),
    ...variables.filter(([, , form]) => form !== ':?').map(([, name]) => `${name} may be missing, or has a default`),
    ...missing.map(([, name]) => `${name} is made by nobody`),
  ];
}

const PLANTED = [
  [/read_only: true/, 'read_only: false', 'is not hardened'],
  [/cap_drop: \[ALL\]/, 'cap_drop: []', 'is not hardened'],
  [/main: \{ internal: true \}/, 'main: {}', 'main leads out'],
  [/\$\{STOA_REDIS_PASSWORD:\?[^}]*\}/, '${STOA_REDIS_PASSWORD:-stoa}', 'STOA_REDIS_PASSWORD may be missing'],
  [/networks: \[cache\]/, "networks: [cache]\n    ports: ['6379:6379']", 'redis is published'],
];
const failures = faults(text);
for (const [from, to, caught] of PLANTED) {
  if (!faults(text.replace(from, to)).some((fault) => fault.includes(caught))) failures.push(`not caught: ${caught}`);
}
for (const failure of failures) process.stderr.write(`docker-compose.yml: ${failure}\n`);
process.exitCode = failures.length > 0 ? 1 : 0;
