// Makes dist/client/index.js out of @platformatic/kafka.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/**
 * Modules that are left out or replaced. A path that no longer exists in the library is an error, not a bigger bundle.
 */
const replaced = new Set();
const leaner = {
  name: 'leaner',
  setup({ onResolve, onLoad, onEnd }) {
    // Schema registries bring Avro, Protobuf and all of JSON Schema; our messages are JSON, checked by their contracts.
    onResolve({ filter: /\/registries\/index\.js$/ }, () => {
      replaced.add('registries');
      return { path: 'registries', namespace: 'empty' };
    });
    onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: 'export {};' }));
    onResolve({ filter: /^ajv\/dist\/2020\.js$/ }, () => {
      replaced.add('ajv');
      return { path: here('lazy-ajv.mjs') };
    });
    onEnd(() => {
      if (replaced.size < 2) return { errors: [{ text: `only ${[...replaced].join()} was found in the library` }] };
      return undefined;
    });
  },
};

await build({
  // As whoever imports the library gets it.
  entryPoints: [fileURLToPath(import.meta.resolve('@platformatic/kafka'))],
  outfile: here('../dist/client/index.js'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // They read files beside themselves.
  external: ['@node-rs/crc32', '@platformatic/wasm-utils'],
  // For the CommonJS packages among what is bundled.
  banner: {
    js: "import { createRequire as requireOf } from 'node:module';\nconst require = requireOf(import.meta.url);",
  },
  plugins: [leaner],
  logLevel: 'warning',
});
await writeFile(here('../dist/client/index.d.ts'), "export * from '@platformatic/kafka';\n");
