/** How the files of src and webview import each other: ARCHITECTURE.md's "imports go down only", checked file by file. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

interface Import {
  to: string;
  /** gone after compiling: no cycle at run time */
  isType: boolean;
}
type Graph = ReadonlyMap<string, readonly Import[]>;

const ROOT = resolve(import.meta.dirname, '../..');

function filesOf(...folders: string[]): Map<string, string> {
  const names = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  );
  // AssemblyScript has modules of its own.
  const sources = names.filter((name) => name.endsWith('.ts') && !name.startsWith(join('src', 'kernels')));
  return new Map(sources.map((name) => [name, readFileSync(join(ROOT, name), 'utf8')]));
}

function isTypeOnly(statement: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(statement)) return statement.isTypeOnly;
  const clause = statement.importClause;
  if (!clause || clause.isTypeOnly) return clause !== undefined;
  const { name, namedBindings } = clause;
  return (
    name === undefined &&
    namedBindings !== undefined &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.every((element) => element.isTypeOnly)
  );
}

function importsOf(file: string, text: string): Import[] {
  return ts
    .createSourceFile(file, text, ts.ScriptTarget.Latest)
    .statements.filter((statement) => ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement))
    .flatMap((statement) => {
      const { moduleSpecifier } = statement;
      if (!moduleSpecifier || !ts.isStringLiteral(moduleSpecifier) || !moduleSpecifier.text.startsWith('.')) return [];
      return [{ to: join(dirname(file), moduleSpecifier.text), isType: isTypeOnly(statement) }];
    });
}
const graphOf = (files: ReadonlyMap<string, string>): Graph =>
  new Map([...files].map(([file, text]) => [file, importsOf(file, text)]));

/** Groups of two or more nodes that reach each other (Tarjan's strongly connected components). */
function cycles(graph: Graph, counts: (imported: Import) => boolean): string[][] {
  const found: string[][] = [];
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const visit = (node: string): number => {
    let low = order.size;
    order.set(node, low);
    stack.push(node);
    for (const imported of graph.get(node) ?? []) {
      if (!counts(imported)) continue;
      const seen = order.get(imported.to);
      if (seen === undefined) low = Math.min(low, visit(imported.to));
      else if (stack.includes(imported.to)) low = Math.min(low, seen);
    }
    lowest.set(node, low);
    if (low !== order.get(node)) return low;
    const group = stack.splice(stack.indexOf(node));
    if (group.length > 1 || graph.get(node)?.some((imported) => imported.to === node && counts(imported)))
      found.push(group.sort());
    return low;
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return found;
}
/** src/engine, webview/shared: the folders of ARCHITECTURE.md. */
const folderOf = (file: string): string => file.split(/[\\/]/).slice(0, 2).join('/');

function folderGraph(graph: Graph): Graph {
  const folders = new Map<string, Import[]>();
  for (const [file, imports] of graph) {
    const from = folderOf(file);
    const list = folders.get(from) ?? [];
    for (const { to, isType } of imports) if (folderOf(to) !== from) list.push({ to: folderOf(to), isType });
    folders.set(from, list);
  }
  return folders;
}

describe('imports of src and webview', () => {
  const graph = graphOf(filesOf('src', 'webview'));
  test('every import is of a file that is there', () => {
    const missing = [...graph].flatMap(([file, imports]) =>
      imports.filter(({ to }) => to.endsWith('.ts') && !graph.has(to)).map(({ to }) => `${file}: ${to}`),
    );
    expect(missing).toEqual([]);
  });
  test('no file imports itself by way of others', () => {
    expect(cycles(graph, ({ isType }) => !isType)).toEqual([]);
  });
  test('types go round only within one folder', () => {
    const wide = cycles(graph, () => true).filter((group) => new Set(group.map(dirname)).size > 1);
    expect(wide).toEqual([]);
  });
  test('no two folders import each other', () => {
    expect(cycles(folderGraph(graph), ({ isType }) => !isType)).toEqual([]);
  });
  test('names of files have one style: camelCase in src, kebab-case in webview', () => {
    const names = (folder: string): string[] =>
      [...graph.keys()].filter((file) => file.startsWith(folder)).map((file) => basename(file, '.ts'));
    expect(names('src').filter((name) => !/^[a-z][a-zA-Z0-9]*(\.d)?$/.test(name))).toEqual([]);
    expect(names('webview').filter((name) => !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name))).toEqual([]);
  });
  test('a cycle is seen: of values, of types, and of a file with itself', () => {
    const files = new Map([
      ['src/a/one.ts', "import { two } from '../b/two.ts';"],
      ['src/b/two.ts', "export { three } from './three.ts';"],
      ['src/b/three.ts', "import { type One } from '../a/one.ts';"],
      ['src/b/self.ts', "import './self.ts';"],
    ]);
    expect(cycles(graphOf(files), ({ isType }) => !isType)).toEqual([['src/b/self.ts']]);
    expect(cycles(graphOf(files), () => true)).toEqual([
      ['src/a/one.ts', 'src/b/three.ts', 'src/b/two.ts'],
      ['src/b/self.ts'],
    ]);
    expect(cycles(folderGraph(graphOf(files)), () => true)).toEqual([['src/a', 'src/b']]);
  });
});
