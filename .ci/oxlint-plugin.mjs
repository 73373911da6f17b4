// Lint rules of this repository's own, as ESLint would have them (.oxlintrc.json: jsPlugins).

const CLOCKS = new Set(['performance.now', 'Date.now', 'process.hrtime', 'process.uptime']);
const COMPARISON = /^to(BeLessThan|BeGreaterThan|BeCloseTo|Be$|Equal)/;

const nameOf = ({ type, name, object, property, computed }) => {
  if (type === 'Identifier') return name;
  return type === 'MemberExpression' && !computed ? `${nameOf(object)}.${property.name}` : '';
};

const isNode = (value) => typeof value?.type === 'string';

/** Whether `test` holds for the node or one below it. Functions in it are looked through as well. */
function some(node, test) {
  if (test(node)) return true;
  return Object.entries(node).some(
    ([key, value]) => key !== 'parent' && [value].flat().some((child) => isNode(child) && some(child, test)),
  );
}

const readsClock = (node) => node.type === 'CallExpression' && CLOCKS.has(nameOf(node.callee).replace('.bigint', ''));

/**
 * Refuses `expect` of an elapsed time: of the difference of two clock readings, at once or through a variable or a
 * list. A busy machine breaks such a test without a fault in what it tests.
 */
const noElapsedTimeAssertion = {
  create(context) {
    /** Names of variables that hold a clock reading, and of those that hold a difference of two. */
    const readings = new Set();
    const differences = new Set();
    const expected = [];
    const isReading = (node) => readsClock(node) || (node.type === 'Identifier' && readings.has(node.name));
    const isDifference = (node) =>
      (node.type === 'BinaryExpression' &&
        node.operator === '-' &&
        (isReading(node.left) || readsClock(node.right) || isReading(node.right))) ||
      (node.type === 'Identifier' && differences.has(node.name));
    const learn = (name, value) => {
      if (isReading(value)) readings.add(name);
      if (value && !/Function/.test(value.type) && some(value, isDifference)) differences.add(name);
    };
    return {
      VariableDeclarator: ({ id, init }) => init && id.type === 'Identifier' && learn(id.name, init),
      AssignmentExpression: ({ left, right }) => left.type === 'Identifier' && learn(left.name, right),
      CallExpression(node) {
        const { callee, arguments: args } = node;
        if (callee.type !== 'MemberExpression') return;
        if (callee.property.name === 'push' && args.some((arg) => some(arg, isDifference)))
          differences.add(nameOf(callee.object));
        if (COMPARISON.test(callee.property.name ?? '')) expected.push(node);
      },
      'Program:exit'() {
        for (const node of expected) {
          if (!some(node, isDifference)) continue;
          const message =
            'a spec asserts no elapsed time: assert an order, or use withinDeadline() or mostlyWithin() of @stoa/testing (docs/decisions/0028-how-a-test-waits.md)';
          context.report({ node, message });
        }
      },
    };
  },
};

export default { meta: { name: 'stoa' }, rules: { 'no-elapsed-time-assertion': noElapsedTimeAssertion } };
