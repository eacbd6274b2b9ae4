/** Two drawn scenes that stand in for photographs: gradients, large and small shapes, every hue, something to the left that is not to the right. */
import { Buffer } from 'node:buffer';
import { type DecodedImage, decodeImage } from '../../packages/core/src/data/index.ts';

/** Width and height, pixels: not square, so that crops show what they do with proportions. */
export const SCENE = { width: 320, height: 240 } as const;

const gradient = (id: string, from: string, to: string): string =>
  `<linearGradient id="${id}" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${from}"/><stop offset="1" stop-color="${to}"/></linearGradient>`;

const house = [
  '<rect width="320" height="240" fill="url(#sky)"/><circle cx="252" cy="48" r="22" fill="#ffe9a8"/>',
  '<path d="M0 150 L70 78 L120 126 L176 62 L250 138 L320 100 V240 H0Z" fill="url(#hill)"/>',
  '<path d="M176 62 L196 82 L182 88 L170 80 L158 82Z" fill="#f4f7fb"/>',
  '<path d="M0 168 Q90 138 190 160 T320 150 V240 H0Z" fill="url(#grass)"/>',
  '<path d="M186 240 Q206 196 250 178 Q262 172 250 170 Q226 178 150 240Z" fill="#d9c39a"/>',
  '<rect x="58" y="128" width="84" height="62" fill="#c8453b"/><path d="M50 130 L100 92 L150 130Z" fill="#59343a"/>',
  '<rect x="90" y="156" width="20" height="34" fill="#f2e3c6"/><rect x="66" y="140" width="16" height="16" fill="#9ad0ea"/>',
  '<rect x="118" y="140" width="16" height="16" fill="#9ad0ea"/><rect x="124" y="98" width="10" height="20" fill="#7a4a42"/>',
  '<rect x="276" y="140" width="10" height="48" fill="#6b4a2b"/><circle cx="281" cy="122" r="30" fill="#2f7d4a"/>',
  '<circle cx="268" cy="112" r="14" fill="#479a5c"/><circle cx="292" cy="112" r="5" fill="#d8433a"/><circle cx="276" cy="130" r="5" fill="#d8433a"/>',
  '<g fill="#f7d23c"><circle cx="30" cy="208" r="4"/><circle cx="50" cy="222" r="4"/><circle cx="16" cy="226" r="4"/></g>',
  '<g fill="#8b5fd0"><circle cx="222" cy="218" r="4"/><circle cx="246" cy="206" r="4"/><circle cx="270" cy="224" r="4"/></g>',
];

const balloon = [
  '<rect width="320" height="240" fill="url(#dusk)"/><path d="M0 196 Q80 168 160 190 T320 176 V240 H0Z" fill="#3b3f66"/>',
  '<path d="M0 214 Q110 196 200 212 T320 204 V240 H0Z" fill="#23264a"/>',
  '<path d="M160 20 C100 20 92 92 130 132 L150 156 H170 L190 132 C228 92 220 20 160 20Z" fill="#f0b429"/>',
  '<path d="M160 20 C136 20 130 92 146 132 L154 156 H166 L174 132 C190 92 184 20 160 20Z" fill="#d64545"/>',
  '<path d="M150 156 L152 174 M170 156 L168 174" stroke="#2b2b2b" stroke-width="2"/><rect x="148" y="174" width="24" height="18" rx="3" fill="#7a4a2b"/>',
  '<g fill="#ffffff"><circle cx="40" cy="40" r="2"/><circle cx="80" cy="70" r="1.5"/><circle cx="270" cy="50" r="2"/><circle cx="246" cy="92" r="1.5"/></g>',
];

/** The house and the balloon. */
export async function scenes(): Promise<DecodedImage[]> {
  const defs = `<defs>${gradient('sky', '#3f8fd6', '#d5ecfb')}${gradient('hill', '#7c93a8', '#4f6f62')}${gradient('grass', '#8cc25a', '#3f7d35')}${gradient('dusk', '#2a2f6b', '#f08a6c')}</defs>`;
  const draw = (shapes: readonly string[]): Promise<DecodedImage> => {
    const size = `width="${SCENE.width}" height="${SCENE.height}"`;
    return decodeImage(Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" ${size}>${defs}${shapes.join('')}</svg>`));
  };
  return Promise.all([draw(house), draw(balloon)]);
}
