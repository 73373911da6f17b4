import { appendFileSync } from 'node:fs';

/** Jest reporter: adds a run's counts to the file named by STOA_TEST_COUNTS, one JSON line a run. */
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
    };
    appendFileSync(file, `${JSON.stringify(counts)}\n`);
  }
}
