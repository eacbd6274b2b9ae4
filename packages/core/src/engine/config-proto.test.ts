import { expect, test } from 'vitest';
import { bytesField, configProto, integerField } from './config-proto.ts';

test('the configuration is the bytes that protocol buffers make of it', () => {
  // tag = field << 3 | type: 2 → 10, 5 → 28, 6 (nested) → 32, 7 → 38, in hexadecimal
  expect(configProto({ threads: 300 }).toString('hex')).toBe('10ac022802320220013801');
  expect(integerField(1, 0).toString('hex')).toBe('0800');
  expect(integerField(16, 2 ** 32).toString('hex')).toBe('80018080808010');
  expect(bytesField(3, 'é').toString('hex')).toBe('1a02c3a9');
});
