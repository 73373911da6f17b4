import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** @returns {string[]} each failed test of a file with the beginning of its message, or why the file did not run */
function failuresOf({ testFilePath, testResults, testExecError, failureMessage }) {
  const file = path.relative(process.cwd(), testFilePath);
  const beginning = (message) => stripVTControlCharacters(message ?? '').slice(0, 600);
  const failed = testResults.filter(({ status }) => status === 'failed');
  if (failed.length > 0)
    return failed.map((test) => `${file}: ${test.fullName}: ${beginning(test.failureMessages[0])}`);
  return testExecError || failureMessage ? [`${file}: ${beginning(failureMessage)}`] : [];
}

/** Jest reporter: adds a run's counts and failures to the file named by STOA_TEST_COUNTS, one JSON line a run. */
export default class CountReporter {
  onRunComplete(_contexts, results) {
    const file = process.env.STOA_TEST_COUNTS;
    if (!file) return;
    const broken = results.testResults.filter((suite) => suite.testExecError || suite.failureMessage).length;
    const counts = {
      passed: results.numPassedTests,
      // A file that could not even be loaded has no failed test of its own.
      failed: Math.max(results.numFailedTests, broken > 0 && results.numFailedTests === 0 ? broken : 0),
      skipped: results.numPendingTests + results.numTodoTests,
      failures: results.testResults.flatMap(failuresOf),
    };
    appendFileSync(file, `${JSON.stringify(counts)}\n`);
  }
}
