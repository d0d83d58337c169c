// @ts-check
// The strings that the sources ask to be translated: first arguments of `l10n.t` (host), `t` (pages) and `say` (figures and errors,
// which pages and host translate), templates of `say`, second and third of `plural` (pages).
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

/** Position of the messages among the arguments. */
const MESSAGES = new Map([
  ['t', [0]],
  ['say', [0]],
  ['plural', [1, 2]],
]);

/**
 * Every message of src/ and webview/, with the places it is used at. Throws if a message is not a literal: it could not be collected,
 * so it would silently stay English.
 * @param {string} root the checkout
 * @returns {Map<string, string[]>}
 */
export function collectStrings(root) {
  const found = new Map();
  const files = ['src', 'webview'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name)),
  );
  for (const file of files.sort()) {
    const path = relative(root, file);
    if (
      path === join('webview', 'shared', 'l10n.ts') ||
      path === join('src', 'protocol', 'say.ts') ||
      path.startsWith(join('src', 'kernels'))
    )
      continue;
    for (const { message, line } of stringsOf(readFileSync(file, 'utf8'), path))
      found.set(message, [...(found.get(message) ?? []), `${path}:${line}`]);
  }
  return found;
}

/**
 * @param {string} text
 * @param {string} path
 * @returns {{ message: string, line: number }[]}
 */
export function stringsOf(text, path) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  /** @type {{ message: string, line: number }[]} */
  const messages = [];
  const imported = importedNames(source);
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isCallExpression(node)) {
      for (const index of MESSAGES.get(functionOf(node.expression, imported, source) ?? '') ?? []) {
        const argument = node.arguments[index];
        const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
        for (const message of literals(argument, `${path}:${line}`)) messages.push({ message, line });
      }
    }
    if (ts.isTaggedTemplateExpression(node) && functionOf(node.tag, imported, source) === 'say') {
      const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
      messages.push({ message: ofTemplate(node.template, `${path}:${line}`), line });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return messages;
}

/**
 * `vscode.l10n.t`, `l10n.t`, and what is imported of webview/shared/l10n.ts and src/protocol/say.ts, under its own name.
 * @param {ts.Expression} expression
 * @param {ReadonlySet<string>} imported
 * @param {ts.SourceFile} source
 */
function functionOf(expression, imported, source) {
  if (ts.isIdentifier(expression)) return imported.has(expression.text) ? expression.text : undefined;
  return ts.isPropertyAccessExpression(expression) && /(^|\.)l10n\.t$/.test(expression.getText(source))
    ? 't'
    : undefined;
}

/** @param {ts.SourceFile} source */
function importedNames(source) {
  const names = source.statements.flatMap((node) => {
    if (!ts.isImportDeclaration(node) || !/\/(l10n|say)\.ts.$/.test(node.moduleSpecifier.getText(source))) return [];
    const bindings = node.importClause?.namedBindings;
    return bindings && ts.isNamedImports(bindings) ? bindings.elements.map((element) => element.name.text) : [];
  });
  return new Set(names);
}

/**
 * A template with {0}, {1} ... for its gaps, as `say` makes of it.
 * @param {ts.TemplateLiteral} template
 * @param {string} where
 */
function ofTemplate(template, where) {
  const parts = ts.isNoSubstitutionTemplateLiteral(template)
    ? [template.text]
    : [template.head.text, ...template.templateSpans.map(({ literal }) => literal.text)];
  if (parts.some((part) => /\{\d+\}/.test(part)))
    throw new Error(`${where}: a message to translate must not hold {0} beside its own gaps.`);
  return parts.reduce((message, part, gap) => `${message}{${gap - 1}}${part}`);
}

/**
 * A literal, or a choice between literals.
 * @param {ts.Expression | undefined} node
 * @param {string} where
 * @returns {string[]}
 */
function literals(node, where) {
  if (node && (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node))) return [node.text];
  if (node && ts.isParenthesizedExpression(node)) return literals(node.expression, where);
  if (node && ts.isConditionalExpression(node))
    return [...literals(node.whenTrue, where), ...literals(node.whenFalse, where)];
  throw new Error(`${where}: a message to translate must be a string literal, with {0} for what changes.`);
}

/**
 * What the bundle file holds: every message as its own translation, in the order of the alphabet.
 * @param {Iterable<string>} messages
 */
export function bundleText(messages) {
  return `${JSON.stringify(Object.fromEntries([...messages].sort().map((message) => [message, message])), null, 2)}\n`;
}
