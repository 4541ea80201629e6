// What no-restricted-globals and no-restricted-properties cannot say: a Date made without arguments reads the clock, one made from data does not.
const isDate = (node, context) => {
  if (node.type !== 'Identifier' || node.name !== 'Date') return false;
  for (let scope = context.sourceCode.getScope(node); scope; scope = scope.upper) {
    const variable = scope.set.get('Date');
    if (variable) return variable.defs.length === 0;
  }
  return true;
};

const noClockDate = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      clock: 'A pure file reads no clock: take the time as data instead of `{{code}}`.',
    },
  },
  create(context) {
    return {
      NewExpression(node) {
        if (node.arguments.length === 0 && isDate(node.callee, context)) {
          context.report({ node, messageId: 'clock', data: { code: 'new Date()' } });
        }
      },
      CallExpression(node) {
        // Called as a function, Date ignores its arguments and gives the present time.
        if (isDate(node.callee, context)) context.report({ node, messageId: 'clock', data: { code: 'Date()' } });
      },
    };
  },
};

export default { meta: { name: 'purity' }, rules: { 'no-clock-date': noClockDate } };
