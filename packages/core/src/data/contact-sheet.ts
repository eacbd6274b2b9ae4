import sharp from 'sharp';
import { ConfigError } from '../errors.ts';
import { bytesOf, type DecodedImage } from './decode.ts';
import { forEachLimited } from './parallel.ts';
import { escapeXml, fitText, textWidth } from './svg-text.ts';

export interface ContactSheetCell {
  /** Left out, the place stays empty. */
  readonly image?: DecodedImage;
  /** One line below the picture. */
  readonly caption?: string;
  /** A coloured frame: `right` and `wrong` (told apart by people with any colour vision), or a colour as `#rrggbb`. */
  readonly frame?: 'right' | 'wrong' | `#${string}`;
}

export interface ContactSheetRow {
  readonly label?: string;
  readonly cells: readonly ContactSheetCell[];
}

export interface ContactSheetOptions {
  readonly rows: readonly ContactSheetRow[];
  /** Side of a cell in pixels. Default 96. Small pictures grow by whole factors without smoothing, large ones shrink. */
  readonly cell?: number;
  /** Space between cells in pixels. Default 12, so that frames do not touch. */
  readonly gap?: number;
  readonly title?: string;
  /** Headings of the columns. */
  readonly columns?: readonly string[];
}

// Bluish green and vermilion of Okabe and Ito's palette, "Color Universal Design" (2008).
const FRAMES = { right: '#009e73', wrong: '#d55e00' } as const;
const FRAME_WIDTH = 3;
const [INK, HAIRLINE] = ['#24292f', '#d8dee4'];
const FONTS = 'DejaVu Sans, Helvetica, Arial, sans-serif';
const MARGIN = 16;
const LABEL_SPACE = 12;
const MAX_LABEL_WIDTH = 220;
/** Font sizes and line heights in pixels. */
const TEXT = { title: { font: 18, line: 34 }, small: { font: 12, line: 18 } } as const;
/** libvips draws no SVG beyond this side. */
const MAX_SIDE = 32_767;

/**
 * Draws rows of pictures as one PNG: views of the same image, or a query and its neighbours.
 * @throws ConfigError when there is no cell, a size is no whole number, or the sheet would be too large to draw.
 */
export async function contactSheet(options: ContactSheetOptions): Promise<Buffer> {
  const plan = layout(options);
  const { width, height } = plan;
  const canvas = new Uint8Array(width * height * 3).fill(255);
  await forEachLimited(plan.places.length, 4, async index => {
    const { image, x, y } = plan.places[index]!;
    if (image) blit(canvas, width, await fitted(image, plan.cell), { x, y, cell: plan.cell });
  });
  return sharp(canvas, { raw: { width, height, channels: 3 } })
    .composite([{ input: Buffer.from(drawing(options, plan)), top: 0, left: 0 }])
    .png()
    .toBuffer();
}

interface Place extends ContactSheetCell {
  readonly x: number;
  readonly y: number;
}

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly cell: number;
  readonly gap: number;
  /** Left edge of the first column, top of the first row, and the distance from one row to the next. */
  readonly left: number;
  readonly top: number;
  readonly pitch: number;
  readonly places: readonly Place[];
}

function layout({ rows, cell = 96, gap = 12, title, columns }: ContactSheetOptions): Layout {
  const across = Math.max(0, ...rows.map(row => row.cells.length));
  if (across === 0) throw new ConfigError('contactSheet: there must be at least one cell; got none');
  if (!Number.isInteger(cell) || cell < 8 || !Number.isInteger(gap) || gap < 0) {
    throw new ConfigError(
      `contactSheet: cell must be a whole number from 8 and gap from 0; got cell ${cell}, gap ${gap}`,
    );
  }
  const labels = Math.max(0, ...rows.map(row => textWidth(row.label ?? '', TEXT.small.font)));
  const left = MARGIN + (labels > 0 ? Math.min(MAX_LABEL_WIDTH, Math.ceil(labels)) + LABEL_SPACE : 0);
  const top = MARGIN + (title ? TEXT.title.line : 0) + (columns ? TEXT.small.line + 4 : 0);
  const captioned = rows.some(row => row.cells.some(({ caption }) => caption));
  const pitch = cell + (captioned ? TEXT.small.line : 0) + gap;
  const needed = Math.ceil(title ? textWidth(title, TEXT.title.font) : 0) + MARGIN;
  const width = Math.max(left + across * (cell + gap) - gap, Math.min(needed, 800)) + MARGIN;
  const height = top + rows.length * pitch - gap + MARGIN;
  if (Math.max(width, height) > MAX_SIDE) {
    throw new ConfigError(
      `contactSheet: no side may exceed ${MAX_SIDE} pixels; got ${width} x ${height}; use fewer or smaller cells`,
    );
  }
  const places = rows.flatMap((row, r) =>
    row.cells.map((content, c) => ({ ...content, x: left + c * (cell + gap), y: top + r * pitch })),
  );
  return { width, height, cell, gap, left, top, pitch, places };
}

