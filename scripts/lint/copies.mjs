/**
 * Two rules for lists whose length a file decides. A spread into a call's arguments overflows the stack near 120,000 items; a list that is
 * copied to add one item to it takes time quadratic in its length.
 */

/** Arguments of a call are as many as a person wrote: a tuple, a list written out, or the rest parameter of the function itself. */
const noSpreadArguments = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      spread:
        'A spread into arguments overflows the stack near 120,000 items. Use a loop, greatest()/least() or appendAll() of src/protocol/lists.ts.',
    },
  },
  create(context) {
    const { sourceCode } = context;
    const services = sourceCode.parserServices;
    const checker = services.program?.getTypeChecker();
    const check = (node) => {
      for (const argument of node.arguments)
        if (argument.type === 'SpreadElement' && !isShort(argument.argument))
          context.report({ node: argument, messageId: 'spread' });
    };
    const isShort = (node) => {
      if (node.type === 'ArrayExpression')
        return node.elements.every((element) => element?.type !== 'SpreadElement' || isShort(element.argument));
      if (node.type === 'Identifier' && isOwnRest(sourceCode, node)) return true;
      if (!checker) return false;
      const type = services.getTypeAtLocation(node);
      const types = type.isUnion() ? type.types : [type];
      return types.every((one) => checker.isTupleType(one) && !one.target.hasRestElement);
    };
    return {
      CallExpression(node) {
        check(node);
        const { callee } = node;
        const list = node.arguments[1];
        const applied = callee.type === 'MemberExpression' && callee.property.name === 'apply' && !callee.computed;
        if (applied && list && !isShort(list)) context.report({ node: list, messageId: 'spread' });
      },
      NewExpression: check,
    };
  },
};

/** The name of a rest parameter: its length was decided at the call, which this rule looks at, too. */
function isOwnRest(sourceCode, node) {
  for (let scope = sourceCode.getScope(node); scope; scope = scope.upper) {
    const variable = scope.set.get(node.name);
    if (variable) return variable.defs.some(({ name }) => name.parent?.type === 'RestElement');
  }
  return false;
}

const LOOPS = new Set(['ForStatement', 'ForInStatement', 'ForOfStatement', 'WhileStatement', 'DoWhileStatement']);
const ITERATORS = new Set(['reduce', 'reduceRight', 'forEach', 'map', 'flatMap', 'filter']);

/** No `x = [...x, item]` in a loop, no `map.set(key, [...(map.get(key) ?? []), item])`, no accumulator copied by a reduce. */
const noCopyAppend = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      copy: 'This copies what it adds to, once an item: time quadratic in the items. Use push, set or pushTo().',
    },
  },
  create(context) {
    const { sourceCode } = context;
    const text = (node) => sourceCode.getText(node);
    /** What is copied: the spread parts of a literal, the receiver of concat, the sources of Object.assign({}, …). */
    const copied = (node) => {
      if (node?.type === 'ArrayExpression' || node?.type === 'ObjectExpression') {
        const parts = node.type === 'ArrayExpression' ? node.elements : node.properties;
        return parts.filter((part) => part?.type === 'SpreadElement').map((part) => part.argument);
      }
      if (node?.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return [];
      if (node.callee.property.name === 'concat') return [node.callee.object];
      const [target, ...sources] = node.arguments;
      const fresh = target?.type === 'ObjectExpression' && target.properties.length === 0;
      return text(node.callee) === 'Object.assign' && fresh ? sources : [];
    };
    const inLoop = (node) => {
      for (let at = node; at.parent; at = at.parent) {
        const { parent } = at;
        if (LOOPS.has(parent.type) && parent.body === at) return true;
        const called = parent.type === 'CallExpression' && parent.arguments.includes(at) ? parent.callee : null;
        if (/Function/.test(at.type) && called?.type === 'MemberExpression' && ITERATORS.has(called.property.name))
          return true;
      }
      return false;
    };
    const report = (node) => context.report({ node, messageId: 'copy' });
    return {
      AssignmentExpression(node) {
        const target = text(node.left);
        if (copied(node.right).some((part) => text(part) === target) && inLoop(node)) report(node);
      },
      CallExpression(node) {
        const { callee } = node;
        if (callee.type !== 'MemberExpression' || callee.computed) return;
        if (callee.property.name === 'set' && node.arguments.length === 2) {
          const read = `${text(callee.object)}.get(`;
          if (copied(node.arguments[1]).some((part) => text(part).includes(read))) report(node);
        }
        const [step] = node.arguments;
        if (!/^reduce(Right)?$/.test(callee.property.name) || !/Function/.test(step?.type ?? '')) return;
        const name = step.params[0]?.type === 'Identifier' ? step.params[0].name : null;
        for (const value of results(step))
          if (name !== null && copied(value).some((part) => text(part) === name)) report(value);
      },
    };
  },
};

/** What a function gives back. */
function results(step) {
  if (step.body.type !== 'BlockStatement') return [step.body];
  return step.body.body.filter(({ type }) => type === 'ReturnStatement').map(({ argument }) => argument);
}

/** @type {import('eslint').ESLint.Plugin} */
const plugin = { rules: { 'no-spread-arguments': noSpreadArguments, 'no-copy-append': noCopyAppend } };
export default plugin;
