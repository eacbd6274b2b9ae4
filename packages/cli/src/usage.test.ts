import { expect, test } from 'vitest';
import { listOptions, type OptionSpecs, readOptions, UsageError } from './usage.ts';

const specs: OptionSpecs = {
  out: { type: 'string', help: 'a folder' },
  epochs: { type: 'number', help: 'how many', default: 3 },
  resume: { type: 'boolean', help: 'go on' },
  layers: { type: 'json', help: 'widths' },
};
const read = (...args: string[]): ReturnType<typeof readOptions> => readOptions('train', args, specs);

test('values have the type of their option; what was not given is absent', async () => {
  expect(await read('--out', 'a b', '--epochs=1e2', '--resume', '--layers', '[1,2]', 'x')).toEqual({
    options: { out: 'a b', epochs: 100, resume: true, layers: [1, 2] },
    positionals: ['x'],
  });
  expect((await read('--no-resume', '--epochs', '-1')).options).toEqual({ resume: false, epochs: -1 });
  expect((await read('--epochs', '.5')).options).toEqual({ epochs: 0.5 });
});

test.each([
  [['--epocs', '3'], /ssl train: there is no option --epocs; did you mean '--epochs'\? See: ssl train --help/],
  [['--zzzzz'], /there is no option --zzzzz; See/],
  [['--no-epochs'], /there is no option --no-epochs/],
  [['-e'], /there is no option -e/],
  [['--epochs', 'ten'], /--epochs must be a number; got 'ten'/],
  [['--epochs', 'Infinity'], /--epochs must be a number; got 'Infinity'/],
  [['--epochs'], /--epochs needs a value; got none/],
  [['--out', '--resume'], /--out needs a value; got '--resume'/],
  [['--resume=yes'], /--resume takes no value; got 'yes'/],
  [['--layers', '[1'], /--layers must be JSON; got '\[1'/],
])('%j is refused', async (args, message) => {
  await expect(read(...args)).rejects.toThrow(message);
  await expect(read(...args)).rejects.toBeInstanceOf(UsageError);
});

test('the list has one line an option, with its default', () => {
  expect(listOptions(specs).split('\n')).toEqual([
    '  --out TEXT     a folder',
    '  --epochs N     how many (default: 3)',
    '  --resume       go on',
    '  --layers JSON  widths',
  ]);
});
