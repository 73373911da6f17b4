import { createRequire } from 'node:module';
import type { HtmlLibrary } from '../domain/html.js';

const require = createRequire(import.meta.url);
let loaded: ReturnType<HtmlLibrary> | undefined;

/** Loaded when the first markup comes: it takes 20 MB and 170 ms, and most clones only ever read. */
export const htmlLibrary: HtmlLibrary = () => (loaded ??= require('sanitize-html') as ReturnType<HtmlLibrary>);
