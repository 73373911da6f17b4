/** The parts that all command lines of this repository share: words, values, errors, tables and progress. */
export { oneOf, parseArguments, type Syntax, wholeNumber } from './arguments.js';
export { duration, seconds } from './duration.js';
export { CliError, reason } from './errors.js';
export { counted, grouped, ranges, size } from './format.js';
export { onInterrupt } from './interrupt.js';
export { bar, ProgressBar, type ProgressStep } from './progress-bar.js';
export { Steps } from './steps.js';
export { table } from './table.js';