/** As large as the cell allows: whole factors up, so that pixels stay squares; smoothed down. */
async function fitted(image: DecodedImage, cell: number): Promise<DecodedImage> {
  const rgb = toRgb(image);
  const scale = cell / Math.max(rgb.width, rgb.height);
  if (scale >= 2) return enlarged(rgb, Math.floor(scale));
  if (scale >= 1) return rgb;
  const { data, info } = await sharp(rgb.data, { raw: { width: rgb.width, height: rgb.height, channels: 3 } })
    .resize({ width: cell, height: cell, fit: 'inside' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: 3 };
}

/** The first three channels, or the first one as grey. */
function toRgb({ data: values, width, height, channels }: DecodedImage): DecodedImage & { data: Uint8Array } {
  const data = bytesOf(values);
  if (channels === 3) return { data, width, height, channels };
  const from = (i: number): number => Math.floor(i / 3) * channels + (channels > 3 ? i % 3 : 0);
  return {
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => data[from(i)]!),
    width,
    height,
    channels: 3,
  };
}

function enlarged({ data, width, height }: DecodedImage, factor: number): DecodedImage {
  const [wide, high] = [width * factor, height * factor];
  const out = new Uint8Array(wide * high * 3);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const from = (Math.floor(y / factor) * width + Math.floor(x / factor)) * 3;
      out.set(data.subarray(from, from + 3), (y * wide + x) * 3);
    }
  }
  return { data: out, width: wide, height: high, channels: 3 };
}

function blit(
  canvas: Uint8Array,
  canvasWidth: number,
  image: DecodedImage,
  at: { x: number; y: number; cell: number },
): void {
  const left = at.x + Math.floor((at.cell - image.width) / 2);
  const top = at.y + Math.floor((at.cell - image.height) / 2);
  for (let y = 0; y < image.height; y++) {
    const row = image.data.subarray(y * image.width * 3, (y + 1) * image.width * 3);
    canvas.set(row, ((top + y) * canvasWidth + left) * 3);
  }
}

/** Everything that is not a picture: frames and text. */
function drawing({ rows, title, columns }: ContactSheetOptions, plan: Layout): string {
  const { width, height, cell, gap, left, top, pitch, places } = plan;
  const size = TEXT.small.font;
  const under = { size, room: cell + gap - 2, centred: true };
  const parts = [
    line(title, { x: MARGIN, y: MARGIN + TEXT.title.font, size: TEXT.title.font, room: width - 2 * MARGIN }),
    ...(columns ?? []).map((name, c) => line(name, { ...under, x: left + c * (cell + gap) + cell / 2, y: top - 8 })),
    ...rows.map(({ label }, r) =>
      line(label, { x: MARGIN, y: top + r * pitch + cell / 2 + size / 3, size, room: left - MARGIN - LABEL_SPACE + 1 }),
    ),
    ...places.map(place => (place.image ? frame(place, cell) : '')),
    ...places.map(({ caption, x, y }) => line(caption, { ...under, x: x + cell / 2, y: y + cell + size + 3 })),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="${FONTS}">${parts.join('')}</svg>`;
}

interface LinePlace {
  /** Left end or, if centred, middle of the baseline. */
  readonly x: number;
  readonly y: number;
  readonly size: number;
  /** Pixels the line may take. */
  readonly room: number;
  readonly centred?: boolean;
}

function line(content: string | undefined, { x, y, size, room, centred }: LinePlace): string {
  if (!content) return '';
  const anchor = centred ? ' text-anchor="middle"' : '';
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${INK}"${anchor}>${escapeXml(fitText(content, size, room))}</text>`;
}

function frame({ frame: kind, x, y }: Place, cell: number): string {
  const stroke = kind === 'right' || kind === 'wrong' ? FRAMES[kind] : kind;
  const thickness = stroke ? FRAME_WIDTH : 1;
  // Outside the cell, so that a frame never hides pixels.
  const [side, shift] = [cell + thickness, thickness / 2];
  return `<rect x="${x - shift}" y="${y - shift}" width="${side}" height="${side}" fill="none" stroke="${escapeXml(stroke ?? HAIRLINE)}" stroke-width="${thickness}"/>`;
}
