import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PARITY_TOLERANCE, type Parity } from '@ssl/core/testing';

const PACKAGES = fileURLToPath(new URL('../../packages/', import.meta.url));

interface Row {
  readonly method: string;
  readonly what: string;
  readonly quantity: string;
  readonly reference: string;
  readonly worst: number;
  readonly tolerance: number;
  readonly reason: string;
  readonly cases: number;
}

/** The page: a row for each method, function, quantity and reference, with the largest difference of its cases. */
export async function parityPage(): Promise<string> {
  const rows = await parityRows();
  const lines = rows.map(
    row =>
      `| ${row.method} | ${row.what} | ${row.quantity} | ${row.reference} | ${row.cases} | ${row.worst.toExponential(1)} | ${row.tolerance.toExponential(0)}${row.reason && `: ${row.reason}`} |`,
  );
  return `<!-- Written by \`pnpm docs:parity\`. Do not edit. -->
# Parity with the references

Largest differences from reference implementations, over the largest value of what is compared. The scripts that made the fixtures are in
[\`scripts/parity\`](../scripts/parity/README.md); each row is also a test of its package.

| method | what | compared | reference | cases | largest difference | allowed |
|---|---|---|---|--:|--:|---|
${lines.join('\n')}
`;
}

/** What is measured, package by package. */
async function parityRows(): Promise<Row[]> {
  const methods = readdirSync(PACKAGES).filter(name => existsSync(`${PACKAGES}${name}/src/parity.ts`));
  const rows = new Map<string, Row>();
  for (const method of methods.sort()) {
    const { parity } = (await import(`${PACKAGES}${method}/src/parity.ts`)) as { parity: Parity };
    for (const { what, quantity, reference, tolerance = PARITY_TOLERANCE, reason = '', difference } of parity) {
      const name = what.split(',')[0]!; // what follows names the input
      const key = [method, name, quantity, reference, tolerance].join('|');
      const before = rows.get(key);
      const worst = Math.max(before?.worst ?? 0, await difference());
      rows.set(key, {
        method,
        what: name,
        quantity,
        reference,
        worst,
        tolerance,
        reason,
        cases: (before?.cases ?? 0) + 1,
      });
    }
  }
  return [...rows.values()];
}
