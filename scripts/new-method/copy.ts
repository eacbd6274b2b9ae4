import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export interface Copied {
  readonly name: string;
  /** Relative to the root. */
  readonly files: readonly string[];
}

const PARTS = ['packages', 'examples', 'scripts', '.changeset'];
/** Files that name the method's paper. Elsewhere the template cites the source of its own numbers, which another paper does not have. */
const NAMES_PAPER = /packages\/new-method\/(package\.json|README\.md|src\/new-method\.ts)$/;
/** What a checkout leaves in the template's folders. */
const LEFT_OUT = /(^|\/)(node_modules|dist|\.turbo|__pycache__)(\/|$)/;

/**
 * Copies the template under a new name.
 * @param name as the package's: small letters, digits and single hyphens
 * @throws Error for a name that is none or is taken, and for a paper that is no arXiv number
 */
export function copyTemplate(
  root: string,
  name: string,
  { title = titleOf(name), paper }: { readonly title?: string; readonly paper?: string } = {},
): Copied {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new Error(
      `new: the name must be small letters, digits and hyphens; got '${name}'; usage: pnpm new my-method`,
    );
  }
  const taken = [`packages/${name}`, `examples/${name}`].find(folder => existsSync(join(root, folder)));
  if (taken) throw new Error(`new: the name must be free; got ${taken}, which is there; choose another`);
  if (paper !== undefined && !/^\d{4}\.\d{4,5}$/.test(paper)) {
    throw new Error(`new: --paper must be an arXiv number; got '${paper}'; write it as 2005.10242`);
  }
  const templates = join(root, 'templates');
  const files = PARTS.flatMap(part => filesIn(join(templates, part))).map(file => {
    const from = relative(templates, file);
    const to = renamed(from, name, title);
    const text = renamed(readFileSync(file, 'utf8'), name, title)
      .replaceAll('../../../', '../../') // a folder less deep
      .replaceAll('  "private": true,\n  "description"', '  "description"');
    mkdirSync(dirname(join(root, to)), { recursive: true });
    writeFileSync(join(root, to), paper && NAMES_PAPER.test(from) ? text.replaceAll('2005.10242', paper) : text);
    return to;
  });
  const licence = `packages/${name}/LICENSE`;
  cpSync(join(root, 'LICENSE'), join(root, licence));
  return { name, files };
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .filter(file => !LEFT_OUT.test(file))
    .sort();
}

/** `new-method` in each way of writing it. */
function renamed(text: string, name: string, title: string): string {
  const camel = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  return text
    .replaceAll('@ssl-template/new-method-example', `@ssl-examples/${name}`)
    .replaceAll('@ssl-template/', '@ssl/') // so that nobody meets the template among the methods
    .replaceAll('new-method', name)
    .replaceAll('new_method', name.replaceAll('-', '_'))
    .replaceAll('newMethod', camel)
    .replaceAll('NewMethod', camel[0]!.toUpperCase() + camel.slice(1))
    .replaceAll('New method', title);
}

function titleOf(name: string): string {
  return name
    .split('-')
    .map(word => (word[0] ?? '').toUpperCase() + word.slice(1))
    .join(' ');
}
