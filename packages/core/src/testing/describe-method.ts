import { describe, test } from 'vitest';
import { methodChecks } from './method-checks.ts';
import type { MethodKitOptions } from './method-kit.ts';

/** The rules of the method contract as vitest's tests: a line in a method package's tests holds it to all of them. */
export function describeMethod(name: string, kit: MethodKitOptions): void {
  describe(`${name} keeps the method contract`, () => {
    test.each(methodChecks(kit))('$name', ({ check }) => check(), 120_000);
  });
}
