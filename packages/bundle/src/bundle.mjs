#!/usr/bin/env node
// Run in an app's folder once tsc has built it: makes each of the app's programs one file with all that it imports, in
// its place.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire, isBuiltin } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';

const PROGRAMS = ['dist/main.js', 'dist/migrate.js', 'dist/cli/main.js'];

/** They stay outside: compiled for a platform, with files beside them, or needed by few who run the program. */
const OUTSIDE = /^(?:@node-rs|@platformatic|@prisma|@scalar)\/|^kafkajs$/;

const canResolve = (wanted, importer) => {
  try {
    createRequire(importer).resolve(wanted);
    return true;
  } catch {
    return false;
  }
};

/**
 * Loads what is outside when the module that imports it runs, as it would without a bundle, where esbuild has all of it
 * loaded first. It comes by `require`: `import` of node:http asks for all that the module has, and with that loads
 * Node's `fetch` (66 ms).
 */
const outside = (folder) => ({
  name: 'outside',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[^./]/ }, ({ kind, importer, path: wanted }) => {
      if (kind === 'entry-point') return undefined;
      if (isBuiltin(wanted) || OUTSIDE.test(wanted)) {
        return kind === 'import-statement'
          ? { path: wanted, namespace: 'outside', pluginData: importer }
          : { path: wanted, external: true };
      }
      // Libraries ask for some and do without: Nest for the transports and adapters that an app does not have.
      const isAsked = kind === 'dynamic-import' || kind === 'require-call';
      return isAsked && !canResolve(wanted, importer) ? { path: wanted, external: true } : undefined;
    });
    onLoad({ filter: /.*/, namespace: 'outside' }, ({ path: wanted, pluginData: importer }) => ({
      contents: isBuiltin(wanted)
        ? `module.exports = process.getBuiltinModule('${wanted}');`
        : `module.exports = requireFrom(${placeOf(importer, folder)})('${wanted}');`,
    }));
  },
});

/** Code for the URL of a file, seen from the bundle. */
const placeOf = (file, folder) => `new URL(${JSON.stringify(path.relative(folder, file))}, bundleUrl)`;

/** Keeps the places by which a module finds migrations, SQL and packages that are loaded later. */
const ownPlace = (folder) => ({
  name: 'own-place',
  setup({ onLoad }) {
    onLoad({ filter: /\.[cm]?js$/, namespace: 'file' }, async ({ path: file }) => {
      const source = await readFile(file, 'utf8');
      if (!/\bimport\.meta\.|\b__(?:dirname|filename)\b/.test(source)) return undefined;
      const ownUrl = placeOf(file, folder);
      const ownPath = `process.getBuiltinModule('node:url').fileURLToPath(${ownUrl})`;
      const contents = source
        .replaceAll(/\bimport\.meta\.url\b/g, `${ownUrl}.href`)
        .replaceAll(/\bimport\.meta\.filename\b|(?<!['"])\b__filename\b/g, ownPath)
        .replaceAll(
          /\bimport\.meta\.dirname\b|(?<!['"])\b__dirname\b/g,
          `process.getBuiltinModule('node:path').dirname(${ownPath})`,
        );
      return { contents, loader: 'js' };
    });
  },
});

async function bundle(program) {
  const folder = path.resolve(path.dirname(program));
  const { outputFiles } = await build({
    entryPoints: [program],
    outfile: program,
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    sourcemap: true,
    sourcesContent: false,
    banner: {
      js: [
        'const bundleUrl = import.meta.url;',
        "const requireFrom = process.getBuiltinModule('node:module').createRequire;",
        // For the CommonJS packages among what is bundled.
        'const require = requireFrom(bundleUrl);',
      ].join('\n'),
    },
    plugins: [outside(folder), ownPlace(folder)],
    logLevel: 'warning',
  });
  for (const { path: file, text } of outputFiles) await writeFile(file, file.endsWith('.js') ? inAscii(text) : text);
}

/**
 * esbuild writes code in ASCII, but not what it keeps of comments: with one other letter V8 keeps the whole text in two
 * bytes a letter.
 */
const inAscii = (code) =>
  code.replaceAll(/^\s*(?:\/\/|[/(]?\*).*\P{ASCII}.*$/gmu, (comment) => comment.replaceAll(/\P{ASCII}/gu, '?'));

const programs = PROGRAMS.filter((program) => existsSync(program));
if (programs.length === 0) throw new Error(`${PROGRAMS.join(', ')}: none of them is here, build the app first`);
await Promise.all(programs.map(bundle));
