import { describe, expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { contactSheet } from './contact-sheet.ts';
import { type DecodedImage, decodeImage } from './decode.ts';
import { escapeXml, fitText, textWidth } from './svg-text.ts';

const grey = (value: number, width: number, height = width): DecodedImage => ({
  data: new Uint8Array(width * height).fill(value),
  width,
  height,
  channels: 1,
});

const at = ({ data, width }: DecodedImage, x: number, y: number): number[] => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

describe('contactSheet', () => {
  it('enlarges small pictures by whole factors without smoothing, in the middle of the cell', async () => {
    const image = { data: Uint8Array.from([0, 255, 255, 0]), width: 2, height: 2, channels: 1 };
    const sheet = await decodeImage(await contactSheet({ rows: [{ cells: [{ image }] }], cell: 9, gap: 0 }));
    // Factor 4 of 9: the picture starts at the margin of 16 and ends 8 pixels on.
    expect([sheet.width, sheet.height]).toEqual([9 + 32, 9 + 32]);
    expect(at(sheet, 16, 16)).toEqual([0, 0, 0]);
    expect(at(sheet, 19, 19)).toEqual([0, 0, 0]);
    expect(at(sheet, 20, 19)).toEqual([255, 255, 255]);
    expect(at(sheet, 23, 23)).toEqual([0, 0, 0]);
  });

  it('shrinks large pictures and keeps their proportions', async () => {
    const sheet = await decodeImage(
      await contactSheet({ rows: [{ cells: [{ image: grey(10, 200, 100) }] }], cell: 40 }),
    );
    expect(at(sheet, 16 + 20, 16 + 20)).toEqual([10, 10, 10]);
    expect(at(sheet, 16 + 20, 16 + 5)).toEqual([255, 255, 255]);
  });

  it('draws frames outside the pictures, in the colour asked for', async () => {
    const cells = [
      { image: grey(0, 16), frame: 'right' as const },
      { image: grey(0, 16), frame: 'wrong' as const },
      { image: grey(0, 16), frame: '#0000ff' as const },
      { image: grey(0, 16) },
      {},
    ];
    const sheet = await decodeImage(await contactSheet({ rows: [{ cells }], cell: 16, gap: 8 }));
    const left = (c: number): number[] => at(sheet, 16 + c * 24 - 2, 24);
    expect([0, 1, 2, 4].map(left)).toEqual([
      [0, 158, 115],
      [213, 94, 0],
      [0, 0, 255],
      [255, 255, 255],
    ]);
    expect([0, 1, 2, 3].map(c => at(sheet, 16 + c * 24, 24))).toEqual(new Array(4).fill([0, 0, 0]));
  });

  it('makes room for labels, captions, headings and a title, and escapes them', async () => {
    const nasty = '<a & "b">\u0000\ud800';
    const plain = await decodeImage(await contactSheet({ rows: [{ cells: [{ image: grey(9, 8) }] }] }));
    const sheet = await decodeImage(
      await contactSheet({
        rows: [{ label: nasty, cells: [{ image: grey(9, 8), caption: nasty }] }],
        title: nasty,
        columns: [nasty],
      }),
    );
    expect(sheet.width).toBeGreaterThan(plain.width + 60);
    expect(sheet.height).toBeGreaterThan(plain.height + 60);
    const ink = sheet.data.subarray(0, sheet.width * 3 * 40).some(value => value < 100);
    expect(ink).toBe(true);
  });

  it('refuses an empty sheet and one too large to draw', async () => {
    await expect(contactSheet({ rows: [] })).rejects.toThrow(ConfigError);
    await expect(contactSheet({ rows: [{ cells: [] }] })).rejects.toThrow(/at least one cell/);
    await expect(contactSheet({ rows: [{ cells: [{}] }], cell: 0.5 })).rejects.toThrow(/whole number/);
    const rows = Array.from({ length: 400 }, () => ({ cells: [{}] }));
    await expect(contactSheet({ rows })).rejects.toThrow(/no side may exceed/);
  });
});

describe('svg text', () => {
  it('cuts what does not fit', () => {
    expect(fitText('short', 10, 100)).toBe('short');
    const cut = fitText('a name that is much too long', 10, 60);
    expect(cut).toMatch(/^a name.*…$/);
    expect(textWidth(cut, 10)).toBeLessThanOrEqual(60);
    expect(textWidth('漢字', 10)).toBe(20);
  });

  it('leaves nothing that would break the XML', () => {
    expect(escapeXml('<&>"\'\u0001\ud800x')).toBe('&#60;&#38;&#62;&#34;&#39;\ufffd\ufffdx');
  });
});
