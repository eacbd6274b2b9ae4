/** Doc comments of sources, so that a page says of a setting what its code says. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export interface Documented {
  /** The comment without its tags, one paragraph a string. */
  readonly text: readonly string[];
  /** The members of an interface with their comments, without those of the interfaces it extends. */
  readonly members: ReadonlyMap<string, string>;
  /** Names of the interfaces that it extends. */
  readonly parents: readonly string[];
}

/** Every interface and function of the sources in a folder, by name. */
export function documented(folder: string): Map<string, Documented> {
  const found = new Map<string, Documented>();
  for (const file of readdirSync(folder).filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts'))) {
    const source = ts.createSourceFile(file, readFileSync(join(folder, file), 'utf8'), ts.ScriptTarget.Latest, true);
    for (const node of source.statements) {
      if (!(ts.isInterfaceDeclaration(node) || ts.isFunctionDeclaration(node)) || !node.name) continue;
      const members = ts.isInterfaceDeclaration(node) ? node.members : [];
      found.set(node.name.text, {
        text: commentOf(node),
        members: new Map(members.map(member => [member.name!.getText(), commentOf(member).join(' ')])),
        parents: ts.isInterfaceDeclaration(node) ? parentsOf(node) : [],
      });
    }
  }
  return found;
}

function commentOf(node: ts.Node): string[] {
  const comment = ts.getJSDocCommentsAndTags(node).find(ts.isJSDoc)?.comment;
  const text = typeof comment === 'string' ? comment : (ts.getTextOfJSDocComment(comment) ?? '');
  return text
    .split(/\n\s*\n/)
    .map(paragraph => paragraph.replace(/\s+/g, ' ').trim())
    .filter(Boolean);
}

function parentsOf(node: ts.InterfaceDeclaration): string[] {
  return (node.heritageClauses ?? []).flatMap(clause => clause.types.map(type => type.expression.getText()));
}
